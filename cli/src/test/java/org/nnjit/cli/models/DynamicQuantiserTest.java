package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
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

/** Files with products of bytes, against what they were made of and in both engines. */
class DynamicQuantiserTest {
  private static final long SEED = 20261127;

  /** Of the floats' results: codes lose 0.015 to 0.025, scales that are a tenth too large 0.1. */
  private static final double OFF = 0.035;

  /** Rounding of activations that falls the other way loses no more than a part of that. */
  private static final double APART = 0.01;

  private static final List<DynamicQuantiser> ALL =
      List.of(
          new DynamicQuantiser(false, false), new DynamicQuantiser(true, false),
          new DynamicQuantiser(false, true), new DynamicQuantiser(true, true));

  private final Random random = new Random(SEED);
  @TempDir Path dir;

  private DynamicQuantiser.Result quantise(byte[] model, DynamicQuantiser how) throws Exception {
    Files.write(dir.resolve("in.onnx"), model);
    return how.apply(dir.resolve("in.onnx"), dir.resolve("out.onnx"));
  }

  private byte[] written() throws Exception {
    return Files.readAllBytes(dir.resolve("out.onnx"));
  }

  static Map<String, Tensor> oracle(Path file, Map<String, Tensor> feeds)
      throws Exception {
    try (Oracle oracle = new Oracle(file)) {
      return oracle.tensors(feeds);
    }
  }

  private static float[] floats(Tensor t) {
    float[] values = new float[t.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) t.getDouble(i);
    }
    return values;
  }

  /** The worst of all outputs, by the root of mean squares. */
  static double error(Map<String, Tensor> wanted, Map<String, Tensor> got) {
    double worst = 0;
    for (Map.Entry<String, Tensor> e : wanted.entrySet()) {
      Tensor g = got.get(e.getKey());
      assertEquals(e.getValue().type(), g.type(), e.getKey());
      if (g.elements() > 0) {
        worst = Math.max(worst, QuantiserTest.error(floats(e.getValue()), floats(g)));
      }
    }
    return worst;
  }

  /** Outputs of the written file; they are the same in nnJIT but for the last digits. */
  private Map<String, Tensor> outputs(String label, Map<String, Tensor> feeds, int products)
      throws Exception {
    Map<String, Tensor> wanted = oracle(dir.resolve("out.onnx"), feeds);
    byte[] file = written();
    Plan plan = PlanRunner.compiled(file, feeds).plan();
    Map<String, Tensor> got =
        PlanRunner.run(plan, feeds, ByteSource.of(file), PlanRunner.Order.FORWARD);
    double apart = error(wanted, got);
    assertTrue(apart < APART, label + ": nnJIT is " + apart + " from ONNX Runtime");
    long run =
        plan.commands().stream()
            .filter(c -> plan.kernels().get(c.kernel()).family().equals("integer"))
            .count();
    assertEquals(products, run, label + ": products with kernels of their own");
    return wanted;
  }

  /** How far the written file's outputs are from those of what it was made of. */
  private void isClose(String label, Map<String, Tensor> feeds, int products) throws Exception {
    Map<String, Tensor> exact = oracle(dir.resolve("in.onnx"), feeds);
    double off = error(exact, outputs(label, feeds, products));
    assertTrue(off > 0 && off < OFF, label + ": " + off + " from floats, seed " + SEED);
  }

  /**
   * Models as exporters write them.
   *
   * @param products of which some are in the branch that is not run
   * @param run products of a run
   */
  @ParameterizedTest
  @CsvSource({
    "gpt2-tiny,6,0,9,2,11,9", "gpt2-tiny-with-past,3,7,9,2,11,9",
    "t5-tiny-encoder,6,0,12,2,14,12", "bart-tiny-encoder,6,0,12,2,14,12",
    "t5-tiny-decoder-merged,6,0,38,4,23,21", "t5-tiny-decoder-merged,6,5,38,4,23,17",
    "bart-tiny-decoder-merged,6,0,38,4,23,21", "bart-tiny-decoder-merged,6,5,38,4,23,17"
  })
  void models(
      String name, int sequence, int past, int products, int lookups, int weights, int run)
      throws Exception {
    Model model = Models.named(name);
    byte[] floats =
        Files.readAllBytes(ModelFiles.write(model, dir, ModelFiles.DEFAULT_SEED, bytes -> {}));
    Map<String, Tensor> feeds = SampleFeeds.of(model, 2, sequence, past, 7);
    for (DynamicQuantiser how : List.of(ALL.getFirst(), ALL.getLast())) {
      String label = name + " " + how;
      DynamicQuantiser.Result r = quantise(floats, how);
      long bytes = Files.size(dir.resolve("out.onnx"));
      assertEquals(
          new DynamicQuantiser.Result(products, lookups, weights, List.of(), bytes), r, label);
      long matrices = 0;
      for (TensorProto t : graph().getInitializerList()) {
        assertFalse(isMatrix(t, TensorProto.DataType.FLOAT), label + ": " + t.getName());
        matrices += t.getDimsCount() == 2 ? WeightFile.elements(t) : 0;
      }
      assertTrue(bytes < floats.length - 3 * matrices + 110_000, label + ": " + bytes);
      isClose(label, feeds, run);
    }
  }

  private GraphProto graph() throws Exception {
    return ModelProto.parseFrom(written()).getGraph();
  }

  private static boolean isMatrix(TensorProto t, TensorProto.DataType type) {
    return t.getDimsCount() == 2 && t.getDims(0) > 1 && t.getDataType() == type.getNumber();
  }

  private List<String> matrices(TensorProto.DataType type) throws Exception {
    return graph().getInitializerList().stream()
        .filter(t -> isMatrix(t, type)).map(TensorProto::getName).sorted().toList();
  }

  private long nodes(String type) throws Exception {
    return graph().getNodeList().stream().filter(n -> n.getOpType().equals(type)).count();
  }

  /** The value x is quantised once; what the model calls x_scale keeps its name. */
  @Test
  void gemms() throws Exception {
    SmallModel model = new SmallModel();
    String x = model.feed("x", SmallModel.random(random, 3, 72));
    String scale = model.weight("x_scale", SmallModel.random(random, 40));
    String turned = model.weight("turned", SmallModel.random(random, 40, 72));
    String w = model.weight("w", SmallModel.random(random, 72, 40));
    String a = model.node("Gemm", Map.of("transB", 1), x, turned, scale);
    String b = model.node("Gemm", x, w);
    String c = model.node("MatMul", x, model.weight("v", SmallModel.random(random, 72, 40)));
    model.node("", "Sum", Map.of(), List.of(a, b, c), List.of("y"));
    String half = model.weight("half", SmallModel.random(random, 72, 40));
    model.node("", "Gemm", Map.of("alpha", 0.5), List.of(x, half), List.of("z"));
    model.output("y", TensorType.of(DType.F32, 3, 40));
    model.output("z", TensorType.of(DType.F32, 3, 40));
    for (DynamicQuantiser how : ALL) {
      DynamicQuantiser.Result r = quantise(model.bytes(17), how);
      assertEquals(3, r.products());
      assertEquals(3, r.weights());
      assertEquals(1, nodes("DynamicQuantizeLinear"));
      assertEquals(List.of("half"), matrices(TensorProto.DataType.FLOAT));
      isClose("gemms, " + how, model.feeds, 3);
    }
  }

  /** Codes that a product and Gather can both read are stored once. */
  @Test
  void tablesThatProductsReadToo() throws Exception {
    SmallModel model = new SmallModel();
    String ids = model.feed("ids", SmallModel.ints(DType.I64, new int[] {5}, 0, 71, 7, 7, 12));
    String table = model.weight("table", SmallModel.random(random, 72, 72));
    String x = model.node("MatMul", model.node("Gather", table, ids), table);
    model.node("", "Gemm", Map.of("transB", 1), List.of(x, table), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 5, 72));
    for (DynamicQuantiser how : ALL) {
      DynamicQuantiser.Result r = quantise(model.bytes(17), how);
      assertEquals(1, r.weights(), how.toString());
      int signed = matrices(TensorProto.DataType.INT8).size();
      int all = signed + matrices(TensorProto.DataType.UINT8).size();
      assertEquals(how.perChannel() ? 3 : 2, all, how.toString());
      assertEquals(0, matrices(TensorProto.DataType.FLOAT).size(), how.toString());
      isClose("a table, " + how, model.feeds, 2);
    }
  }

  /** A branch with a matrix of its own, of a name that the other branch has too. */
  private SmallModel branch(String x, String shared) {
    SmallModel branch = new SmallModel();
    String own = branch.weight("own", SmallModel.random(random, 72, 24));
    branch.node("", "MatMul", Map.of(), List.of(x, own), List.of("a"));
    branch.node("", "MatMul", Map.of(), List.of(x, shared), List.of("b"));
    branch.node("", "Add", Map.of(), List.of("a", "b"), List.of("sum"));
    return branch.output("sum", TensorType.of(DType.F32, 3, 24));
  }

  private SmallModel branches() {
    SmallModel model = new SmallModel();
    String which = model.feed("which", SmallModel.scalar(DType.BOOL, 1));
    String x = model.feed("x", SmallModel.random(random, 3, 72));
    String shared = model.weight("shared", SmallModel.random(random, 72, 24));
    Map<String, Object> both = Map.of("then_branch", branch(x, shared), "else_branch", branch(x, shared));
    String chosen = model.node("If", both, which);
    model.node("", "Relu", Map.of(), List.of(chosen), List.of("y"));
    return model.output("y", TensorType.of(DType.F32, 3, 24));
  }

  @Test
  void branchesShareCodesOfWeightsAroundThem() throws Exception {
    SmallModel model = branches();
    DynamicQuantiser.Result r = quantise(model.bytes(17), new DynamicQuantiser(true, false));
    assertEquals(4, r.products());
    assertEquals(3, r.weights());
    assertEquals(List.of("shared_quantized"), matrices(TensorProto.DataType.INT8));
    assertEquals(0, nodes("DynamicQuantizeLinear"), "only in the branch that is run");
    for (int which = 0; which < 2; which++) {
      model.feeds.put("which", SmallModel.scalar(DType.BOOL, which));
      isClose("branch " + which, model.feeds, 2);
    }
  }

  /** Matrices of branches too. */
  @Test
  void weightsBesideTheModelStayBeside() throws Exception {
    SmallModel model = branches();
    DynamicQuantiser how = new DynamicQuantiser(false, false);
    quantise(model.bytes(17), how);
    Map<String, Tensor> wanted = oracle(dir.resolve("out.onnx"), model.feeds);
    ModelProto.Builder beside = ModelProto.newBuilder().mergeFrom(model.bytes(17));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    moveBeside(beside.getGraphBuilder(), bytes);
    Files.write(dir.resolve("w.bin"), bytes.toByteArray());
    DynamicQuantiser.Result r = quantise(beside.build().toByteArray(), how);
    long data = Files.size(dir.resolve("out.onnx.data"));
    assertTrue(data >= 3 * 72 * 24 && data < 3 * 72 * 24 + 256, data + " bytes of codes");
    assertEquals(Files.size(dir.resolve("out.onnx")) + data, r.bytes());
    Files.delete(dir.resolve("w.bin"));
    assertEquals(0, error(wanted, oracle(dir.resolve("out.onnx"), model.feeds)));
  }

  private static void moveBeside(GraphProto.Builder graph, ByteArrayOutputStream into) {
    for (TensorProto.Builder t : graph.getInitializerBuilderList()) {
      t.setDataLocation(TensorProto.DataLocation.EXTERNAL);
      t.addExternalDataBuilder().setKey("location").setValue("w.bin");
      t.addExternalDataBuilder().setKey("offset").setValue("" + into.size());
      t.addExternalDataBuilder().setKey("length").setValue("" + t.getRawData().size());
      into.writeBytes(t.getRawData().toByteArray());
      t.clearRawData();
    }
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (AttributeProto.Builder a : node.getAttributeBuilderList()) {
        moveBeside(a.getGBuilder(), into);
      }
    }
  }

  @Test
  void numbersThatAreNotFiniteStay() throws Exception {
    SmallModel model = new SmallModel();
    String ids = model.feed("ids", SmallModel.ints(DType.I64, new int[] {3}, 1, 0, 2));
    Tensor infinite = SmallModel.random(random, 3, 64);
    infinite.setDouble(100, Double.NEGATIVE_INFINITY);
    Tensor none = SmallModel.random(random, 64, 64);
    none.setDouble(9, Double.NaN);
    String x = model.node("Gather", model.weight("infinite", infinite), ids);
    String y = model.node("MatMul", model.node("Relu", x), model.weight("none", none));
    model.node("", "MatMul", Map.of(), List.of(y, "none"), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 3, 64));
    DynamicQuantiser.Result r = quantise(model.bytes(17), new DynamicQuantiser(true, false));
    assertEquals(List.of("infinite", "none"), r.left());
    assertEquals(0, r.weights() + r.products() + r.lookups());
    assertArrayEquals(Files.readAllBytes(dir.resolve("in.onnx")), written());
  }

  /** Each number is within half a scale of what its code stands for. */
  @Test
  void codesAreTheNearest() {
    Tensor w = SmallModel.random(random, 90, 40);
    for (int i = 0; i < w.elements(); i++) {
      w.setDouble(i, (w.getDouble(i) + 0.7) * (1 + i % 40));
    }
    ByteCodes.Names names = new ByteCodes.Names("codes", "scale", "zero");
    for (DynamicQuantiser how : ALL) {
      for (boolean turned : new boolean[] {false, true}) {
        int n = turned ? 90 : 40;
        ByteCodes.Form form = new ByteCodes.Form("w", turned, how.perChannel());
        ByteCodes made = ByteCodes.of(form, floats(w), n, how.unsigned(), names);
        String label = form + ", " + how + ", seed " + SEED;
        assertEquals(List.of(3600L / n, (long) n), made.codes().getDimsList(), label);
        assertEquals(how.perChannel() ? List.of((long) n) : List.of(), made.zero().getDimsList());
        ByteBuffer scales =
            made.scale().getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int mask = how.unsigned() ? 255 : -1;
        for (int i = 0; i < 3600; i++) {
          int column = how.perChannel() ? i % n : 0;
          double scale = scales.getFloat(4 * column);
          int code = made.codes().getRawData().byteAt(i) & mask;
          int zero = made.zero().getRawData().byteAt(column) & mask;
          double exact = w.getDouble(turned ? i % n * 40 + i / n : i);
          // The zero point is rounded too: at the ends of the range there may be no nearer code.
          double allowed = (how.unsigned() ? 1.01 : 0.51) * scale;
          assertEquals(exact, (code - zero) * scale, allowed, label + " at " + i);
        }
      }
    }
  }

  /** Columns of zeros, of numbers too small for a scale, and of the greatest. */
  @Test
  void scalesOfColumnsWithoutRange() throws Exception {
    double[] sizes = {0, 1e-42, 1e-10, 1e10, 3e36, 1};
    SmallModel model = new SmallModel();
    String x = model.feed("x", SmallModel.random(random, 2, 32));
    Tensor w = SmallModel.random(random, 32, sizes.length);
    for (int i = 0; i < w.elements(); i++) {
      w.setDouble(i, w.getDouble(i) * sizes[i % sizes.length]);
    }
    model.node("", "MatMul", Map.of(), List.of(x, model.weight("w", w)), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 2, sizes.length));
    for (boolean unsigned : new boolean[] {false, true}) {
      quantise(model.bytes(17), new DynamicQuantiser(true, unsigned));
      Tensor wanted = oracle(dir.resolve("in.onnx"), model.feeds).get("y");
      Tensor got = outputs("columns", model.feeds, 1).get("y");
      for (int i = 0; i < got.elements(); i++) {
        double allowed = 0.2 * sizes[i % sizes.length] + Float.MIN_NORMAL;
        assertEquals(wanted.getDouble(i), got.getDouble(i), allowed, unsigned + " at " + i);
      }
    }
  }

  @Test
  void anOldOpsetIsNamed() throws Exception {
    SmallModel model = new SmallModel();
    String x = model.feed("x", SmallModel.random(random, 2, 32));
    String w = model.weight("w", SmallModel.random(random, 32, 8));
    model.node("", "MatMul", Map.of(), List.of(x, w), List.of("y"));
    model.output("y", TensorType.of(DType.F32, 2, 8));
    DynamicQuantiser how = new DynamicQuantiser(false, false);
    assertEquals(
        "'in.onnx' is of opset 10; DynamicQuantizeLinear needs 11: export the model with that or a later one",
        assertThrows(ModelException.class, () -> quantise(model.bytes(10), how)).getMessage());
    assertEquals(1, quantise(model.bytes(11), how).products());
    isClose("opset 11", model.feeds, 1);
  }
}
