package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.compute.Workload;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopText;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.wasm.WasmModule;

/** Kernels as the families schedule them: Wasm agrees with the loops, the loops with plain Java. */
final class FamilyKernelsTest {
  private static final long SEED = 11;

  private final Random random = new Random(SEED);
  private final Batch batch = new Batch();

  private Tensor floats(int... dims) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }

  /** {@code a [m, k] times b [k, n]} plus a bias row, through gelu when asked. */
  private static Compute matmul(int m, int n, int k, boolean gelu) {
    TensorType out = TensorType.of(DType.F32, Shape.of(m, n));
    List<Axis> axes = Compute.axes(out);
    Axis depth = new Axis("k", k);
    Expr i = Expr.var(axes.get(0));
    Expr j = Expr.var(axes.get(1));
    Expr kk = Expr.var(depth);
    Expr product = Expr.mul(Expr.read(0, DType.F32, i, kk), Expr.read(1, DType.F32, kk, j));
    Stage sum = new Stage(2, Combiner.SUM, List.of(depth), product);
    Expr x = Expr.add(new Expr.StageValue(0, DType.F32), Expr.read(2, DType.F32, j));
    if (gelu) {
      Expr half = new Expr.FloatConst(DType.F32, 0.5);
      Expr scaled = Expr.mul(x, new Expr.FloatConst(DType.F32, Math.sqrt(0.5)));
      Expr one = new Expr.FloatConst(DType.F32, 1);
      x = Expr.mul(Expr.mul(x, half), Expr.add(one, Expr.unary(UnaryOp.ERF, scaled)));
    }
    List<TensorType> inputs =
        List.of(
            TensorType.of(DType.F32, Shape.of(m, k)),
            TensorType.of(DType.F32, Shape.of(k, n)),
            TensorType.of(DType.F32, Shape.of(n)));
    return Compute.of("matmul", inputs, out, axes, List.of(sum), x);
  }

  @Test
  void matmulsOfAllEdgeSizes() {
    for (int m : new int[] {1, 5, 6, 13}) {
      for (int n : new int[] {4, 8, 20}) {
        for (int k : new int[] {2, 7, 24}) {
          Compute compute = matmul(m, n, k, m == 5);
          KernelSpace space = Families.of(compute, Target.common());
          Schedule schedule = space.defaultSchedule(Set.of()).with("pack", 0);
          LoopNest nest = space.lower(schedule);
          LoopVerifier.verify(nest);
          List<Tensor> tensors = List.of(floats(m, k), floats(k, n), floats(n), floats(m, n));
          if (m != 5) {
            agreesWithJava(nest, tensors, m, n, k);
          }
          batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 2e-6, 1);
          batch.add(nest, Maps.RELAXED, tensors, nest.blocks(), 2e-6, 1);
        }
      }
    }
    batch.check("seed " + SEED);
  }

  /** Whatever the tuner may try, and a draw from all over the full space, is legal and right. */
  @Test
  void candidatesForTuning() {
    for (int[] size : new int[][] {{13, 20, 150}, {1, 44, 33}, {40, 8, 9}}) {
      int m = size[0];
      int n = size[1];
      int k = size[2];
      KernelSpace space = Families.of(matmul(m, n, k, false), Target.common());
      List<LiteSpace.Candidate> all = new ArrayList<>(space.lite(Set.of(1)).candidates());
      all.addAll(space.lite(Set.of()).candidates());
      all.addAll(space.wide(Set.of(), 40).candidates());
      assertTrue(all.size() > 40, "candidates: " + all.size());
      List<Tensor> plain = List.of(floats(m, k), floats(k, n), floats(n), floats(m, n));
      for (LiteSpace.Candidate c : all) {
        LoopNest nest = space.lower(c.schedule());
        LoopVerifier.verify(nest);
        agreesWithJava(nest, packed(space, c.schedule(), plain), plain, m, n, k);
      }
    }
  }

  /** Streams that have a panel less than others, half a panel, or none. */
  @Test
  void streamsOfAllWidths() {
    int k = 11;
    for (int n : new int[] {4, 9, 33, 40, 44, 71, 100, 130}) {
      // Vectors may reach past the end of an operand and of the result.
      List<Tensor> plain = List.of(floats(1, k), floats(k, n), floats(n + 16), floats(n + 16));
      KernelSpace space = Families.of(matmul(1, n, k, false), Target.common());
      for (int streams : new int[] {1, 2, 4}) {
        for (int width : new int[] {4, 8, 12}) {
          Schedule s =
              space.defaultSchedule(Set.of(1)).with("nr", streams * width).with("streams", streams);
          LoopNest nest = space.lower(s);
          LoopVerifier.verify(nest);
          List<Tensor> args = packed(space, s, plain);
          agreesWithJava(nest, args, plain, 1, n, k);
          batch.add(nest, Maps.SIMD, args, nest.blocks(), 2e-6, 1);
        }
      }
    }
    batch.check("seed " + SEED);
  }

  /** A prompt in pieces and the tokens after it read the same packed weights. */
  @Test
  void plansOfAllNumbersOfRowsShareTheirWeights() {
    Target x64 = Target.common();
    Target arm = new Target(x64.features(), 1, 31, 64 << 10, 4 << 20);
    for (Target target : List.of(x64, arm)) {
      for (int n : new int[] {256, 768, 1000, 3072, 50257}) {
        Set<String> packed = new TreeSet<>();
        for (int m : new int[] {1, 2, 3, 4, 5, 8, 16, 32, 64, 128}) {
          KernelSpace space = Families.of(matmul(m, n, 768, false), target);
          Schedule s = space.defaultSchedule(Set.of(1));
          packed.add(Workload.of(space.packings(s).get(0).compute(), Set.of()).key());
        }
        assertEquals(1, packed.size(), target + " " + n + ": " + packed);
      }
    }
  }

  /** The arguments of a kernel, with B as its schedule wants it. */
  private static List<Tensor> packed(KernelSpace space, Schedule schedule, List<Tensor> plain) {
    if (space.packings(schedule).isEmpty()) {
      return plain;
    }
    KernelSpace.Packing packing = space.packings(schedule).get(0);
    KernelSpace copy = Families.of(packing.compute(), Target.common());
    LoopNest nest = copy.lower(copy.defaultSchedule(Set.of()));
    Tensor to = Tensor.zeros(DType.F32, packing.compute().output().shape());
    List<Tensor> args = new ArrayList<>(plain);
    args.set(1, Maps.interpret(nest, List.of(plain.get(1), to), 0, nest.blocks()).get(1));
    return args;
  }

  private static void agreesWithJava(LoopNest nest, List<Tensor> tensors, int m, int n, int k) {
    agreesWithJava(nest, tensors, tensors, m, n, k);
  }

  private static void agreesWithJava(
      LoopNest nest, List<Tensor> args, List<Tensor> tensors, int m, int n, int k) {
    Tensor got = Maps.interpret(nest, args, 0, nest.blocks()).get(3);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double want = tensors.get(2).getDouble(j);
        for (int p = 0; p < k; p++) {
          want += tensors.get(0).getDouble(i * k + p) * tensors.get(1).getDouble(p * n + j);
        }
        assertEquals(want, got.getDouble(i * n + j), 1e-4, nest.name());
      }
    }
  }

  @Test
  void anEpilogueReadsNothingForLanesBeyondTheLastColumn() {
    int m = 40;
    int n = 18;
    int k = 3;
    TensorType out = TensorType.of(DType.F32, Shape.of(m, n));
    List<Axis> axes = Compute.axes(out);
    Axis depth = new Axis("k", k);
    Expr i = Expr.var(axes.get(0));
    Expr j = Expr.var(axes.get(1));
    Expr kk = Expr.var(depth);
    Expr product = Expr.mul(Expr.read(0, DType.F32, i, kk), Expr.read(1, DType.F32, kk, j));
    Stage sum = new Stage(2, Combiner.SUM, List.of(depth), product);
    Expr body = Expr.add(new Expr.StageValue(0, DType.F32), Expr.read(2, DType.F32, j, i));
    List<TensorType> inputs =
        List.of(
            TensorType.of(DType.F32, Shape.of(m, k)),
            TensorType.of(DType.F32, Shape.of(k, n)),
            TensorType.of(DType.F32, Shape.of(n, m)));
    Compute compute = Compute.of("matmul", inputs, out, axes, List.of(sum), body);
    Schedule schedule = Schedule.parse("contraction mr=6 nr=8 unroll=2 kc=0 outer=0 pack=0");
    LoopNest nest = Families.of(compute, Target.common()).lower(schedule);
    // Vectors of the operands and of the result may reach 16 elements past their end.
    List<Tensor> tensors =
        List.of(floats(m * k + 16), floats(k * n + 16), floats(n * m), floats(m * n + 16));
    Tensor got = Maps.interpret(nest, tensors, 0, nest.blocks()).get(3);
    for (int r = 0; r < m; r++) {
      for (int c = 0; c < n; c++) {
        double want = tensors.get(2).getDouble(c * m + r);
        for (int p = 0; p < k; p++) {
          want += tensors.get(0).getDouble(r * k + p) * tensors.get(1).getDouble(p * n + c);
        }
        assertEquals(want, got.getDouble(r * n + c), 1e-5);
      }
    }
    batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 2e-6, 1);
    batch.check("seed " + SEED);
  }

  @Test
  void softmaxOfRows() {
    for (int n : new int[] {1, 3, 4, 50}) {
      TensorType type = TensorType.of(DType.F32, Shape.of(5, n));
      List<Axis> axes = Compute.axes(type);
      Expr i = Expr.var(axes.get(0));
      Axis r0 = new Axis("r0", n);
      Axis r1 = new Axis("r1", n);
      Expr greatest = new Expr.StageValue(0, DType.F32);
      Stage max = new Stage(1, Combiner.MAX, List.of(r0), Expr.read(0, DType.F32, i, Expr.var(r0)));
      Stage sum =
          new Stage(
              1,
              Combiner.SUM,
              List.of(r1),
              Expr.unary(
                  UnaryOp.EXP, Expr.sub(Expr.read(0, DType.F32, i, Expr.var(r1)), greatest)));
      Expr x = Expr.sub(Expr.read(0, DType.F32, Compute.vars(axes)), greatest);
      Expr body =
          Expr.binary(BinaryOp.DIV, Expr.unary(UnaryOp.EXP, x), new Expr.StageValue(1, DType.F32));
      Compute compute = Compute.of("softmax", List.of(type), type, axes, List.of(max, sum), body);
      KernelSpace space = Families.of(compute, Target.common());
      LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
      LoopVerifier.verify(nest);
      batch.add(nest, Maps.SIMD, List.of(floats(5, n), floats(5, n)), nest.blocks(), 2e-6);
    }
    batch.check("seed " + SEED);
  }

  /** Softmax, or its logarithm, of {@code [2, n, w]} over the axis in the middle. */
  private static Compute softmaxOfColumns(int n, int w, boolean log) {
    TensorType type = TensorType.of(DType.F32, Shape.of(2, n, w));
    Axis batch = new Axis("b", 2);
    Axis row = new Axis("i", n);
    Axis column = new Axis("j", w);
    Axis r0 = new Axis("r0", n);
    Axis r1 = new Axis("r1", n);
    Expr greatest = new Expr.StageValue(0, DType.F32);
    Expr sum = new Expr.StageValue(1, DType.F32);
    Expr e = Expr.unary(UnaryOp.EXP, Expr.sub(columnRead(batch, r1, column), greatest));
    List<Stage> stages =
        List.of(
            new Stage(2, Combiner.MAX, List.of(r0), columnRead(batch, r0, column)),
            new Stage(2, Combiner.SUM, List.of(r1), e));
    Expr x = Expr.sub(columnRead(batch, row, column), greatest);
    Expr body =
        log
            ? Expr.sub(x, Expr.unary(UnaryOp.LOG, sum))
            : Expr.binary(BinaryOp.DIV, Expr.unary(UnaryOp.EXP, x), sum);
    List<Axis> axes = List.of(batch, column, row);
    List<Expr> store = Compute.vars(List.of(batch, row, column));
    return new Compute("columns", List.of(type), type, axes, stages, body, store);
  }

  private static Expr columnRead(Axis batch, Axis row, Axis column) {
    return Expr.read(0, DType.F32, Compute.vars(List.of(batch, row, column)));
  }

  @Test
  void softmaxOfColumns() {
    for (int n : new int[] {2, 5, 19}) {
      for (int w : new int[] {2, 4, 7, 16, 39, 3000}) {
        for (boolean log : new boolean[] {false, true}) {
          KernelSpace space = Families.of(softmaxOfColumns(n, w, log), Target.common());
          LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
          LoopVerifier.verify(nest);
          Tensor x = floats(2, n, w);
          List<Tensor> tensors = List.of(x, floats(2, n, w));
          Tensor got = Maps.interpret(nest, tensors, 0, nest.blocks()).get(1);
          for (int at = 0; at < got.elements(); at++) {
            int first = at / (n * w) * n * w + at % w;
            double sum = 0;
            for (int i = 0; i < n; i++) {
              sum += Math.exp(x.getDouble(first + i * w));
            }
            double want = Math.exp(x.getDouble(at)) / sum;
            assertEquals(log ? Math.log(want) : want, got.getDouble(at), 1e-5, nest.name());
          }
          assertEquals(w >= 4, LoopText.print(nest).contains("v4 y"), nest.name());
          batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 2e-6);
        }
      }
    }
    batch.check("seed " + SEED);
  }

  @Test
  void aLongReductionOfColumnsHasPartsForThreads() {
    TensorType in = TensorType.of(DType.F32, Shape.of(70, 1003));
    TensorType out = TensorType.of(DType.F32, Shape.of(1003));
    List<Axis> axes = Compute.axes(out);
    Axis r = new Axis("r", 70);
    Expr x = Expr.read(0, DType.F32, Expr.var(r), Expr.var(axes.get(0)));
    Stage sum = new Stage(1, Combiner.SUM, List.of(r), x);
    Compute compute =
        Compute.of(
            "sum", List.of(in), out, axes, List.of(sum), new Expr.StageValue(0, DType.F32));
    KernelSpace space = Families.of(compute, Target.common());
    LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
    LoopVerifier.verify(nest);
    assertTrue(nest.blocks() >= 8, "blocks: " + nest.blocks());
    batch.add(nest, Maps.SIMD, List.of(floats(70, 1003), floats(1003)), nest.blocks(), 2e-6, 1);
    batch.check("seed " + SEED);
  }

  /** Windows of neighbours share the greatest values of their slices; NaN stays. */
  @Test
  void maximaOfWindows() {
    for (int stride = 1; stride <= 3; stride++) {
      int h = 11;
      int w = 9;
      TensorType in = TensorType.of(DType.F32, Shape.of(3, (h - 1) * stride + 3, w + 1));
      TensorType out = TensorType.of(DType.F32, Shape.of(3, h, w));
      List<Axis> axes = Compute.axes(out);
      Axis ky = new Axis("ky", 3);
      Axis kx = new Axis("kx", 2);
      Expr row = Expr.add(Expr.mul(Expr.var(axes.get(1)), Expr.i32(stride)), Expr.var(ky));
      Expr column = Expr.add(Expr.var(axes.get(2)), Expr.var(kx));
      Expr x = Expr.read(0, DType.F32, Expr.var(axes.get(0)), row, column);
      Expr value = new Expr.StageValue(0, DType.F32);
      for (Combiner combiner : new Combiner[] {Combiner.MAX, Combiner.MIN}) {
        Stage window = new Stage(3, combiner, List.of(ky, kx), x);
        Compute compute =
            Compute.of("pool", List.of(in), out, axes, List.of(window), value);
        KernelSpace space = Families.of(compute, Target.common());
        LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
        LoopVerifier.verify(nest);
        Tensor data = floats(3, (h - 1) * stride + 3, w + 1);
        data.setDouble(57, Double.NaN);
        List<Tensor> tensors = List.of(data, floats(3, h, w));
        Tensor got = Maps.interpret(nest, tensors, 0, nest.blocks()).get(1);
        for (int at = 0; at < got.elements(); at++) {
          double want = combiner == Combiner.MAX ? -1e9 : 1e9;
          for (int k = 0; k < 6; k++) {
            int y = at / w % h * stride + k / 2;
            int plane = at / (h * w) * in.shape().elements(1, 3);
            double v = data.getDouble(plane + y * (w + 1) + at % w + k % 2);
            want = combiner == Combiner.MAX ? Math.max(want, v) : Math.min(want, v);
          }
          assertEquals(want, got.getDouble(at), nest.name() + " stride " + stride);
        }
        batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 0);
      }
    }
    batch.check("seed " + SEED);
  }

  @Test
  void rowsInReverse() {
    TensorType type = TensorType.of(DType.F32, Shape.of(40, 6));
    List<Axis> axes = Compute.axes(type);
    Expr row = Expr.sub(Expr.i32(39), Expr.var(axes.get(0)));
    Expr body = Expr.read(0, DType.F32, row, Expr.var(axes.get(1)));
    Compute compute = Compute.of("reverse", List.of(type), type, axes, List.of(), body);
    KernelSpace space = Families.of(compute, Target.common());
    LoopNest nest = space.lower(space.defaultSchedule(Set.of()));
    LoopVerifier.verify(nest);
    batch.add(nest, Maps.SIMD, List.of(floats(40, 6), floats(40, 6)), nest.blocks(), 0);
    batch.check("seed " + SEED);
  }

  @Test
  void aTileKernelIsSmallAndQuicklyEmitted() {
    Compute compute = matmul(128, 768, 768, false);
    KernelSpace space = Families.of(compute, Target.common());
    Schedule schedule = Schedule.parse("contraction mr=6 nr=8 unroll=2 kc=0 outer=0 pack=1");
    LoopNest nest = space.lower(schedule);
    int bytes = 0;
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 2000; i++) {
      long start = System.nanoTime();
      WasmModule module = new WasmModule();
      module.importMemory("env", "memory", 0, -1, false);
      WasmEmitter emitter = new WasmEmitter(module, Maps.RELAXED);
      emitter.emit(nest);
      best = Math.min(best, System.nanoTime() - start);
      bytes = emitter.takeBytes();
    }
    if (Boolean.getBoolean("nnjit.report")) {
      System.out.println("6x8 tile: " + bytes + " bytes, " + best / 1000.0 + " us on the JVM");
    }
    assertTrue(bytes < 3000, "6x8 tile kernel has " + bytes + " bytes");
  }
}
