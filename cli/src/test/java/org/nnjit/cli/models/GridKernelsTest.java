package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.session.GpuBackend;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Kernels for GPUs, family by family, against ONNX Runtime in the interpreter of grids. */
class GridKernelsTest {
  private static final Random RANDOM = new Random(20261122);

  /** Checks a model on all paths; its plan for a GPU. */
  private static GpuPlan check(SmallModel m, int opset) throws Exception {
    byte[] bytes = m.bytes(opset);
    RandomGraphsTest.check(bytes, m.feeds);
    ByteSource file = ByteSource.of(bytes);
    Map<String, TensorType> types = new LinkedHashMap<>();
    m.feeds.forEach((name, t) -> types.put(name, t.type()));
    GpuBackend gpu = new GpuBackend(GpuTarget.least());
    return Compiler.compile(
            OnnxReader.read(file).graph(),
            types,
            Specialiser.Values.of(m.feeds, c -> OnnxTensors.load(file, c)),
            PlanContext.plain(Target.common()),
            gpu)
        .gpu();
  }

  private static List<String> families(GpuPlan plan) {
    return plan.commands().stream()
        .map(c -> c.pipeline() < 0 ? "slice" : plan.pipelines().get(c.pipeline()).schedule().family())
        .toList();
  }

  @Test
  void productsOfEverySizeAndOrder() throws Exception {
    int[][] sizes = {
      {64, 32, 64}, {33, 17, 45}, {8, 8, 8}, {70, 100, 130}, {128, 16, 32}, {65, 64, 1000}
    };
    for (int[] s : sizes) {
      for (int transposed = 0; transposed < 4; transposed++) {
        boolean ta = (transposed & 1) != 0;
        boolean tb = (transposed & 2) != 0;
        SmallModel m = new SmallModel();
        m.feed("a", ta ? random(s[1], s[0]) : random(s[0], s[1]));
        m.weight("b", tb ? random(s[2], s[1]) : random(s[1], s[2]));
        m.weight("c", random(s[2]));
        Map<String, Object> how = Map.of("transA", ta ? 1 : 0, "transB", tb ? 1 : 0);
        m.node("", "Gemm", how, List.of("a", "b", "c"), List.of("y"));
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
    assertEquals(List.of("slice", "points"), families(plan));
  }

  private static Tensor random(int... dims) {
    return SmallModel.random(RANDOM, dims);
  }
}
