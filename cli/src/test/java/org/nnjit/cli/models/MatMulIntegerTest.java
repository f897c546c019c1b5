package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Test;
import org.nnjit.plan.Plan;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/**
 * Products as quantize_dynamic of ONNX Runtime writes them, against ONNX Runtime: activations become u8
 * in the run, weights are i8 or u8 with scales per tensor or per column.
 */
class MatMulIntegerTest {
  private static final long SEED = 20261123;
  private static final int CASES = 80;

  /**
   * @param in shape of A, k last
   * @param signed weights
   * @param zeros whether weights have zero points that are not 0
   * @param head columns of a head behind a past, 0 for a product without heads
   */
  private record Case(
      int[] in, int n, boolean signed, boolean columns, boolean zeros, boolean bias, int head) {
    static Case draw(Random random) {
      int k = random.nextInt(4) == 0 ? 1 + random.nextInt(70) : 4 * (1 + random.nextInt(40));
      int m = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(9);
      int head = random.nextInt(4) == 0 ? 8 << random.nextInt(3) : 0;
      int[] in =
          head > 0 || random.nextInt(3) == 0
              ? new int[] {head > 0 ? 1 : 2, m, k}
              : new int[] {m, k};
      boolean signed = random.nextBoolean();
      return new Case(
          in, head > 0 ? 3 * head : 1 + random.nextInt(70), signed, random.nextBoolean(),
          !signed || random.nextInt(3) == 0, random.nextBoolean(), head);
    }

    int k() {
      return in[in.length - 1];
    }

    @Override
    public String toString() {
      return Arrays.toString(in) + " n " + n + (signed ? " i8" : " u8")
          + (columns ? " by columns" : "") + (zeros ? " zeros" : "") + (bias ? " bias" : "")
          + " head " + head + ", seed " + SEED;
    }

    byte[] model(Random random) {
      GraphProto.Builder graph = GraphProto.newBuilder().setName("integers");
      graph.addInput(TiledConvTest.port("x", in));
      graph.addNodeBuilder().setOpType("DynamicQuantizeLinear").addInput("x").addOutput("xq")
          .addOutput("xs").addOutput("xz");
      int[] each = columns ? new int[] {n} : new int[0];
      graph.addInitializer(codes("w", random, signed, k(), n));
      graph.addInitializer(zeros ? codes("wz", random, signed, each) : zero("wz", signed, each));
      graph.addInitializer(TiledConvTest.weight("ws", random, each));
      node(graph, "MatMulInteger", "i", "xq", "w", "xz", "wz");
      MatMulNBitsTest.number(node(graph, "Cast", "f", "i"), "to", DType.F32.onnxCode());
      node(graph, "Mul", "s", "xs", "ws");
      node(graph, "Mul", bias ? "p" : "y", "f", "s");
      if (bias) {
        graph.addInitializer(TiledConvTest.weight("b", random, n));
        node(graph, "Add", "y", "p", "b");
      }
      int[] out = in.clone();
      out[out.length - 1] = n;
      if (head == 0) {
        graph.addOutput(TiledConvTest.port("y", out));
      } else {
        MatMulNBitsTest.keys(graph, in[1], n / head, head);
      }
      return TiledConvTest.model(graph).toByteArray();
    }

    Map<String, Tensor> feeds(Random random) {
      Tensor x = TiledConvTest.tensor(random, in);
      return head == 0
          ? Map.of("x", x)
          : Map.of("x", x, "past", TiledConvTest.tensor(random, 1, n / head, MatMulNBitsTest.PAST, head));
    }

    void look(Plan plan) {
      boolean packed = n > 1 && (head == 0 || head % 16 == 0);
      boolean found = plan.kernels().stream().anyMatch(k -> k.family().equals("integer"));
      assertTrue(found || !packed, toString());
    }
  }

  private static NodeProto.Builder node(
      GraphProto.Builder graph, String type, String out, String... in) {
    return graph.addNodeBuilder().setOpType(type).addAllInput(List.of(in)).addOutput(out);
  }

  private static TensorProto zero(String name, boolean signed, int... dims) {
    return tensor(name, signed, new byte[elements(dims)], dims);
  }

  /** Signed ones of 7 bits: ONNX Runtime adds up pairs of greater products in 16 bits on some processors. */
  private static TensorProto codes(String name, Random random, boolean signed, int... dims) {
    byte[] codes = new byte[elements(dims)];
    random.nextBytes(codes);
    for (int i = 0; signed && i < codes.length; i++) {
      codes[i] >>= 1;
    }
    return tensor(name, signed, codes, dims);
  }

  private static int elements(int... dims) {
    return Arrays.stream(dims).reduce(1, (a, b) -> a * b);
  }

  private static TensorProto tensor(String name, boolean signed, byte[] codes, int... dims) {
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType((signed ? DType.I8 : DType.U8).onnxCode())
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
      byte[] model = c.model(random);
      double error = TiledConvTest.error(c.toString(), model, c.feeds(random), i, c::look);
      worst = Math.max(worst, error);
    }
    assertTrue(worst <= 1e-5, "worst error " + worst + ", seed " + SEED);
  }

  /**
   * Scales, bias and the cast to floats are the product's own: beside it four kernels make codes of x and
   * pairs of these, and two what is loaded.
   */
  @Test
  void aProductIsOneKernel() throws Exception {
    Random random = new Random(SEED);
    Case c = new Case(new int[] {1, 5, 64}, 48, true, true, false, true, 0);
    TiledConvTest.error(
        c.toString(), c.model(random), c.feeds(random), 0,
        plan -> assertEquals(7, plan.kernels().size(), plan.kernels().toString()));
  }

  /** Activations of i8, as MatMulInteger takes them without zero points too. */
  @Test
  void signedActivations() throws Exception {
    Random random = new Random(SEED);
    for (int i = 0; i < 12; i++) {
      int k = 30 + 3 * i;
      GraphProto.Builder graph = GraphProto.newBuilder().setName("signed");
      graph.addInput(TiledConvTest.port("x", 1 + i, k));
      graph.addInitializer(scale("xs", 0.03f));
      graph.addInitializer(zero("xz", true));
      graph.addInitializer(codes("w", random, true, k, 33));
      node(graph, "QuantizeLinear", "xq", "x", "xs", "xz");
      node(graph, "MatMulInteger", "i", "xq", "w");
      MatMulNBitsTest.number(node(graph, "Cast", "y", "i"), "to", DType.F32.onnxCode());
      graph.addOutput(TiledConvTest.port("y", 1 + i, 33));
      String label = "k " + k + ", seed " + SEED;
      double error =
          TiledConvTest.error(
              label,
              TiledConvTest.model(graph).toByteArray(),
              Map.of("x", TiledConvTest.tensor(random, 1 + i, k)),
              i,
              plan ->
                  assertTrue(
                      plan.kernels().stream().anyMatch(q -> q.family().equals("integer")), label));
      assertTrue(error <= 1e-6, label + ": " + error);
    }
  }

  /** Requantised results: QLinearMatMul. */
  @Test
  void resultsOfBytesAgree() throws Exception {
    Random random = new Random(SEED);
    for (int i = 0; i < 12; i++) {
      boolean columns = i % 2 == 0;
      int[] each = columns ? new int[] {33} : new int[0];
      GraphProto.Builder graph = GraphProto.newBuilder().setName("linear");
      graph.addInput(TiledConvTest.port("x", 1 + i, 40));
      graph.addInitializer(tensor("xz", false, new byte[] {(byte) 120}));
      graph.addInitializer(scale("xs", 0.03f));
      graph.addInitializer(codes("w", random, true, 40, 33));
      graph.addInitializer(zero("wz", true, each));
      graph.addInitializer(columns ? scale("ws", 0.02f, 33) : scale("ws", 0.02f));
      graph.addInitializer(scale("ys", 0.11f));
      graph.addInitializer(tensor("yz", false, new byte[] {(byte) 131}));
      node(graph, "QuantizeLinear", "xq", "x", "xs", "xz");
      node(graph, "QLinearMatMul", "q", "xq", "xs", "xz", "w", "ws", "wz", "ys", "yz");
      node(graph, "DequantizeLinear", "y", "q", "ys", "yz");
      graph.addOutput(TiledConvTest.port("y", 1 + i, 33));
      String label = "case " + i + ", seed " + SEED;
      Map<String, Tensor> feeds = Map.of("x", TiledConvTest.tensor(random, 1 + i, 40));
      double error =
          TiledConvTest.error(
              label,
              TiledConvTest.model(graph).toByteArray(),
              feeds,
              i,
              plan ->
                  assertTrue(
                      plan.kernels().stream().anyMatch(k -> k.family().equals("integer")), label));
      assertTrue(error <= 1e-6, label + ": " + error);
    }
  }

  private static TensorProto scale(String name, float value, int... dims) {
    TensorProto.Builder t =
        TensorProto.newBuilder().setName(name).setDataType(DType.F32.onnxCode());
    for (int i = 0; i < elements(dims); i++) {
      t.addFloatData(value);
    }
    Arrays.stream(dims).forEach(t::addDims);
    return t.build();
  }
}
