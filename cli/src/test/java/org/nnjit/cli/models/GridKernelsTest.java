package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.kernel.emit.wgsl.WgslEmitter;
import org.nnjit.kernel.family.GridFamilies;
import org.nnjit.loop.GridNest;
import org.nnjit.plan.GpuPlan;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Kernels for GPUs, family by family, against ONNX Runtime in the interpreter of grids. */
class GridKernelsTest {
  private static final Random RANDOM = new Random(20261122);

  /** Checks a model on all paths; its plan for a GPU. */
  private static GpuPlan check(SmallModel m, int opset) throws Exception {
    byte[] bytes = m.bytes(opset);
    RandomGraphsTest.check(bytes, m.feeds);
    return GpuPlanRunner.compiled(bytes, m.feeds, GpuTarget.least());
  }

  private static List<String> families(GpuPlan plan) {
    return plan.commands().stream()
        .map(c -> c.pipeline() < 0 ? "slice" : plan.pipelines().get(c.pipeline()).schedule().family())
        .toList();
  }

  /**
   * A Gemm.
   *
   * @param size m, k, n
   * @param transposed bit 0 for A, bit 1 for B
   */
  private static SmallModel gemm(int[] size, int transposed, String result) {
    boolean ta = (transposed & 1) != 0;
    boolean tb = (transposed & 2) != 0;
    SmallModel m = new SmallModel();
    m.feed("a", ta ? random(size[1], size[0]) : random(size[0], size[1]));
    m.weight("b", tb ? random(size[2], size[1]) : random(size[1], size[2]));
    m.weight("c", random(size[2]));
    Map<String, Object> how = Map.of("transA", ta ? 1 : 0, "transB", tb ? 1 : 0);
    m.node("", "Gemm", how, List.of("a", "b", "c"), List.of(result));
    return m;
  }

  @Test
  void productsOfEverySizeAndOrder() throws Exception {
    int[][] sizes = {
      {64, 32, 64}, {33, 17, 45}, {8, 8, 8}, {70, 100, 130}, {128, 16, 32}, {65, 64, 1000}
    };
    for (int[] s : sizes) {
      for (int transposed = 0; transposed < 4; transposed++) {
        SmallModel m = gemm(s, transposed, "y");
        GpuPlan plan = check(m.output("y", null), 17);
        assertEquals(List.of("product"), families(plan), List.of(s[0], s[1], s[2]).toString());
      }
    }
  }

  @Test
  void convolutionsAreProducts() throws Exception {
    int[][] cases = {{3, 8, 3, 1}, {16, 32, 3, 2}, {24, 40, 1, 1}, {9, 9, 5, 1}};
    for (int[] c : cases) {
      SmallModel m = new SmallModel();
      m.feed("x", random(2, c[0], 13, 14));
      m.weight("w", random(c[1], c[0], c[2], c[2]));
      m.weight("b", random(c[1]));
      int p = c[2] / 2;
      Map<String, Object> how =
          Map.of("pads", new int[] {p, p, p, p}, "strides", new int[] {c[3], c[3]});
      m.node("", "Conv", how, List.of("x", "w", "b"), List.of("y"));
      assertTrue(families(check(m.output("y", null), 17)).contains("product"));
    }
  }

  @Test
  void longReductionsShareAWorkgroup() throws Exception {
    for (int n : new int[] {32, 100, 1000}) {
      SmallModel m = new SmallModel();
      m.feed("x", random(3, 5, n));
      m.weight("scale", random(n));
      m.weight("bias", random(n));
      m.node("", "Softmax", Map.of("axis", -1), List.of("x"), List.of("s"));
      m.node(
          "", "LayerNormalization", Map.of(), List.of("x", "scale", "bias"), List.of("l"));
      m.node("", "ReduceMax", Map.of("keepdims", 0), List.of("x"), List.of("most"));
      m.node("", "ArgMax", Map.of("axis", 2), List.of("x"), List.of("at"));
      m.output("s", null).output("l", null).output("most", null).output("at", null);
      List<String> families = families(check(m, 17));
      assertTrue(families.contains("rows"), families.toString());
    }
  }

  @Test
  void whatAGpuCannotDoRunsInSlices() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("x", random(4, 40));
    m.weight("w", random(40, 40));
    String product = m.node("MatMul", "x", "w");
    String wide = m.node("Cast", Map.of("to", DType.F64.onnxCode()), product);
    String doubled = m.node("Add", wide, wide);
    String back = m.node("Cast", Map.of("to", DType.F32.onnxCode()), doubled);
    String y = m.node("MatMul", back, "w");
    GpuPlan plan = check(m.output(y, null), 17);
    assertEquals(List.of("vector", "slice", "vector"), families(plan));
  }

  /** Runs a plan with other schedules in the place of one family's; all must give the same. */
  private static void agreeOnSchedules(
      GpuPlan plan, SmallModel m, int opset, String family, Schedule... others) {
    ByteSource file = ByteSource.of(m.bytes(opset));
    Map<String, Tensor> wanted = GpuPlanRunner.run(plan, m.feeds, file);
    for (Schedule other : others) {
      List<GpuPlan.Pipeline> changed = new ArrayList<>();
      for (GpuPlan.Pipeline p : plan.pipelines()) {
        if (!p.schedule().family().equals(family)) {
          changed.add(p);
          continue;
        }
        List<Boolean> wide = p.wide();
        GridNest nest =
            GridFamilies.of(p.workload().compute(), GpuTarget.least(), wide).lower(other);
        WgslEmitter.print(nest, wide);
        changed.add(
            new GpuPlan.Pipeline(
                p.workload(), other, nest, "", wide, nest.groups(), 0));
      }
      GpuPlan again =
          new GpuPlan(
              plan.buffers(), changed, plan.load(), plan.inputs(), plan.outputs(),
              plan.commands(), plan.slices(), plan.caches(), plan.weightBytes(),
              plan.arenaBytes());
      Map<String, Tensor> got = GpuPlanRunner.run(again, m.feeds, file);
      wanted.forEach(
          (name, w) -> {
            for (int i = 0; i < w.elements(); i++) {
              double scale = Math.max(1, Math.abs(w.getDouble(i)));
              assertEquals(w.getDouble(i), got.get(name).getDouble(i), 1e-4 * scale, other.toString());
            }
          });
    }
  }

  private static Schedule vector(int size, int split, int tn) {
    return Schedule.of("vector").with("size", size).with("split", split).with("tn", tn);
  }

  @Test
  void fewRowsShareTheDepth() throws Exception {
    int[][] sizes = {
      {1, 64, 64}, {1, 100, 36}, {3, 130, 1000}, {8, 96, 45}, {5, 33, 40}, {2, 768, 50}
    };
    for (int[] s : sizes) {
      for (int transposed = 0; transposed < 4; transposed++) {
        SmallModel m = gemm(s, transposed, "p");
        m.node("", "LeakyRelu", Map.of(), List.of("p"), List.of("y"));
        GpuPlan plan = check(m.output("y", null), 17);
        boolean fours = s[transposed > 1 ? 1 : 2] % 4 == 0;
        assertEquals(fours, families(plan).equals(List.of("vector")), List.of(s[0], s[1], s[2]) + " " + transposed);
        if (fours) {
          agreeOnSchedules(plan, m, 17, "vector", vector(32, 4, 4), vector(64, 1, 4), vector(16, 16, 4));
        }
      }
    }
  }

  /** A matrix of 16-bit floats stays so in memory, and is read four elements at a time. */
  @Test
  void weightsOf16BitsStayPacked() throws Exception {
    int[][] sizes = {{1, 256, 80}, {3, 160, 132}, {8, 300, 60}, {33, 200, 108}, {12, 132, 132}, {9, 171, 101}};
    // Smaller ones would be made f32 beforehand.
    for (int i = 0; i < 4 * sizes.length; i++) {
      int[] s = sizes[i / 4];
      DType type = i % 2 == 0 ? DType.F16 : DType.BF16;
      boolean transposed = i % 4 > 1;
      SmallModel m = new SmallModel();
      m.feed("a", random(s[0], s[1]));
      m.weight("w", SmallModel.as(type, transposed ? random(s[2], s[1]) : random(s[1], s[2])));
      m.weight("c", random(s[2]));
      m.node("", "Cast", Map.of("to", DType.F32.onnxCode()), List.of("w"), List.of("b"));
      Map<String, Object> how = Map.of("transB", transposed ? 1 : 0);
      m.node("", "Gemm", how, List.of("a", "b", "c"), List.of("y"));
      GpuPlan plan = check(m.output("y", null), 17);
      String who = List.of(s[0], s[1], s[2]) + " " + type + " " + transposed;
      boolean fours = s[1] % 4 == 0;
      String family = s[0] <= 8 && fours ? "vector" : "product";
      assertEquals(List.of(family), families(plan), who);
      assertTrue(plan.load().stream().noneMatch(l -> l instanceof GpuPlan.LoadDispatch), who);
      GpuPlan.Pipeline kernel = plan.pipelines().get(0);
      boolean packed = kernel.nest().fours().stream().anyMatch(b -> b.dtype() == type);
      // Tiles of a product are turned on their way to shared memory, one element at a time.
      assertEquals(fours && (family.equals("vector") || !transposed), packed, who);
      String read = packed ? "_four(v" : "_at(v";
      assertTrue(kernel.code().contains(read), who + "\n" + kernel.code());
    }
  }

  /** The same where everything is of 16 bits: what is calculated in between is f32. */
  @Test
  void productsOfHalves() throws Exception {
    for (int rows : new int[] {1, 40}) {
      SmallModel m = new SmallModel();
      m.feed("a", random(rows, 64));
      m.weight("w", SmallModel.as(DType.F16, random(64, 128)));
      m.weight("v", SmallModel.as(DType.F16, random(128, 36)));
      String narrow = m.node("Cast", Map.of("to", DType.F16.onnxCode()), "a");
      String hidden = m.node("Relu", m.node("MatMul", narrow, "w"));
      String y = m.node("MatMul", hidden, "v");
      String wide = m.node("Cast", Map.of("to", DType.F32.onnxCode()), y);
      GpuPlan plan = halves(m.output(wide, null), 17);
      String family = rows == 1 ? "vector" : "product";
      assertEquals(List.of(family, family), families(plan));
      for (GpuPlan.Pipeline p : plan.pipelines()) {
        assertTrue(p.nest().fours().contains(p.nest().buffers().get(0)), "rows are read by element");
        assertTrue(p.nest().fours().contains(p.nest().buffers().get(1)), "weights are");
      }
    }
  }

  /** Checks a model whose values between kernels are f16: neighbouring ones for equally good sums. */
  private static GpuPlan halves(SmallModel m, int opset) throws Exception {
    byte[] bytes = m.bytes(opset);
    Tensor wanted;
    try (Oracle oracle = new Oracle(bytes)) {
      wanted = oracle.tensors(m.feeds).values().iterator().next();
    }
    GpuPlan plan = GpuPlanRunner.compiled(bytes, m.feeds, GpuTarget.least());
    Tensor got = GpuPlanRunner.run(plan, m.feeds, ByteSource.of(bytes)).values().iterator().next();
    double scale = 0;
    for (int i = 0; i < wanted.elements(); i++) {
      scale = Math.max(scale, Math.abs(wanted.getDouble(i)));
    }
    for (int i = 0; i < wanted.elements(); i++) {
      assertEquals(wanted.getDouble(i), got.getDouble(i), 2e-3 * scale, "element " + i);
    }
    return plan;
  }

  /** Scores and values of one row of a batch of heads, whose keys are no multiple of four. */
  @Test
  void vectorsOfABatch() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("q", random(2, 3, 1, 64));
    m.feed("k", random(2, 3, 64, 37));
    m.feed("v", random(2, 3, 37, 64));
    String scores = m.node("MatMul", "q", "k");
    String relu = m.node("Relu", scores);
    check(m.output(m.node("MatMul", relu, "v"), null), 17);
  }

  @Test
  void codesAreReadByWords() throws Exception {
    for (int i = 0; i < 24; i++) {
      int bits = i % 3 == 0 ? 8 : 4;
      int block = 16 << i % 3;
      int k = block * (2 + i % 2);
      int n = new int[] {32, 45, 70}[i / 3 % 3];
      Tensor x = i % 2 == 0 ? random(1, k) : random(2, 3, k);
      SmallModel m = productOfCodes(x, n, bits, block, i % 4 < 2, i % 5 == 0 ? 4 : 0);
      GpuPlan plan = check(m, 17);
      assertTrue(families(plan).contains("vector"), i + " " + families(plan));
      boolean words =
          plan.pipelines().stream()
              .anyMatch(p -> p.nest().buffers().stream().anyMatch(b -> b.dtype() == DType.I32));
      assertTrue(words, "case " + i + " is read by elements");
      agreeOnSchedules(plan, m, 17, "vector", vector(32, 2, 1), vector(64, 8, 4));
    }
  }

  /** MatMulNBits of rows and a matrix of {@code n} columns of codes. */
  static SmallModel productOfCodes(
      Tensor x, int n, int bits, int block, boolean zeros, int accuracy) {
    SmallModel m = new SmallModel();
    m.feed("x", x);
    int k = x.shape().dim(x.shape().rank() - 1);
    m.weight("w", bytes(n, k / block, block * bits / 8));
    m.weight("s", random(n * (k / block)));
    List<String> inputs = new ArrayList<>(List.of("x", "w", "s"));
    if (zeros) {
      m.weight("z", bytes(n * ((k / block * bits + 7) / 8)));
      inputs.add("z");
    }
    Map<String, Object> how =
        Map.of("K", k, "N", n, "bits", bits, "block_size", block, "accuracy_level", accuracy);
    m.node("com.microsoft", "MatMulNBits", how, inputs, List.of("y"));
    return m.output("y", null);
  }

  private static Tensor bytes(int... dims) {
    Tensor t = Tensor.zeros(DType.U8, Shape.of(dims));
    RANDOM.nextBytes(t.bytes());
    return t;
  }

  private static Schedule attention(int rows, int split, int bk) {
    return Schedule.of("attention").with("rows", rows).with("split", split).with("bk", bk);
  }

  @Test
  void attentionKeepsNoScores() throws Exception {
    int[][] sizes = {{520, 513, 16}, {15, 50, 64}, {1, 37, 64}, {5, 64, 32}, {11, 7, 16}};
    for (int[] s : sizes) {
      boolean large = s[0] > 500;
      int heads = large ? 1 : 3;
      SmallModel m = new SmallModel();
      m.feed("q", random(heads, s[0], s[2]));
      m.feed("k", random(heads, s[1], s[2]));
      m.feed("v", random(heads, s[1], s[2]));
      m.feed("mask", random(1, s[0], s[1]));
      String t = m.node("Transpose", Map.of("perm", new int[] {0, 2, 1}), "k");
      String scores = m.node("Add", m.node("MatMul", "q", t), "mask");
      String weights = m.node("Softmax", Map.of("axis", -1), scores);
      GpuPlan plan = check(m.output(m.node("MatMul", weights, "v"), null), 17);
      assertEquals(List.of("attention"), families(plan), List.of(s[0], s[1]).toString());
      if (!large) {
        agreeOnSchedules(
            plan, m, 17, "attention", attention(8, 1, 4), attention(16, 1, 16),
            attention(2, 8, 4), attention(1, 32, 4));
      }
    }
  }

  private static Tensor random(int... dims) {
    return SmallModel.random(RANDOM, dims);
  }
}
