package org.nnjit.graph.interp;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.nnjit.NodeTests;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Graph;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.OneNodeModel;
import org.nnjit.testing.OnnxRuntime;

/**
 * The reference interpreter against ONNX Runtime, where the ONNX node tests leave attributes,
 * types or ranks out. Inputs are random from a fixed seed.
 */
class OnnxRuntimeTest {
  private static final long SEED = 20261121;

  private final List<DynamicTest> tests = new ArrayList<>();
  private final Random random = new Random(SEED);

  @TestFactory
  List<DynamicTest> transposedConvolutions() {
    String op = "ConvTranspose";
    check(op, 11, Map.of(), f32(2, 3, 7), f32(3, 4, 3));
    check(op, 11, Map.of("strides", ints(2, 2)), f32(1, 3, 5, 4), f32(3, 2, 2, 2), f32(2));
    check(op, 11, Map.of("strides", ints(3, 2)), f32(1, 3, 5, 4), f32(3, 2, 2, 5), f32(2));
    check(
        op,
        11,
        Map.of("strides", ints(2, 3), "dilations", ints(2, 3), "pads", ints(1, 2, 0, 3)),
        f32(1, 3, 6, 7), f32(3, 2, 3, 4));
    check(
        op,
        11,
        Map.of("group", 2L, "strides", ints(2, 2), "pads", ints(1, 1, 1, 1),
            "output_padding", ints(1, 1)),
        f32(2, 4, 5, 5), f32(4, 3, 3, 3), f32(6));
    check(op, 11, Map.of("group", 4L, "strides", ints(2)), f32(2, 4, 6), f32(4, 1, 4));
    for (String auto : List.of("SAME_UPPER", "SAME_LOWER", "VALID")) {
      check(
          op, 11, Map.of("auto_pad", auto, "strides", ints(2, 2)), f32(1, 2, 5, 4),
          f32(2, 2, 3, 3));
    }
    check(
        op, 11, Map.of("output_shape", ints(10, 8), "strides", ints(3, 2)), f32(1, 2, 3, 3),
        f32(2, 2, 3, 4));
    check(op, 11, Map.of("strides", ints(5, 5)), f32(1, 2, 3, 3), f32(2, 2, 3, 3), f32(2));
    check(
        op, 11, Map.of("strides", ints(2, 1, 2), "pads", ints(0, 1, 0, 1, 0, 0)),
        f32(1, 2, 3, 4, 3), f32(2, 2, 2, 3, 3));
    return tests;
  }

  @TestFactory
  List<DynamicTest> einsteinSums() {
    einsum("ij,jk->ik", f32(3, 4), f32(4, 5));
    einsum("bij, bjk -> bik", f32(2, 3, 4), f32(2, 4, 5));
    einsum("bhid,bhjd->bhij", f32(2, 2, 3, 4), f32(2, 2, 5, 4));
    einsum("...ij,...jk->...ik", f32(2, 1, 3, 4), f32(2, 5, 4, 6));
    einsum("...ii->...i", f32(2, 3, 3));
    einsum("ij,kj", f32(3, 4), f32(5, 4));
    einsum("b...,b->...", f32(3, 2, 4), f32(3));
    einsum("ij,jk,kl->il", f32(3, 4), f32(4, 5), f32(5, 2));
    einsum("i,i,i->", f32(6), f32(6), f32(6));
    einsum("i,j->ij", f32(3), f32(4));
    einsum("ij->", f32(3, 4));
    einsum("cab->bca", f32(2, 3, 4));
    einsum("Ab,bA->A", f32(3, 4), f32(4, 3));
    return tests;
  }

  private void einsum(String equation, Tensor... inputs) {
    check("Einsum", 12, Map.of("equation", equation), inputs);
  }

  @TestFactory
  List<DynamicTest> quantised() {
    Tensor scale = Tensor.scalar(DType.F32, 0.03);
    Map<String, Object> none = Map.of();
    check("QuantizeLinear", 13, none, f32(2, 3, 4), scale, of(DType.U8, 100));
    check("QuantizeLinear", 13, none, f32(2, 3, 4), scale, of(DType.I8, -20));
    check("QuantizeLinear", 10, none, f32(2, 3, 4), scale);
    check("QuantizeLinear", 13, none, f32(2, 3, 4), positive(3), u8(3));
    check("QuantizeLinear", 13, Map.of("axis", -1L), f32(2, 3, 4), positive(4), i8(4));
    check("DequantizeLinear", 13, none, u8(2, 3), scale, of(DType.U8, 100));
    check("DequantizeLinear", 13, Map.of("axis", -1L), i8(2, 3), positive(3), i8(3));
    check("DequantizeLinear", 10, none, i32(2, 3), scale);
    Map<String, Object> blocks = Map.of("axis", 1L, "block_size", 2L);
    check("DequantizeLinear", 21, blocks, u8(3, 6), positive(3, 3), u8(3, 3));
    check("QuantizeLinear", 21, blocks, f32(3, 5), positive(3, 3), u8(3, 3));
    for (int i = 0; i < 4; i++) {
      checkAll("DynamicQuantizeLinear", 11, none, 3, f32(4, 5 + i));
    }
    check("MatMulInteger", 10, none, u8(3, 4), i8(4, 5));
    check("MatMulInteger", 10, none, u8(2, 3, 4), u8(4, 5), of(DType.U8, 7), of(DType.U8, 9));
    check("MatMulInteger", 10, none, u8(3, 4), i8(4, 5), of(DType.U8, 7), i8(5));
    check("ConvInteger", 10, none, u8(1, 2, 5, 5), u8(3, 2, 3, 3), of(DType.U8, 8));
    check(
        "ConvInteger",
        10,
        Map.of("pads", ints(1, 1, 1, 1), "strides", ints(2, 2), "group", 2L),
        u8(2, 4, 5, 6), u8(6, 2, 3, 3), of(DType.U8, 8), of(DType.U8, 3));
    check(
        "QLinearMatMul", 10, none, u8(3, 4), scalar(0.02), of(DType.U8, 110), u8(4, 5),
        scalar(0.013), of(DType.U8, 120), scalar(0.05), of(DType.U8, 100));
    check(
        "QLinearMatMul", 10, none, u8(2, 3, 4), scalar(0.02), of(DType.U8, 110), i8(4, 5),
        positive(5), i8(5), scalar(9), of(DType.U8, 100));
    check(
        "QLinearConv",
        10,
        Map.of("pads", ints(1, 0, 1, 2)),
        u8(2, 3, 5, 6), scalar(0.02), of(DType.U8, 110), i8(4, 3, 3, 3), positive(4), i8zeros(4),
        scalar(11), of(DType.U8, 128), i32(4));
    return tests;
  }

  @TestFactory
  List<DynamicTest> samplesAndPools() {
    for (String mode : List.of("linear", "nearest", "cubic")) {
      for (String padding : List.of("zeros", "border", "reflection")) {
        for (long corners : new long[] {0, 1}) {
          Map<String, Object> m =
              Map.of("mode", mode, "padding_mode", padding, "align_corners", corners);
          check("GridSample", 20, m, f32(2, 3, 5, 6), f32(2, 4, 7, 2));
          if (!mode.equals("cubic")) {
            check("GridSample", 20, m, f32(1, 2, 3, 4, 5), f32(1, 4, 3, 2, 3));
          }
        }
      }
    }
    for (long p = 1; p <= 3; p++) {
      check("LpPool", 11, Map.of("p", p, "kernel_shape", ints(3)), f32(2, 3, 8));
      check(
          "LpPool", 18,
          Map.of("p", p, "kernel_shape", ints(2, 3), "strides", ints(2, 1), "pads",
              ints(1, 1, 0, 1)),
          f32(2, 3, 6, 7));
      check("GlobalLpPool", 7, Map.of("p", p), f32(2, 3, 4, 5));
    }
    check("Col2Im", 18, Map.of(), f32(2, 12, 20), i64s(5, 6), i64s(2, 2));
    check(
        "Col2Im", 18,
        Map.of("strides", ints(2, 1), "dilations", ints(1, 2), "pads", ints(1, 0, 1, 2)),
        f32(1, 12, 15), i64s(6, 5), i64s(3, 2));
    check("Col2Im", 18, Map.of(), f32(1, 16, 8), i64s(3, 3, 3), i64s(2, 2, 2));
    return tests;
  }

  @TestFactory
  List<DynamicTest> normsAndLosses() {
    check("MeanVarianceNormalization", 13, Map.of(), f32(2, 3, 4, 5));
    check("MeanVarianceNormalization", 13, Map.of("axes", ints(0, 1, 2, 3)), f32(2, 3, 4, 5));
    for (String reduction : List.of("none", "sum", "mean")) {
      Map<String, Object> plain = Map.of("reduction", reduction);
      Map<String, Object> ignoring = Map.of("reduction", reduction, "ignore_index", -1L);
      Tensor some = classes(DType.I64, 4, 2);
      some.setLong(3, -1);
      for (Map<String, Object> m : List.of(plain, ignoring)) {
        Tensor target = m == plain ? classes(DType.I32, 4, 2) : some;
        check("NegativeLogLikelihoodLoss", 13, m, f32(4, 5, 2), target);
        check("NegativeLogLikelihoodLoss", 13, m, f32(4, 5, 2), target, positive(5));
        checkAll("SoftmaxCrossEntropyLoss", 13, m, 2, f32(4, 5, 2), target, positive(5));
        check("SoftmaxCrossEntropyLoss", 13, m, f32(4, 5, 2), target);
      }
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> generatorsAndSelections() {
    check("EyeLike", 9, Map.of("k", -1L), f32(3, 5));
    check("EyeLike", 9, Map.of("dtype", 7L, "k", 2L), i32(4, 3));
    for (String type : List.of("HannWindow", "HammingWindow", "BlackmanWindow")) {
      check(type, 17, Map.of(), of(DType.I64, 10));
      check(type, 17, Map.of("periodic", 0L), of(DType.I64, 9));
      check(type, 17, Map.of("output_datatype", 11L), of(DType.I64, 33));
    }
    check("ReverseSequence", 10, Map.of(), f32(4, 3, 2), i64s(4, 1, 0));
    check(
        "ReverseSequence", 10, Map.of("batch_axis", 0L, "time_axis", 1L), f32(2, 5),
        i64s(3, 5));
    Tensor condition = bools(5);
    check("Compress", 11, Map.of(), f32(2, 4), condition);
    check("Compress", 11, Map.of("axis", 1L), f32(2, 5, 3), condition);
    check("Compress", 11, Map.of("axis", -1L), i32(3, 6), condition);
    for (long sorted = 0; sorted < 2; sorted++) {
      checkAll("Unique", 11, Map.of("sorted", sorted), 4, classes(DType.F32, 4, 3));
      checkAll("Unique", 11, Map.of("sorted", sorted), 4, classes(DType.I64, 20));
      checkAll(
          "Unique", 11, Map.of("sorted", sorted, "axis", 1L), 4,
          classes(DType.I64, 2, 9));
    }
    for (long center = 0; center < 2; center++) {
      check(
          "NonMaxSuppression", 11, Map.of("center_point_box", center), positive(2, 30, 4),
          f32(2, 3, 30), i64s(7), Tensor.ofFloats(Shape.of(1), 0.3f));
      check(
          "NonMaxSuppression", 11, Map.of("center_point_box", center), positive(1, 30, 4),
          f32(1, 2, 30), i64s(20), Tensor.ofFloats(Shape.of(1), 0.1f),
          Tensor.ofFloats(Shape.of(1), -0.5f));
    }
    check("NonMaxSuppression", 11, Map.of(), positive(1, 9, 4), f32(1, 2, 9));
    return tests;
  }

  /** Small ones are computes, the last of each kind is too large for that and runs on the host. */
  @TestFactory
  List<DynamicTest> scattersAndRanks() {
    for (String how : List.of("none", "add", "mul", "min", "max")) {
      Map<String, Object> m = Map.of("reduction", how);
      check("ScatterND", 18, m, f32(5, 3, 2), places(5, 4, 1), f32(4, 3, 2));
      check("ScatterND", 18, m, f32(4, 4, 3), places(4, 2, 3, 2), f32(2, 3, 3));
      check("ScatterND", 18, m, i32(6), places(6, 3, 1), i32(3));
      check("ScatterND", 18, m, f32(600, 2), places(600, 300, 1), f32(300, 2));
      for (long axis = -2; axis < 2; axis++) {
        Map<String, Object> along = Map.of("reduction", how, "axis", axis);
        check("ScatterElements", 18, along, f32(5, 4), places(4, 3, 2), f32(3, 2));
        check("ScatterElements", 18, along, i32(4, 4), places(4, 4, 4), i32(4, 4));
        check("ScatterElements", 18, along, f32(400, 400), places(400, 6, 6), f32(6, 6));
      }
    }
    for (long largest = 0; largest < 2; largest++) {
      for (long axis = -1; axis < 3; axis++) {
        Map<String, Object> m = Map.of("largest", largest, "axis", axis);
        checkAll("TopK", 11, m, 2, f32(3, 5, 4), i64s(3));
        checkAll("TopK", 11, m, 2, classes(DType.F32, 4, 3, 6), i64s(2));
        checkAll("TopK", 11, m, 2, classes(DType.I64, 4, 4, 5), i64s(4));
      }
      Map<String, Object> along = Map.of("largest", largest);
      for (int k : new int[] {1, 5, 64}) {
        checkAll("TopK", 11, along, 2, f32(2, 700), i64s(k));
        checkAll("TopK", 11, along, 2, f32(1, 5003), i64s(k));
        checkAll("TopK", 11, along, 2, f32(1, 3, 2048), i64s(k));
        checkAll("TopK", 11, along, 2, classes(DType.F32, 4, 1, 4099), i64s(k));
      }
    }
    check("Tile", 13, Map.of(), f32(2, 3, 5), i64s(2, 1, 3));
    check("Tile", 13, Map.of(), i32(3, 1, 2), i64s(1, 4, 1));
    check("Tile", 13, Map.of(), f32(1, 3), i64s(4, 2));
    for (double beta : new double[] {0.5, 0.75, 1, 0.6}) {
      check("LRN", 13, Map.of("size", 3L, "beta", beta), f32(2, 7, 3, 5));
    }
    return tests;
  }

  /** Indices below {@code extent}, each at most once where they are few, some from the end. */
  private Tensor places(int extent, int... dims) {
    Tensor t = Tensor.zeros(DType.I64, Shape.of(dims));
    int step = 1 + random.nextInt(2);
    for (int i = 0; i < t.elements(); i++) {
      int at = (i * step + i / extent) % extent;
      t.setLong(i, i % 3 == 1 ? at - extent : at);
    }
    return t;
  }

  @TestFactory
  List<DynamicTest> recurrences() {
    for (String direction : List.of("forward", "reverse", "bidirectional")) {
      int d = direction.equals("bidirectional") ? 2 : 1;
      Map<String, Object> m = Map.of("hidden_size", 5L, "direction", direction);
      Map<String, Object> last =
          Map.of("hidden_size", 5L, "direction", direction, "linear_before_reset", 1L);
      recurrent("RNN", m, 1, d, false);
      recurrent("RNN", m, 1, d, true);
      recurrent("GRU", m, 3, d, false);
      recurrent("GRU", m, 3, d, true);
      recurrent("GRU", last, 3, d, false);
      recurrent("GRU", last, 3, d, true);
      recurrent("LSTM", m, 4, d, false);
      recurrent("LSTM", m, 4, d, true);
    }
    String[] functions = {"Tanh", "Sigmoid", "Softsign"};
    Map<String, Object> named = Map.of("hidden_size", 5L, "activations", functions);
    recurrent("LSTM", named, 4, 1, true);
    Map<String, Object> relu =
        Map.of("hidden_size", 5L, "activations", new String[] {"Relu"});
    recurrent("RNN", relu, 1, 1, true);
    return tests;
  }

  /** Four steps of three features and a hidden size of 5, all optional inputs or none. */
  private void recurrent(
      String type, Map<String, Object> attributes, int gates, int directions, boolean all) {
    Tensor x = f32(4, 2, 3);
    Tensor w = f32(directions, gates * 5, 3);
    Tensor r = f32(directions, gates * 5, 5);
    if (!all) {
      checkAll(type, 14, attributes, type.equals("LSTM") ? 3 : 2, x, w, r);
      return;
    }
    Tensor bias = f32(directions, gates * 10);
    Tensor lengths = Tensor.zeros(DType.I32, Shape.of(2));
    lengths.setLong(0, 4);
    lengths.setLong(1, 2);
    Tensor first = f32(directions, 2, 5);
    if (!type.equals("LSTM")) {
      checkAll(type, 14, attributes, 2, x, w, r, bias, lengths, first);
      return;
    }
    Tensor cell = f32(directions, 2, 5);
    Tensor peepholes = f32(directions, 15);
    checkAll(type, 14, attributes, 3, x, w, r, bias, lengths, first, cell, peepholes);
  }

  /** Extents of whole vectors and tiles and beyond, so that kernels take their main paths. */
  @TestFactory
  List<DynamicTest> extentsOfTiles() {
    check(
        "ConvTranspose", 11, Map.of("strides", ints(2, 2), "pads", ints(1, 1, 1, 1)),
        small(1, 24, 9, 10), f32(24, 19, 4, 4), f32(19));
    einsum("bhid,bhjd->bhij", f32(1, 2, 37, 32), f32(1, 2, 41, 32));
    einsum("bijc,dc->bijd", f32(1, 7, 9, 24), f32(35, 24));
    check(
        "MatMulInteger", 10, Map.of(), u8(37, 64), i8(64, 50), of(DType.U8, 7), of(DType.I8, 3));
    check(
        "QLinearMatMul", 10, Map.of(), u8(21, 48), scalar(0.02), of(DType.U8, 110), i8(48, 34),
        scalar(0.013), of(DType.I8, 5), scalar(0.9), of(DType.U8, 100));
    check(
        "QLinearConv", 10, Map.of("pads", ints(1, 1, 1, 1)),
        u8(1, 16, 12, 13), scalar(0.02), of(DType.U8, 110), i8(33, 16, 3, 3), scalar(0.01),
        of(DType.I8, 0), scalar(1.5), of(DType.U8, 128), i32(33));
    check("QuantizeLinear", 13, Map.of(), f32(13, 37), scalar(0.03), of(DType.U8, 100));
    check("DequantizeLinear", 13, Map.of("axis", 0L), i8(13, 37), positive(13), i8(13));
    checkAll("DynamicQuantizeLinear", 11, Map.of(), 3, f32(9, 67));
    check("GridSample", 20, Map.of("mode", "cubic"), small(1, 5, 17, 18), f32(1, 19, 23, 2));
    check("LpPool", 18, Map.of("kernel_shape", ints(3, 3)), f32(1, 17, 15, 16));
    check("Col2Im", 18, Map.of("strides", ints(2, 2)), f32(1, 144, 49), i64s(16, 16), i64s(3, 3));
    check("MeanVarianceNormalization", 13, Map.of(), f32(2, 9, 11, 13));
    check("ReverseSequence", 10, Map.of(), f32(9, 3, 33), i64s(9, 4, 1));
    Tensor target = classes(DType.I64, 9, 21);
    checkAll("SoftmaxCrossEntropyLoss", 13, Map.of(), 2, f32(9, 35, 21), target, positive(35));
    return tests;
  }

  // --- one case ---

  private void check(String type, int opset, Map<String, Object> attributes, Tensor... inputs) {
    checkAll(type, opset, attributes, 1, inputs);
  }

  private void checkAll(
      String type, int opset, Map<String, Object> attributes, int outputs, Tensor... inputs) {
    List<String> names = new ArrayList<>();
    List<TensorType> types = new ArrayList<>();
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    for (int i = 0; i < inputs.length; i++) {
      names.add(inputs[i] == null ? "" : "x" + i);
      types.add(inputs[i] == null ? null : inputs[i].type());
      if (inputs[i] != null) {
        feeds.put(names.get(i), inputs[i]);
      }
    }
    List<String> results = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      results.add("y" + i);
    }
    Map<String, Object> sorted = new TreeMap<>(attributes);
    OneNodeModel model = new OneNodeModel(type, opset, sorted, names, types, results);
    String label = type + Attributes.of(sorted) + " opset " + opset + types;
    tests.add(dynamicTest(label, () -> compare(model, feeds)));
  }

  private static void compare(OneNodeModel model, Map<String, Tensor> feeds) throws OrtException {
    byte[] bytes = model.bytes();
    Map<String, Tensor> wanted = OnnxRuntime.run(bytes, feeds);
    Graph graph = OnnxReader.read(ByteSource.of(bytes)).graph();
    Map<String, Tensor> got =
        GraphInterpreter.run(
            graph,
            feeds,
            s -> {
              throw new IllegalStateException("stored " + s);
            });
    for (String output : model.outputs()) {
      assertNull(
          NodeTests.difference(wanted.get(output), got.get(output), 1e-4, 1e-6),
          "output " + output + ", seed " + SEED);
    }
  }

  // --- inputs ---

  private static long[] ints(long... values) {
    return values;
  }

  private Tensor uniform(DType type, double low, double high, int... dims) {
    Tensor t = Tensor.zeros(type, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, low + (high - low) * random.nextDouble());
    }
    return t;
  }

  private Tensor f32(int... dims) {
    return uniform(DType.F32, -2, 2, dims);
  }

  /** Numbers so small that what f32 sums of them round off stays below the tolerance. */
  private Tensor small(int... dims) {
    return uniform(DType.F32, -0.1, 0.1, dims);
  }

  private Tensor positive(int... dims) {
    return uniform(DType.F32, 0.1, 9, dims);
  }

  private Tensor i32(int... dims) {
    return uniform(DType.I32, -200, 200, dims);
  }

  private Tensor i8(int... dims) {
    return uniform(DType.I8, -128, 128, dims);
  }

  private static Tensor i8zeros(int... dims) {
    return Tensor.zeros(DType.I8, Shape.of(dims));
  }

  private Tensor bools(int n) {
    Tensor t = Tensor.zeros(DType.BOOL, Shape.of(n));
    for (int i = 0; i < n; i++) {
      t.setLong(i, random.nextInt(2));
    }
    return t;
  }

  private Tensor u8(int... dims) {
    return uniform(DType.U8, 0, 256, dims);
  }

  private static Tensor i64s(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  /** Whole numbers from 0 to 4. */
  private Tensor classes(DType type, int... dims) {
    Tensor t = Tensor.zeros(type, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setLong(i, random.nextInt(5));
    }
    return t;
  }

  private static Tensor scalar(double value) {
    return of(DType.F32, value);
  }

  private static Tensor of(DType type, double value) {
    return Tensor.scalar(type, value);
  }
}
