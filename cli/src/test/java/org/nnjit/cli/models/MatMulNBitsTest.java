package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** MatMulNBits against ONNX Runtime: bits, blocks, zero points, ragged K, rows, biases. */
class MatMulNBitsTest {
  private static final long SEED = 20261122;
  private static final int CASES = 100;

  /** Rows of a past that new keys go behind. */
  static final int PAST = 5;

  /** Zero points of a weight. */
  private enum Zeros {
    NONE,
    PACKED,
    FLOATS
  }

  /**
   * @param in shape of A, K last
   * @param n columns
   * @param level accuracy_level
   */
  private record Case(
      int[] in, int n, int bits, int block, Zeros zeros, boolean bias, int level) {
    static Case draw(Random random) {
      int k = random.nextInt(3) == 0 ? 16 + random.nextInt(200) : 32 * (1 + random.nextInt(8));
      int m = random.nextInt(2) == 0 ? 1 : 1 + random.nextInt(9);
      int[] in = random.nextInt(3) == 0 ? new int[] {2, m, k} : new int[] {m, k};
      int bits = random.nextInt(3) == 0 ? 8 : 4;
      Zeros zeros = Zeros.values()[random.nextInt(bits == 8 ? 2 : 3)];
      int level = zeros == Zeros.FLOATS ? 0 : random.nextInt(2) * 4;
      return new Case(
          in, 1 + random.nextInt(70), bits, 16 << random.nextInt(4), zeros, random.nextBoolean(),
          level);
    }

    int k() {
      return in[in.length - 1];
    }

    int[] out() {
      int[] out = in.clone();
      out[out.length - 1] = n;
      return out;
    }

    @Override
    public String toString() {
      return Arrays.toString(in) + " n " + n + " bits " + bits + " block " + block + " zeros "
          + zeros + (bias ? " bias" : "") + " level " + level + ", seed " + SEED;
    }

    byte[] model(Random random) {
      GraphProto.Builder graph = GraphProto.newBuilder().setName("nbits");
      graph.addInput(TiledConvTest.port("x", in));
      graph.addOutput(TiledConvTest.port("y", out()));
      node(graph, random);
      return withContrib(graph).toByteArray();
    }

    NodeProto.Builder node(GraphProto.Builder graph, Random random) {
      int blocks = (k() + block - 1) / block;
      int blob = block * bits / 8;
      graph.addInitializer(bytes("w", random, n, blocks, blob));
      graph.addInitializer(TiledConvTest.weight("s", random, n * blocks));
      NodeProto.Builder node =
          graph.addNodeBuilder().setOpType("MatMulNBits").setDomain("com.microsoft");
      node.addInput("x").addInput("w").addInput("s").addOutput("y");
      switch (zeros) {
        case NONE -> {}
        case PACKED -> graph.addInitializer(bytes("z", random, n * ((blocks * bits + 7) / 8)));
        case FLOATS -> graph.addInitializer(TiledConvTest.weight("z", random, n * blocks));
      }
      if (zeros != Zeros.NONE || bias) {
        node.addInput(zeros == Zeros.NONE ? "" : "z");
      }
      if (bias) {
        graph.addInitializer(TiledConvTest.weight("b", random, n));
        node.addInput("").addInput("b");
      }
      Map<String, Integer> values =
          Map.of("K", k(), "N", n, "bits", bits, "block_size", block, "accuracy_level", level);
      values.forEach((name, value) -> number(node, name, value));
      return node;
    }
  }

  /** New keys of a decoder: rows of y [1, rows, heads * size] go by heads behind a past of 5 rows. */
  static void keys(GraphProto.Builder graph, int rows, int heads, int size) {
    graph.addInput(TiledConvTest.port("past", 1, heads, PAST, size));
    graph.addOutput(TiledConvTest.port("present", 1, heads, PAST + rows, size));
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName("shape")
            .setDataType(DType.I64.onnxCode())
            .addDims(4)
            .addAllInt64Data(List.of(1L, (long) rows, (long) heads, (long) size)));
    graph.addNodeBuilder().setOpType("Reshape").addInput("y").addInput("shape").addOutput("h");
    graph
        .addNodeBuilder()
        .setOpType("Transpose")
        .addInput("h")
        .addOutput("k")
        .addAttributeBuilder()
        .setName("perm")
        .setType(AttributeProto.AttributeType.INTS)
        .addAllInts(List.of(0L, 2L, 1L, 3L));
    NodeProto.Builder all = graph.addNodeBuilder().setOpType("Concat");
    number(all.addInput("past").addInput("k").addOutput("present"), "axis", 2);
  }

  static void number(NodeProto.Builder node, String name, int value) {
    node.addAttributeBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value);
  }

  private static ModelProto withContrib(GraphProto.Builder graph) {
    return TiledConvTest.model(graph).toBuilder()
        .addOpsetImport(
            OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
        .build();
  }

  private static TensorProto bytes(String name, Random random, int... dims) {
    int elements = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
    byte[] codes = new byte[elements];
    random.nextBytes(codes);
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(DType.U8.onnxCode())
            .setRawData(ByteString.copyFrom(codes));
    Arrays.stream(dims).forEach(t::addDims);
    return t.build();
  }

  @Test
  void agreesWithOnnxRuntime() throws Exception {
    Random random = new Random(SEED);
    double worst = 0;
    for (int i = 0; i < CASES; i++) {
      Case c = Case.draw(random);
      Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, c.in));
      double error =
          TiledConvTest.error(
              c.toString(),
              c.model(random),
              feeds,
              i,
              plan ->
                  assertTrue(
                      c.n == 1
                          || plan.kernels().stream().anyMatch(k -> k.family().equals("quantised")),
                      c.toString()));
      worst = Math.max(worst, error);
    }
    assertTrue(worst <= 1e-5, "worst error " + worst + ", seed " + SEED);
  }

  /** New keys of a decoder: columns lie in heads, behind the rows of the past, and are codes all the same. */
  @Test
  void columnsInHeadsGoBehindAPast() throws Exception {
    Random random = new Random(SEED);
    int heads = 3;
    for (int i = 0; i < 24; i++) {
      int size = new int[] {16, 64, 24, 8}[i % 4];
      int rows = 1 + i / 4 % 3;
      int level = i < 12 ? 0 : 4;
      int bits = i % 3 == 0 ? 8 : 4;
      Case c =
          new Case(
              new int[] {1, rows, 96}, heads * size, bits, 32, Zeros.NONE, i % 5 == 0, level);
      GraphProto.Builder graph = GraphProto.newBuilder().setName("keys");
      graph.addInput(TiledConvTest.port("x", c.in));
      c.node(graph, random);
      keys(graph, rows, heads, size);
      Map<String, Tensor> feeds =
          Map.of(
              "x", TiledConvTest.tensor(random, c.in),
              "past", TiledConvTest.tensor(random, 1, heads, PAST, size));
      double error =
          TiledConvTest.error(
              c.toString(),
              withContrib(graph).toByteArray(),
              feeds,
              i,
              plan ->
                  assertTrue(
                      plan.kernels().stream().anyMatch(k -> k.family().equals("quantised")),
                      c.toString()));
      assertTrue(error <= 1e-5, c + ": " + error);
    }
  }

  /** Rows, columns or both chosen from tables of 4 and 8 bits. */
  @Test
  void gathersAgreeWithOnnxRuntime() throws Exception {
    Random random = new Random(SEED);
    for (int i = 0; i < 12; i++) {
      int bits = i % 3 == 0 ? 8 : 4;
      boolean zeros = i % 2 == 0;
      int[] table = {7 + i, 2 * (10 + random.nextInt(40))};
      int block = 16 << random.nextInt(2);
      int blocks = (table[1] + block - 1) / block;
      GraphProto.Builder graph = GraphProto.newBuilder().setName("gather");
      int[] indices = i < 4 ? new int[] {5} : new int[] {2, 3};
      ValueInfoProto.Builder port = TiledConvTest.port("i", indices).toBuilder();
      port.getTypeBuilder().getTensorTypeBuilder().setElemType(DType.I64.onnxCode());
      graph.addInput(port);
      graph.addInitializer(bytes("w", random, table[0], table[1] * bits / 8));
      graph.addInitializer(TiledConvTest.weight("s", random, table[0], blocks));
      NodeProto.Builder node =
          graph.addNodeBuilder().setOpType("GatherBlockQuantized").setDomain("com.microsoft");
      node.addInput("w").addInput("i").addInput("s").addOutput("y");
      if (zeros) {
        node.addInput("z");
        graph.addInitializer(bytes("z", random, table[0], (blocks * bits + 7) / 8));
      }
      number(node, "bits", bits);
      number(node, "block_size", block);
      number(node, "quantize_axis", 1);
      number(node, "gather_axis", 0);
      int[] out = Arrays.copyOf(indices, indices.length + 1);
      out[indices.length] = table[1];
      graph.addOutput(TiledConvTest.port("y", out));
      Tensor chosen = Tensor.zeros(DType.I64, Shape.of(indices));
      for (int j = 0; j < chosen.elements(); j++) {
        chosen.setLong(j, random.nextInt(table[0]));
      }
      String label = "case " + i + ", seed " + SEED;
      byte[] model = withContrib(graph).toByteArray();
      double error = TiledConvTest.error(label, model, Map.of("i", chosen), i, plan -> {});
      assertTrue(error <= 1e-6, label + ": " + error);
    }
  }

  /** DequantizeLinear of a weight before a product: codes are what stays in memory. */
  @Test
  void dequantisedWeightsStayCodes() throws Exception {
    Random random = new Random(SEED);
    for (int i = 0; i < 24; i++) {
      boolean gemm = i % 2 == 1;
      int[] shape = gemm ? new int[] {130, 160} : new int[] {160, 130};
      int along = gemm ? 1 : 0;
      int[] scales =
          switch (i / 2 % 3) {
            case 0 -> new int[0];
            case 1 -> new int[] {130};
            default -> gemm ? new int[] {130, 5} : new int[] {5, 130};
          };
      int type = new int[] {DType.I8.onnxCode(), DType.U8.onnxCode(), 22, 21}[i / 6];
      GraphProto.Builder graph = GraphProto.newBuilder().setName("dequantised");
      int rows = i % 5 == 0 ? 1 : 1 + i % 7;
      graph.addInput(TiledConvTest.port("x", rows, 160));
      graph.addOutput(TiledConvTest.port("y", rows, 130));
      graph.addInitializer(codes("w", random, type, shape));
      graph.addInitializer(TiledConvTest.weight("s", random, scales));
      NodeProto.Builder node = graph.addNodeBuilder().setOpType("DequantizeLinear");
      node.addInput("w").addInput("s").addOutput("f");
      if (i % 4 < 2) {
        graph.addInitializer(codes("z", random, type, scales));
        node.addInput("z");
      }
      number(node, "axis", scales.length == 2 ? along : 1 - along);
      if (scales.length == 2) {
        number(node, "block_size", 32);
      }
      NodeProto.Builder product = graph.addNodeBuilder().setOpType(gemm ? "Gemm" : "MatMul");
      product.addInput("x").addInput("f").addOutput("y");
      if (gemm) {
        number(product, "transB", 1);
      }
      byte[] model =
          TiledConvTest.model(graph).toBuilder()
              .clearOpsetImport()
              .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(21))
              .setIrVersion(10)
              .build()
              .toByteArray();
      String label = "case " + i + ", seed " + SEED;
      Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, rows, 160));
      double error =
          TiledConvTest.error(
              label,
              model,
              feeds,
              i,
              plan ->
                  assertTrue(
                      plan.weightBytes() < (type == 21 ? 1.2 : 2) * 160 * 130
                          && plan.kernels().stream()
                              .anyMatch(k -> k.family().equals("quantised")),
                      label));
      assertTrue(error <= 1e-5, label + ": " + error);
    }
  }

  /** A tensor of integers of 8 or 4 bits. */
  private static TensorProto codes(String name, Random random, int type, int... dims) {
    TensorProto whole = bytes(name, random, dims);
    ByteString raw = whole.getRawData();
    ByteString packed = type > 20 ? raw.substring(0, (raw.size() + 1) / 2) : raw;
    return whole.toBuilder().setDataType(type).setRawData(packed).build();
  }

  private static String message(Case c, Map<String, Integer> changed, String gIdx) {
    Random random = new Random(SEED);
    GraphProto.Builder graph = GraphProto.newBuilder().setName("nbits");
    graph.addInput(TiledConvTest.port("x", c.in));
    graph.addOutput(TiledConvTest.port("y", c.out()));
    NodeProto.Builder node = c.node(graph, random);
    changed.forEach((name, value) -> number(node, name, value));
    if (!gIdx.isEmpty()) {
      node.addInput("").addInput(gIdx);
      graph.addInitializer(TiledConvTest.weight(gIdx, random, c.k()));
    }
    ByteSource file = ByteSource.of(withContrib(graph).toByteArray());
    Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, c.in));
    return assertThrows(
            ModelException.class,
            () ->
                Specialiser.specialise(
                    OnnxReader.read(file).graph(),
                    Map.of("x", feeds.get("x").type()),
                    Specialiser.Values.of(feeds, s -> OnnxTensors.load(file, s))))
        .getMessage();
  }

  @Test
  void whatIsWrongIsNamed() {
    Case c = new Case(new int[] {2, 64}, 8, 4, 32, Zeros.NONE, false, 0);
    assertTrue(message(c, Map.of("bits", 3), "").contains("3 bits, wanted 4 or 8"));
    assertTrue(message(c, Map.of("block_size", 24), "").contains("block_size is 24"));
    assertTrue(message(c, Map.of("K", 65), "").contains("wanted floats [.., 65]"));
    assertTrue(message(c, Map.of("N", 9), "").contains("wanted 288 elements of u8"));
    assertTrue(message(c, Map.of(), "g").contains("g_idx"));
  }
}
