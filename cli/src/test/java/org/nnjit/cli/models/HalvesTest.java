package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Compute;
import org.nnjit.graph.ByteSource;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.Plan;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Models of 16-bit floats: what they calculate is what ONNX Runtime does with the same numbers in
 * f32, rounded where they are stored in caches and outputs.
 */
class HalvesTest {
  private static final long SEED = 20261122;
  private static final int WIDTH = 32;
  private static final int HEADS = 2;
  private static final int ROWS = 6;

  /** A layer of a decoder with its numbers of one type, each the same number in all types. */
  private static final class Layer {
    final SmallModel model = new SmallModel();
    private final Random random = new Random(SEED);
    private final DType half;
    private final DType type;
    private final int past;

    /**
     * @param half numbers are of this precision
     * @param type in which they are stored
     * @param past rows of the caches
     */
    Layer(DType half, DType type, int past) {
      this.half = half;
      this.type = type;
      this.past = past;
    }

    private Tensor numbers(double scale, int... dims) {
      Tensor exact = SmallModel.random(random, dims);
      for (int i = 0; i < exact.elements(); i++) {
        exact.setDouble(i, scale * exact.getDouble(i));
      }
      return SmallModel.as(type, SmallModel.as(half, exact));
    }

    private String weight(String name, int... dims) {
      return model.weight(name, numbers(0.2, dims));
    }

    private String projected(String x, String name) {
      String product = model.node("MatMul", x, weight(name, WIDTH, WIDTH));
      return model.node("Add", product, weight(name + "_bias", WIDTH));
    }

    private String heads(String x, int... order) {
      Tensor shape = SmallModel.ints(DType.I64, new int[] {4}, 1, ROWS, HEADS, WIDTH / HEADS);
      String split = model.node("Reshape", x, model.weight("split_" + x, shape));
      return model.node("Transpose", Map.of("perm", order), split);
    }

    /** What goes into a cache is as exact as the cache. */
    private String rounded(String x) {
      if (type == half) {
        return x;
      }
      String cast = model.node("Cast", Map.of("to", half.onnxCode()), x);
      return model.node("Cast", Map.of("to", type.onnxCode()), cast);
    }

    byte[] bytes() {
      Tensor ids = SmallModel.ints(DType.I64, new int[] {1, ROWS}, 3, 1, 4, 1, 5, 9);
      String x =
          model.node("Gather", weight("table", 11, WIDTH), model.feed("ids", ids));
      x = model.node("Add", x, model.feed("shift", numbers(1, 1, ROWS, WIDTH)));
      Map<String, Object> last = Map.of("axis", -1);
      String normal =
          model.node("LayerNormalization", last, x, weight("gain", WIDTH), weight("bias", WIDTH));
      String q = heads(projected(normal, "q"), 0, 2, 1, 3);
      String k = heads(projected(normal, "k"), 0, 2, 1, 3);
      String v = heads(projected(normal, "v"), 0, 2, 1, 3);
      String before = model.feed("past", numbers(1, 1, HEADS, past, WIDTH / HEADS));
      String keys = model.node("Concat", Map.of("axis", 2), before, rounded(k));
      String values = model.node("Concat", Map.of("axis", 2), before, rounded(v));
      String turned = model.node("Transpose", Map.of("perm", new int[] {0, 1, 3, 2}), keys);
      String scores = model.node("Mul", model.node("MatMul", q, turned), weight("scale"));
      scores = model.node("Add", scores, model.feed("mask", numbers(1, 1, 1, ROWS, past + ROWS)));
      String mixed = model.node("MatMul", model.node("Softmax", last, scores), values);
      String joined = model.node("Transpose", Map.of("perm", new int[] {0, 2, 1, 3}), mixed);
      Tensor shape = SmallModel.ints(DType.I64, new int[] {3}, 1, ROWS, WIDTH);
      joined = model.node("Reshape", joined, model.weight("join", shape));
      String sum = model.node("Add", x, projected(joined, "out"));
      String wide =
          model.node("Cast", Map.of("to", DType.F32.onnxCode()), model.node("Sigmoid", sum));
      String back = model.node("Cast", Map.of("to", type.onnxCode()), wide);
      String product = model.node("Mul", sum, back);
      model.node("", "Identity", Map.of(), List.of(product), List.of("y"));
      model.node("", "Identity", Map.of(), List.of(keys), List.of("present"));
      model.output("y", TensorType.of(type, 1, ROWS, WIDTH));
      model.output("present", TensorType.of(type, 1, HEADS, past + ROWS, WIDTH / HEADS));
      return model.bytes(17);
    }
  }

  /** Runs everywhere what is rounded once at the end; returns the plan. */
  private static Plan agrees(DType half, int past) throws Exception {
    Layer floats = new Layer(half, DType.F32, past);
    Map<String, Tensor> wanted;
    try (Oracle oracle = new Oracle(floats.bytes())) {
      wanted = oracle.tensors(floats.model.feeds);
    }
    Layer layer = new Layer(half, half, past);
    byte[] model = layer.bytes();
    ByteSource file = ByteSource.of(model);
    Map<String, Tensor> feeds = layer.model.feeds;
    Plan plan = PlanRunner.compiled(model, feeds).plan();
    for (PlanRunner.Order order : PlanRunner.Order.values()) {
      agree(half, wanted, PlanRunner.run(plan, feeds, file, order));
    }
    GpuPlan onGpu = GpuPlanRunner.compiled(model, feeds, GpuTarget.least());
    agree(half, wanted, GpuPlanRunner.run(onGpu, feeds, file));
    return plan;
  }

  private static long kernels(Plan plan, String family, Predicate<Compute> of) {
    return plan.kernels().stream()
        .filter(k -> k.family().equals(family) && of.test(k.workload().compute()))
        .count();
  }

  @Test
  void roundedOnceAtTheEnd() throws Exception {
    for (DType half : List.of(DType.F16, DType.BF16)) {
      long tiles = kernels(agrees(half, 3), "contraction", c -> true);
      assertTrue(tiles >= 2, half + ": products that are tiles: " + tiles);
    }
  }

  @Test
  void attentionReadsCachesAsTheyAre() throws Exception {
    for (DType half : List.of(DType.F16, DType.BF16)) {
      Predicate<TensorType> isHalf = t -> t.dtype() == half;
      Predicate<Compute> keysAndValues = c -> c.inputs().stream().filter(isHalf).count() == 2;
      assertEquals(1, kernels(agrees(half, 2), "step", keysAndValues), half.toString());
    }
  }

  private static void agree(DType half, Map<String, Tensor> wanted, Map<String, Tensor> got) {
    double step = half == DType.F16 ? 0x1p-11 : 0x1p-8;
    for (Map.Entry<String, Tensor> e : wanted.entrySet()) {
      Tensor w = e.getValue();
      Tensor g = got.get(e.getKey());
      assertEquals(TensorType.of(half, w.shape()), g.type(), e.getKey());
      for (int i = 0; i < w.elements(); i++) {
        double error = Math.abs(w.getDouble(i) - g.getDouble(i));
        double allowed = 1.01 * step * Math.abs(w.getDouble(i)) + 1e-5;
        assertTrue(
            error <= allowed,
            half + " " + e.getKey() + " " + i + ": wanted " + w.getDouble(i) + ", got "
                + g.getDouble(i));
      }
    }
  }
}
