package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;
import org.nnjit.plan.Plan;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** A model and what the quantiser makes of it, in ONNX Runtime and in nnJIT. */
class QuantiserTest {
  private static final long SEED = 20261123;
  private final Random random = new Random(SEED);
  @TempDir Path dir;

  /** {@code y = relu(x w) v}, with w also added to itself where {@code shared}. */
  private GraphProto.Builder graph(boolean shared) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("products");
    graph.addInput(TiledConvTest.port("x", 3, 72));
    graph.addOutput(TiledConvTest.port("y", 3, 24));
    graph.addInitializer(TiledConvTest.weight("w", random, 72, 50));
    graph.addInitializer(TiledConvTest.weight("v", random, 50, 24));
    graph.addNodeBuilder().setOpType("MatMul").addInput("x").addInput("w").addOutput("a");
    graph.addNodeBuilder().setOpType("Relu").addInput("a").addOutput("r");
    graph.addNodeBuilder().setOpType("MatMul").addInput("r").addInput("v").addOutput("y");
    if (shared) {
      graph.addOutput(TiledConvTest.port("t", 72, 50));
      graph.addNodeBuilder().setOpType("Add").addInput("w").addInput("w").addOutput("t");
    }
    return graph;
  }

  private Quantiser.Result quantise(ModelProto model, Quantiser quantiser) throws Exception {
    Files.write(dir.resolve("in.onnx"), model.toByteArray());
    return quantiser.apply(dir.resolve("in.onnx"), dir.resolve("out.onnx"));
  }

  private static float[] run(Path file, Map<String, Tensor> feeds) throws Exception {
    try (Oracle oracle = new Oracle(file)) {
      return oracle.run(feeds).get("y").values();
    }
  }

  /** Root of the mean square of the error by that of the values. */
  static double error(float[] wanted, float[] got) {
    double error = 0;
    double all = 0;
    for (int i = 0; i < wanted.length; i++) {
      error += Math.pow(wanted[i] - got[i], 2);
      all += Math.pow(wanted[i], 2);
    }
    return Math.sqrt(error / all);
  }

  @Test
  void theQuantisedModelIsCloseAndRunsInBoth() throws Exception {
    Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, 3, 72));
    for (int bits : new int[] {4, 8}) {
      for (boolean symmetric : new boolean[] {false, true}) {
        for (int level : new int[] {0, 4}) {
          Quantiser quantiser = new Quantiser(bits, 16, symmetric, level);
          Quantiser.Result r = quantise(TiledConvTest.model(graph(false)), quantiser);
          String label = quantiser + ", seed " + SEED;
          assertEquals(2, r.products(), label);
          assertEquals(Files.size(dir.resolve("out.onnx")), r.bytes(), label);
          byte[] file = Files.readAllBytes(dir.resolve("out.onnx"));
          assertEquals(0, names(file).filter(n -> n.equals("w") || n.equals("v")).count(), label);
          double off =
              error(run(dir.resolve("in.onnx"), feeds), run(dir.resolve("out.onnx"), feeds));
          assertTrue(off > 0 && off < (bits == 4 ? 0.13 : 0.015), label + ": " + off);
          assertTrue(TiledConvTest.error(label, file, feeds, bits, plan -> {}) < 1e-5, label);
        }
      }
    }
  }

  /** Models as exporters write them: Gemm with a bias, and products in the branches of merged decoders. */
  @ParameterizedTest
  @CsvSource({
    "gpt2-tiny,6,0,9", "gpt2-tiny-with-past,3,7,9", "t5-tiny-decoder-merged,6,0,38",
    "t5-tiny-decoder-merged,6,5,38", "bart-tiny-decoder-merged,6,5,38"
  })
  void models(String name, int sequence, int past, int products) throws Exception {
    Model model = Models.named(name);
    Path floats = ModelFiles.write(model, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
    Map<String, Tensor> feeds = SampleFeeds.of(model, 1, sequence, past, 7);
    Path out = dir.resolve("out.onnx");
    for (boolean symmetric : new boolean[] {false, true}) {
      Quantiser.Result r = new Quantiser(8, 32, symmetric, 0).apply(floats, out);
      String label = name + " symmetric " + symmetric;
      assertEquals(products, r.products(), label);
      byte[] file = Files.readAllBytes(out);
      Plan plan = PlanRunner.compiled(file, feeds).plan();
      Map<String, Tensor> got =
          PlanRunner.run(plan, feeds, ByteSource.of(file), PlanRunner.Order.FORWARD);
      Map<String, Tensor> wanted = DynamicQuantiserTest.oracle(out, feeds);
      double apart = DynamicQuantiserTest.error(wanted, got);
      assertTrue(apart < 1e-5, label + ": nnJIT is " + apart + " from ONNX Runtime");
      double off = DynamicQuantiserTest.error(DynamicQuantiserTest.oracle(floats, feeds), wanted);
      assertTrue(off > 0 && off < 0.015, label + ": " + off);
    }
  }

  /** A matrix that is multiplied by as it is and turned, and added to in ways MatMulNBits does not. */
  @Test
  void turnedMatricesHaveCodesOfTheirOwn() throws Exception {
    SmallModel model = new SmallModel();
    String x = model.feed("x", SmallModel.random(random, 3, 40));
    String w = model.weight("w", SmallModel.random(random, 40, 48));
    String rows = model.weight("rows", SmallModel.random(random, 3, 48));
    String bias = model.weight("bias", SmallModel.random(random, 40));
    String y = model.node("Gemm", x, w, rows);
    model.node("", "Gemm", Map.of("transB", 1), List.of(y, w, bias), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 3, 40));
    Files.write(dir.resolve("in.onnx"), model.bytes(17));
    Quantiser.Result r =
        new Quantiser(8, 16, false, 0).apply(dir.resolve("in.onnx"), dir.resolve("out.onnx"));
    assertEquals(2, r.products());
    assertEquals(1, r.weights());
    byte[] file = Files.readAllBytes(dir.resolve("out.onnx"));
    assertEquals(0, names(file).filter(n -> n.equals("w")).count());
    Map<String, Tensor> feeds = model.feeds;
    double off = error(run(dir.resolve("in.onnx"), feeds), run(dir.resolve("out.onnx"), feeds));
    assertTrue(off > 0 && off < 0.015, "seed " + SEED + ": " + off);
    assertTrue(TiledConvTest.error("turned", file, feeds, 0, plan -> {}) < 1e-5);
  }

  private static Stream<String> names(byte[] file) throws Exception {
    return ModelProto.parseFrom(file).getGraph().getInitializerList().stream()
        .map(TensorProto::getName);
  }

  @Test
  void aWeightThatOthersReadStays() throws Exception {
    quantise(TiledConvTest.model(graph(true)), new Quantiser(4, 32, true, 0));
    byte[] file = Files.readAllBytes(dir.resolve("out.onnx"));
    assertEquals(1, names(file).filter(n -> n.equals("w")).count());
    Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, 3, 72));
    assertTrue(TiledConvTest.error("shared", file, feeds, 0, plan -> {}) < 1e-5);
  }

  /** The model with its first weight in a file beside it. */
  private ModelProto beside(ModelProto model, String file) throws Exception {
    TensorProto w = model.getGraph().getInitializer(0);
    Files.write(dir.resolve(file), w.getRawData().toByteArray());
    StringStringEntryProto location =
        StringStringEntryProto.newBuilder().setKey("location").setValue(file).build();
    GraphProto.Builder graph = model.getGraph().toBuilder();
    graph.setInitializer(
        0,
        w.toBuilder()
            .clearRawData()
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(location));
    return model.toBuilder().setGraph(graph).build();
  }

  @Test
  void weightsBesideTheModelStayBeside() throws Exception {
    ModelProto inside = TiledConvTest.model(graph(true));
    Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, 3, 72));
    Quantiser quantiser = new Quantiser(8, 32, false, 0);
    quantise(inside, quantiser);
    float[] wanted = run(dir.resolve("out.onnx"), feeds);
    Quantiser.Result r = quantise(beside(inside, "w.bin"), quantiser);
    assertTrue(Files.size(dir.resolve("out.onnx.data")) > 72 * 50 * 5, "the weight and its codes");
    assertEquals(
        Files.size(dir.resolve("out.onnx")) + Files.size(dir.resolve("out.onnx.data")),
        r.bytes());
    Files.delete(dir.resolve("w.bin"));
    assertArrayEquals(wanted, run(dir.resolve("out.onnx"), feeds), 0);
  }

  /** A model that was renamed: what it keeps beside it has the name that the new one's would have. */
  @Test
  void weightsAreNotWrittenOver() throws Exception {
    ModelProto inside = TiledConvTest.model(graph(true));
    TensorProto w = inside.getGraph().getInitializer(0);
    Path data = dir.resolve("out.onnx.data");
    ModelProto model = beside(inside, "out.onnx.data");
    ModelException e =
        assertThrows(
            ModelException.class, () -> quantise(model, new Quantiser(8, 32, false, 0)));
    assertTrue(e.getMessage().contains("holds the weights"), e.getMessage());
    assertArrayEquals(w.getRawData().toByteArray(), Files.readAllBytes(data));
  }

  @Test
  void weightsOf16BitsAreCastAndPickedFrom() throws Exception {
    SmallModel model = new SmallModel();
    String ids = model.feed("ids", SmallModel.ints(DType.I64, new int[] {5}, 0, 299, 7, 7, 12));
    String table = model.weight("table", SmallModel.random(random, 300, 72));
    Tensor large = SmallModel.random(random, 72, 72);
    large.setDouble(0, 70000);
    String x =
        model.node("MatMul", model.node("Gather", table, ids), model.weight("large", large));
    String z = model.node("MatMul", x, model.node("Transpose", table));
    String bias = model.weight("bias", SmallModel.random(random, 300));
    model.node("", "Add", Map.of(), List.of(z, bias), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 5, 300));
    Files.write(dir.resolve("in.onnx"), model.bytes(17));
    HalfWriter.Result r = HalfWriter.apply(dir.resolve("in.onnx"), dir.resolve("out.onnx"));
    assertEquals(1, r.weights());
    assertEquals(List.of("large"), r.left());
    byte[] file = Files.readAllBytes(dir.resolve("out.onnx"));
    assertEquals(file.length, r.bytes());
    assertEquals(List.of("bias", "large", "table_f16"), names(file).sorted().toList());
    Map<String, Tensor> feeds = model.feeds;
    double off = error(run(dir.resolve("in.onnx"), feeds), run(dir.resolve("out.onnx"), feeds));
    assertTrue(off > 0 && off < 1e-3, "seed " + SEED + ": " + off);
    // Neither what picks rows nor the product has the table as floats of 32 bits.
    long most = 2 * 2 * 300 * 72 + 4 * 72 * 72 + 8192;
    double error =
        TiledConvTest.error(
            "halves", file, feeds, 0,
            plan -> assertTrue(plan.weightBytes() < most, plan.weightBytes() + " bytes"));
    assertTrue(error < 1e-5, "seed " + SEED + ": " + error);
  }

  @Test
  void whatIsOutOfRangeIsNamed() {
    assertEquals(
        "bits is 5, wanted 4 or 8",
        assertThrows(IllegalArgumentException.class, () -> new Quantiser(5, 32, true, 0))
            .getMessage());
    assertEquals(
        "block is 48, wanted 16, 32, 64, 128 or 256",
        assertThrows(IllegalArgumentException.class, () -> new Quantiser(4, 48, true, 0))
            .getMessage());
  }
}
