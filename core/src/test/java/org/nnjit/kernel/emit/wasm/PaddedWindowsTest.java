package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Windows that leave the image give what plain Java gives, in their interior by lanes. */
final class PaddedWindowsTest {
  private static final long SEED = 29;

  /** Vectors of the interior stay inside; what is behind them must not matter. */
  private static final int ROOM = 8;

  private final Random random = new Random(SEED);
  private final Batch batch = new Batch();

  /** The greatest of k x k elements {@code dilation} apart: x [h, w], padded by pad on all sides. */
  private record Window(int h, int w, int k, int stride, int dilation, int pad) {
    int out(int extent) {
      return (extent + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
    }

    Compute compute() {
      TensorType y = TensorType.of(DType.F32, out(h), out(w));
      List<Axis> axes = Compute.axes(y);
      Axis i = new Axis("k0", k);
      Axis j = new Axis("k1", k);
      Expr row = at(axes.get(0), i);
      Expr column = at(axes.get(1), j);
      Expr inside = Expr.and(inside(row, h), inside(column, w));
      Expr x = Expr.read(0, DType.F32, row, column);
      Expr low = new Expr.FloatConst(DType.F32, Double.NEGATIVE_INFINITY);
      Stage max = new Stage(2, Combiner.MAX, List.of(i, j), Expr.select(inside, x, low));
      return Compute.of(
          "maxpool", List.of(TensorType.of(DType.F32, h, w)), y, axes, List.of(max),
          new Expr.StageValue(0, DType.F32));
    }

    private Expr at(Axis p, Axis q) {
      Expr from = Expr.mul(Expr.var(p), Expr.i32(stride));
      Expr step = Expr.mul(Expr.var(q), Expr.i32(dilation));
      return Expr.add(Expr.add(from, step), Expr.i32(-pad));
    }

    private static Expr inside(Expr at, int extent) {
      return Expr.and(
          Expr.binary(BinaryOp.LE, Expr.i32(0), at), Expr.lt(at, Expr.i32(extent)));
    }

    double want(Tensor x, int p, int q) {
      double most = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
          int row = p * stride + i * dilation - pad;
          int column = q * stride + j * dilation - pad;
          if (row >= 0 && row < h && column >= 0 && column < w) {
            most = Math.max(most, x.getDouble(row * w + column));
          }
        }
      }
      return most;
    }
  }

  @Test
  void windowsOverTheEdge() {
    for (int w = 3; w < 24; w++) {
      for (int k = 2; k <= 3; k++) {
        for (int stride = 1; stride <= 2; stride++) {
          for (int dilation = 1; dilation <= 2; dilation++) {
            check(new Window(5, w, k, stride, dilation, 1));
            check(new Window(5, w, k, stride, dilation, 2));
          }
        }
      }
    }
    batch.check("seed " + SEED);
  }

  private void check(Window window) {
    Compute compute = window.compute();
    KernelSpace space = Families.of(compute, Target.common());
    LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
    LoopVerifier.verify(nest);
    int rows = window.out(window.h());
    int columns = window.out(window.w());
    Tensor x = Tensor.zeros(DType.F32, Shape.of(window.h() * window.w() + ROOM));
    for (int i = 0; i < x.elements(); i++) {
      x.setDouble(i, random.nextGaussian());
    }
    List<Tensor> tensors = List.of(x, Tensor.zeros(DType.F32, Shape.of(rows * columns + ROOM)));
    Tensor got = Maps.interpret(nest, tensors, 0, nest.blocks()).get(1);
    for (int p = 0; p < rows; p++) {
      for (int q = 0; q < columns; q++) {
        double want = window.want(x, p, q);
        assertEquals(want, got.getDouble(p * columns + q), 0, window + " at " + p + ", " + q);
      }
    }
    batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 0, 0);
  }
}
