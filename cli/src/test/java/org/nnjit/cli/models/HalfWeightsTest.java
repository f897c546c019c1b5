package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.plan.Plan;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Weights of 16-bit floats stay so in memory, and products with them are what f32 would give. */
class HalfWeightsTest {
  private static final int[] ROWS = {1, 2, 7, 8, 9, 29};

  /** What of the largest result sums in another order may change. */
  private static final double TOLERANCE = 1e-6;

  /** A weight with numbers of all magnitudes that the type has, subnormal ones too. */
  private static Tensor weight(DType type, int k, int n, Random random) {
    Tensor exact = SmallModel.random(random, k, n);
    for (int i = 0; i < exact.elements(); i++) {
      double magnitude = i % 5 == 0 ? Math.scalb(1.0, random.nextInt(38) - 24) : 0.05;
      exact.setDouble(i, exact.getDouble(i) * magnitude);
    }
    exact.setDouble(0, 65504);
    exact.setDouble(1, 0x1p-24);
    exact.setDouble(2, 0);
    return SmallModel.as(type, exact);
  }

  private record Case(SmallModel model, TensorType output) {
    byte[] bytes() {
      return model.output("y", output).bytes(17);
    }
  }

  /** A product with an epilogue. {@code type}: the weight is so in the file, and cast. */
  private static Case product(DType type, Tensor weight, int rows, boolean turned) {
    Random random = new Random(rows);
    SmallModel model = new SmallModel();
    int k = weight.shape().dim(turned ? 1 : 0);
    int n = weight.shape().dim(turned ? 0 : 1);
    String x = model.feed("x", SmallModel.random(random, 1, rows, k));
    String w = model.weight("w", SmallModel.as(type, weight));
    if (type != DType.F32) {
      w = model.node("Cast", Map.of("to", DType.F32.onnxCode()), w);
    }
    if (turned) {
      w = model.node("Transpose", w);
    }
    String bias = model.weight("bias", SmallModel.random(random, n));
    String sum = model.node("Add", model.node("MatMul", x, w), bias);
    model.node("", "Relu", Map.of(), List.of(sum), List.of("y"));
    return new Case(model, TensorType.of(DType.F32, 1, rows, n));
  }

  private static void agrees(DType type, int k, int n, boolean turned) throws Exception {
    Tensor weight = weight(type, turned ? n : k, turned ? k : n, new Random(20261122));
    for (int rows : ROWS) {
      Case floats = product(DType.F32, weight, rows, turned);
      Tensor wanted;
      try (Oracle oracle = new Oracle(floats.bytes())) {
        wanted = oracle.tensors(floats.model.feeds).get("y");
      }
      Case halves = product(type, weight, rows, turned);
      byte[] bytes = halves.bytes();
      Plan plan = PlanRunner.compiled(bytes, halves.model.feeds).plan();
      String name = type + " " + rows + "x" + k + "x" + n + (turned ? " turned" : "");
      assertTrue(
          plan.weightBytes() < 2.5 * (k + 1) * (n + 16) + 1024,
          name + ": " + plan.weightBytes() + " bytes of weights");
      for (PlanRunner.Order order : PlanRunner.Order.values()) {
        Tensor got =
            PlanRunner.run(plan, halves.model.feeds, ByteSource.of(bytes), order).get("y");
        agree(name, wanted, got);
      }
    }
  }

  private static void agree(String name, Tensor wanted, Tensor got) {
    double most = 0;
    for (int i = 0; i < wanted.elements(); i++) {
      most = Math.max(most, Math.abs(wanted.getDouble(i)));
    }
    for (int i = 0; i < wanted.elements(); i++) {
      assertEquals(wanted.getDouble(i), got.getDouble(i), TOLERANCE * most, name + " at " + i);
    }
  }

  @Test
  void productsOfF16() throws Exception {
    agrees(DType.F16, 130, 200, false);
    agrees(DType.F16, 515, 40, false);
    agrees(DType.F16, 130, 150, true);
    agrees(DType.F16, 191, 90, true);
    agrees(DType.F16, 1030, 20, false);
  }

  @Test
  void productsOfBf16() throws Exception {
    agrees(DType.BF16, 130, 200, false);
    agrees(DType.BF16, 191, 90, true);
  }

  /** Columns are stored by heads, so that they are columns and heads of the product. */
  @Test
  void storedByHeads() throws Exception {
    int k = 192;
    int heads = 3;
    int size = 40;
    Tensor weight = weight(DType.F16, k, heads * size, new Random(3));
    for (int rows : ROWS) {
      Map<String, Tensor> wanted = null;
      for (DType type : List.of(DType.F32, DType.F16)) {
        SmallModel model = new SmallModel();
        String x = model.feed("x", SmallModel.random(new Random(rows), 1, rows, k));
        String w = model.weight("w", SmallModel.as(type, weight));
        if (type == DType.F16) {
          w = model.node("Cast", Map.of("to", DType.F32.onnxCode()), w);
        }
        Tensor shape = SmallModel.ints(DType.I64, new int[] {4}, 1, rows, heads, size);
        String split =
            model.node("Reshape", model.node("MatMul", x, w), model.weight("shape", shape));
        Map<String, Object> order = Map.of("perm", new int[] {0, 2, 1, 3});
        model.node("", "Transpose", order, List.of(split), List.of("y"));
        byte[] bytes = model.output("y", TensorType.of(DType.F32, 1, heads, rows, size)).bytes(17);
        if (type == DType.F32) {
          try (Oracle oracle = new Oracle(bytes)) {
            wanted = oracle.tensors(model.feeds);
          }
          continue;
        }
        Plan plan = PlanRunner.compiled(bytes, model.feeds).plan();
        assertTrue(plan.weightBytes() < 2.5 * k * heads * (size + 16), "rows " + rows);
        for (PlanRunner.Order each : PlanRunner.Order.values()) {
          Tensor got = PlanRunner.run(plan, model.feeds, ByteSource.of(bytes), each).get("y");
          agree("by heads, rows " + rows, wanted.get("y"), got);
        }
      }
    }
  }

  /** Each column's error counts by itself: small columns beside large ones stay exact. */
  @Test
  void smallNumbersBesideLargeOnes() throws Exception {
    int k = 260;
    int n = 64;
    Random random = new Random(7);
    Tensor weight = Tensor.zeros(DType.F16, Shape.of(k, n));
    for (int i = 0; i < weight.elements(); i++) {
      weight.setDouble(i, random.nextGaussian() * Math.scalb(1.0, i % n % 38 - 23));
    }
    SmallModel model = new SmallModel();
    Tensor x = SmallModel.random(random, 1, k);
    String w =
        model.node(
            "Cast", Map.of("to", DType.F32.onnxCode()), model.weight("w", weight));
    model.node("", "MatMul", Map.of(), List.of(model.feed("x", x), w), List.of("y"));
    byte[] bytes = model.output("y", TensorType.of(DType.F32, 1, n)).bytes(17);
    Plan plan = PlanRunner.compiled(bytes, model.feeds).plan();
    Tensor got =
        PlanRunner.run(plan, model.feeds, ByteSource.of(bytes), PlanRunner.Order.FORWARD).get("y");
    for (int j = 0; j < n; j++) {
      double sum = 0;
      double most = 0;
      for (int i = 0; i < k; i++) {
        double product = x.getDouble(i) * weight.getDouble(i * n + j);
        sum += product;
        most += Math.abs(product);
      }
      assertEquals(sum, got.getDouble(j), TOLERANCE * most, "column " + j);
    }
  }

  @Test
  void anInfiniteWeightSpoilsTheResult() throws Exception {
    Tensor weight = Tensor.zeros(DType.F16, Shape.of(260, 64));
    weight.setDouble(70, Double.POSITIVE_INFINITY);
    Case halves = product(DType.F16, weight, 1, false);
    byte[] bytes = halves.bytes();
    Plan plan = PlanRunner.compiled(bytes, halves.model.feeds).plan();
    Map<String, Tensor> got =
        PlanRunner.run(plan, halves.model.feeds, ByteSource.of(bytes), PlanRunner.Order.FORWARD);
    double[] y = new double[64];
    Arrays.setAll(y, i -> got.get("y").getDouble(i));
    assertTrue(Arrays.stream(y).anyMatch(Double::isNaN), Arrays.toString(y));
  }
}
