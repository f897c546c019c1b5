package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    Tensor y = run(halves.bytes(), halves.model.feeds).get("y");
    for (int i = 0; i < y.elements(); i++) {
      assertTrue(Double.isNaN(y.getDouble(i)), i + ": " + y.getDouble(i));
    }
  }

  private static Map<String, Tensor> run(byte[] model, Map<String, Tensor> feeds) {
    Plan plan = PlanRunner.compiled(model, feeds).plan();
    return PlanRunner.run(plan, feeds, ByteSource.of(model), PlanRunner.Order.FORWARD);
  }

  private static String cast(SmallModel model, String half) {
    return model.node("Cast", Map.of("to", DType.F32.onnxCode()), half);
  }

  private static void agreesWithOracle(String name, SmallModel model, TensorType output)
      throws Exception {
    byte[] bytes = model.output("y", output).bytes(17);
    Tensor wanted;
    try (Oracle oracle = new Oracle(bytes)) {
      wanted = oracle.tensors(model.feeds).get("y");
    }
    agree(name, wanted, run(bytes, model.feeds).get("y"));
  }

  /** Layouts of images leave what reads the bits of weights as it is. */
  @Test
  void besideAConvolution() throws Exception {
    Random random = new Random(5);
    SmallModel model = new SmallModel();
    String image = model.feed("x", SmallModel.random(random, 1, 3, 16, 16));
    String kernel = model.weight("kernel", SmallModel.random(random, 8, 3, 3, 3));
    String conv = model.node("Conv", Map.of("kernel_shape", new int[] {3, 3}), image, kernel);
    Tensor shape = SmallModel.ints(DType.I64, new int[] {2}, 1, 8 * 14 * 14);
    String flat = model.node("Reshape", conv, model.weight("shape", shape));
    String w = model.weight("w", weight(DType.F16, 8 * 14 * 14, 20, random));
    model.node("", "MatMul", Map.of(), List.of(flat, cast(model, w)), List.of("y"));
    agreesWithOracle("beside a convolution", model, TensorType.of(DType.F32, 1, 20));
  }

  /** What no product reads may hold infinities: a mask. */
  @Test
  void masksStayAsTheyAre() throws Exception {
    int n = 180;
    SmallModel model = new SmallModel();
    Tensor mask = Tensor.zeros(DType.F16, Shape.of(n, n));
    for (int i = 0; i < n * n; i++) {
      mask.setDouble(i, i % n > i / n ? Double.NEGATIVE_INFINITY : 0);
    }
    String x = model.feed("x", SmallModel.random(new Random(1), n, n));
    String sum = model.node("Add", x, cast(model, model.weight("mask", mask)));
    model.node("", "Softmax", Map.of("axis", -1), List.of(sum), List.of("y"));
    agreesWithOracle("mask", model, TensorType.of(DType.F32, n, n));
  }

  @Test
  void weightsOfManyBatches() throws Exception {
    for (int rows : new int[] {1, 11}) {
      for (int batches : new int[] {3, 40}) {
        int k = 50;
        int n = 12 * 40 / batches;
        Random random = new Random(9);
        SmallModel model = new SmallModel();
        String x = model.feed("x", SmallModel.random(random, batches, rows, k));
        Tensor w = SmallModel.as(DType.BF16, SmallModel.random(random, batches, k, n));
        String wide = cast(model, model.weight("w", w));
        model.node("", "MatMul", Map.of(), List.of(x, wide), List.of("y"));
        agreesWithOracle(
            rows + " rows, " + batches + " batches", model,
            TensorType.of(DType.F32, batches, rows, n));
      }
    }
  }

  /** Casts that come first, as quantize writes them: one weight is in memory as it was at a time. */
  @Test
  void littleIsNeededToLoad() throws Exception {
    int n = 160;
    int layers = 6;
    Random random = new Random(2);
    SmallModel model = new SmallModel();
    String[] wide = new String[layers];
    for (int i = 0; i < layers; i++) {
      Tensor w = SmallModel.as(DType.F16, SmallModel.random(random, n, n));
      wide[i] = cast(model, model.weight("w" + i, w));
    }
    String x = model.feed("x", SmallModel.random(random, 1, n));
    for (int i = 0; i < layers; i++) {
      x = model.node("Tanh", model.node("MatMul", x, wide[i]));
    }
    model.node("", "Identity", Map.of(), List.of(x), List.of("y"));
    byte[] bytes = model.output("y", TensorType.of(DType.F32, 1, n)).bytes(17);
    Plan plan = PlanRunner.compiled(bytes, model.feeds).plan();
    assertTrue(plan.arenaBytes() < 4L * n * n, plan.arenaBytes() + " bytes beside the weights");
  }

  @Test
  void aConstantOfTwoPartsIsAWeight() throws Exception {
    Random random = new Random(4);
    SmallModel model = new SmallModel();
    String top = model.weight("top", SmallModel.random(random, 150, 80));
    String low = model.weight("low", SmallModel.random(random, 130, 80));
    String w = model.node("Concat", Map.of("axis", 0), top, low);
    String x = model.feed("x", SmallModel.random(random, 2, 280));
    model.node("", "MatMul", Map.of(), List.of(x, w), List.of("y"));
    agreesWithOracle("two parts", model, TensorType.of(DType.F32, 2, 80));
  }
}
