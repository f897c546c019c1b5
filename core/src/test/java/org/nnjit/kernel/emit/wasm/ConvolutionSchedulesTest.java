package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Layout;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Convolutions over channel-last images in every order of loops give what plain Java gives. */
final class ConvolutionSchedulesTest {
  private static final long SEED = 23;

  /** Vectors at a ragged edge may be read this far past an end. */
  private static final int ROOM = 3;

  private final Random random = new Random(SEED);

  /** A convolution without padding, then a bias: x [1, in, h, w], weight [out, in, k, k]. */
  private record Conv(int in, int out, int h, int w, int k, int stride) {
    int rows() {
      return (h - k) / stride + 1;
    }

    int columns() {
      return (w - k) / stride + 1;
    }

    Compute compute() {
      TensorType x =
          TensorType.of(DType.F32, 1, in, h, w)
              .withLayout(Layout.of(0, h * w * in, 1, w * in, in));
      TensorType y =
          TensorType.of(DType.F32, 1, out, rows(), columns())
              .withLayout(Layout.of(0, rows() * columns() * out, 1, columns() * out, out));
      List<Axis> axes = Compute.axes(y);
      Axis c = new Axis("c", in);
      Axis kh = new Axis("kh", k);
      Axis kw = new Axis("kw", k);
      Expr row = at(axes.get(2), kh);
      Expr column = at(axes.get(3), kw);
      Expr read = Expr.read(0, DType.F32, Expr.var(axes.get(0)), Expr.var(c), row, column);
      Expr weight =
          Expr.read(1, DType.F32, Expr.var(axes.get(1)), Expr.var(c), Expr.var(kh), Expr.var(kw));
      Stage sum = new Stage(4, Combiner.SUM, List.of(c, kh, kw), Expr.mul(read, weight));
      Expr bias = Expr.read(2, DType.F32, Expr.var(axes.get(1)));
      List<TensorType> inputs =
          List.of(x, TensorType.of(DType.F32, out, in, k, k), TensorType.of(DType.F32, out));
      return Compute.of(
          "conv", inputs, y, axes, List.of(sum), Expr.add(new Expr.StageValue(0, DType.F32), bias));
    }

    private Expr at(Axis p, Axis k) {
      return Expr.add(Expr.mul(Expr.var(p), Expr.i32(stride)), Expr.var(k));
    }

    double want(List<Tensor> t, int o, int p, int q) {
      double sum = t.get(2).getDouble(o);
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
          for (int c = 0; c < in; c++) {
            sum +=
                t.get(0).getDouble(((p * stride + i) * w + q * stride + j) * in + c)
                    * t.get(1).getDouble(((o * in + c) * k + i) * k + j);
          }
        }
      }
      return sum;
    }
  }

  private Tensor floats(int elements) {
    Tensor t = Maps.zeros(DType.F32, elements + ROOM);
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }

  @Test
  void everyOrderOfLoops() {
    List<Conv> convs =
        List.of(
            new Conv(3, 10, 9, 9, 3, 2),
            new Conv(8, 12, 6, 7, 3, 1),
            new Conv(5, 16, 1, 39, 1, 1),
            new Conv(20, 9, 5, 5, 1, 1));
    Batch batch = new Batch();
    for (Conv conv : convs) {
      Compute compute = conv.compute();
      KernelSpace space = Families.of(compute, Target.common());
      Schedule base = space.defaultSchedule(Set.of(1));
      assertEquals("contraction", base.family());
      List<Tensor> tensors =
          List.of(
              floats(conv.h * conv.w * conv.in),
              floats(conv.out * conv.in * conv.k * conv.k),
              floats(conv.out),
              Maps.zeros(DType.F32, conv.out * conv.rows() * conv.columns() + ROOM));
      check(batch, conv, space, base, tensors);
      for (int mc : new int[] {1, 2, 100}) {
        for (int kc : new int[] {0, 4, 16}) {
          for (int unroll : new int[] {2, 8}) {
            Schedule s = base.with("mr", 2).with("nr", 8).with("unroll", unroll).with("kc", kc);
            check(batch, conv, space, s.with("outer", 1).with("mc", mc), tensors);
            check(batch, conv, space, s.with("outer", 0).with("mc", mc), tensors);
          }
        }
      }
    }
    batch.check("seed " + SEED);
  }

  private static void check(
      Batch batch, Conv conv, KernelSpace space, Schedule schedule, List<Tensor> tensors) {
    LoopNest nest = space.lower(schedule);
    LoopVerifier.verify(nest);
    List<Tensor> given = new ArrayList<>(tensors);
    given.set(1, packed(space.packings(schedule).get(0), tensors.get(1)));
    // In two halves, as two threads would.
    int half = nest.blocks() / 2;
    List<Tensor> first = Maps.interpret(nest, given, 0, half);
    Tensor got = Maps.interpret(nest, first, half, nest.blocks()).get(3);
    for (int p = 0; p < conv.rows(); p++) {
      for (int q = 0; q < conv.columns(); q++) {
        for (int o = 0; o < conv.out; o++) {
          double want = conv.want(tensors, o, p, q);
          double is = got.getDouble((p * conv.columns() + q) * conv.out + o);
          assertEquals(want, is, 1e-4, conv + " " + schedule + " at " + o + ", " + p + ", " + q);
        }
      }
    }
    batch.add(nest, Maps.RELAXED, given, nest.blocks(), 1e-5, 1);
  }

  private static Tensor packed(KernelSpace.Packing packing, Tensor weight) {
    assertTrue(packing != null && packing.argument() == 1, "the weight is packed");
    KernelSpace space = Families.of(packing.compute(), Target.common());
    LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
    int elements = (int) packing.compute().output().shape().elements();
    List<Tensor> tensors = List.of(weight, Maps.zeros(DType.F32, elements));
    return Maps.interpret(nest, tensors, 0, nest.blocks()).get(1);
  }
}
