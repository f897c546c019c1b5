package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.plan.Plan;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Convolutions of 3x3 that are made by transformed tiles, against ONNX Runtime: images of many
 * sizes, with bias, residual and ReLU.
 */
class TiledConvTest {
  private static final long SEED = 20261121;
  private static final int CASES = 40;

  /** Error of an element allowed by the greatest magnitude of the result. */
  private static final double ALLOWED = 1e-4;

  /** The worst seen was 7.0e-6 with tiles of 4 and 5.3e-7 with tiles of 2. */
  private static final double WORST_OF_FOUR = 1e-5;

  private static final double WORST_OF_TWO = 1e-6;

  /**
   * {@code z = |relu(conv(x, w) + b + r)| ^ p}, the parts after the convolution as far as given.
   *
   * @param in shape [n, in, h, w] of x
   * @param out channels of y
   * @param pads begin of rows, of columns, then their ends
   */
  private record Case(
      int[] in, int out, int[] pads, boolean bias, boolean residual, boolean relu, boolean power) {
    static Case draw(Random random) {
      int[] pads = new int[4];
      for (int i = 0; i < 4; i++) {
        pads[i] = random.nextInt(3);
      }
      int[] in = {
        1 + random.nextInt(3), 16 + 4 * random.nextInt(14), 7 + random.nextInt(16),
        7 + random.nextInt(16)
      };
      return new Case(
          in,
          16 + 4 * random.nextInt(14),
          pads,
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextBoolean(),
          false);
    }

    int[] shape() {
      return new int[] {in[0], out, in[2] + pads[0] + pads[2] - 2, in[3] + pads[1] + pads[3] - 2};
    }

    @Override
    public String toString() {
      return Shape.of(in) + " to " + Shape.of(shape()) + " pads " + pads[0] + " " + pads[1] + " "
          + pads[2] + " " + pads[3] + (bias ? " bias" : "") + (residual ? " residual" : "")
          + (relu ? " relu" : "") + (power ? " power" : "") + ", seed " + SEED;
    }

    ModelProto model(Random random) {
      GraphProto.Builder graph = GraphProto.newBuilder().setName("conv");
      graph.addInput(port("x", in));
      graph.addInitializer(weight("w", random, out, in[1], 3, 3));
      NodeProto.Builder conv =
          graph.addNodeBuilder().setOpType("Conv").addInput("x").addInput("w").addOutput("c");
      ints(conv, "pads", pads);
      String last = "c";
      if (bias) {
        graph.addInitializer(weight("b", random, out));
        conv.addInput("b");
      }
      if (residual) {
        graph.addInput(port("r", shape()));
        graph.addNodeBuilder().setOpType("Add").addInput(last).addInput("r").addOutput("s");
        last = "s";
      }
      if (relu) {
        graph.addNodeBuilder().setOpType("Relu").addInput(last).addOutput("y");
        last = "y";
      }
      if (power) {
        graph.addInput(port("p", shape()));
        graph.addNodeBuilder().setOpType("Abs").addInput(last).addOutput("a");
        graph.addNodeBuilder().setOpType("Pow").addInput("a").addInput("p").addOutput("z");
        last = "z";
      }
      graph.addOutput(port(last, shape()));
      return TiledConvTest.model(graph);
    }

    Map<String, Tensor> feeds(Random random) {
      Map<String, Tensor> feeds = new LinkedHashMap<>();
      feeds.put("x", tensor(random, in));
      if (residual) {
        feeds.put("r", tensor(random, shape()));
      }
      if (power) {
        Tensor p = Tensor.zeros(DType.F32, Shape.of(shape()));
        for (int i = 0; i < p.elements(); i++) {
          p.setDouble(i, random.nextDouble());
        }
        feeds.put("p", p);
      }
      return feeds;
    }
  }

  static ValueInfoProto port(String name, int... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (int d : dims) {
      shape.addDimBuilder().setDimValue(d);
    }
    TypeProto.Tensor.Builder type =
        TypeProto.Tensor.newBuilder().setElemType(DType.F32.onnxCode()).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }

  static void ints(NodeProto.Builder node, String name, int... values) {
    AttributeProto.Builder attribute =
        node.addAttributeBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
    for (int v : values) {
      attribute.addInts(v);
    }
  }

  static ModelProto model(GraphProto.Builder graph) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .setGraph(graph)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .build();
  }

  static TensorProto weight(String name, Random random, int... dims) {
    TensorProto.Builder weight =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(DType.F32.onnxCode())
            .setRawData(ByteString.copyFrom(tensor(random, dims).bytes()));
    for (int d : dims) {
      weight.addDims(d);
    }
    return weight.build();
  }

  static Tensor tensor(Random random, int... dims) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }

  @Test
  void tilesAgreeWithOnnxRuntime() throws Exception {
    Random random = new Random(SEED);
    double worst = 0;
    for (int i = 0; i < CASES; i++) {
      worst = Math.max(worst, error(Case.draw(random), random, i));
    }
    assertTrue(worst <= WORST_OF_FOUR, "worst error " + worst + ", seed " + SEED);
  }

  @Test
  void tilesOfTwoAgreeWithOnnxRuntime() throws Exception {
    Random random = new Random(SEED);
    int[] pads = {1, 1, 1, 1};
    double error =
        error(new Case(new int[] {1, 136, 13, 15}, 128, pads, true, true, true, false), random, 0);
    assertTrue(error <= WORST_OF_TWO, "error " + error + ", seed " + SEED);
  }

  @Test
  void whatHasNoVectorFormFollowsNumberByNumber() throws Exception {
    Random random = new Random(SEED);
    int[] pads = {1, 1, 1, 1};
    error(new Case(new int[] {2, 16, 11, 9}, 20, pads, true, false, false, true), random, 1);
  }

  private static double error(Case c, Random random, int number) throws Exception {
    byte[] model = c.model(random).toByteArray();
    Map<String, Tensor> feeds = c.feeds(random);
    return error(
        c.toString(),
        model,
        feeds,
        number,
        plan ->
            assertTrue(
                plan.kernels().stream().anyMatch(k -> k.family().equals("transform")),
                c.toString()));
  }

  /**
   * The greatest error of an element of any output, by the output's greatest magnitude.
   *
   * @param number of the case: the order in which kernels do their parts follows it
   * @param look at the plan
   */
  static double error(
      String label, byte[] model, Map<String, Tensor> feeds, int number, Consumer<Plan> look)
      throws Exception {
    ByteSource file = ByteSource.of(model);
    Map<String, Tensor> wanted;
    try (Oracle oracle = new Oracle(model)) {
      wanted = oracle.tensors(feeds);
    }
    Plan plan = PlanRunner.compiled(model, feeds).plan();
    look.accept(plan);
    PlanRunner.Order order = PlanRunner.Order.values()[number % 2];
    Map<String, Tensor> got = PlanRunner.run(plan, feeds, file, order);
    assertTrue(got.keySet().containsAll(wanted.keySet()), label);
    for (Map.Entry<String, Tensor> e : got.entrySet()) {
      // What else there is are checks of indices.
      assertTrue(wanted.containsKey(e.getKey()) || e.getValue().getLong(0) == 0, e.getKey());
    }
    double worst = 0;
    for (String name : wanted.keySet()) {
      Tensor w = wanted.get(name);
      Tensor g = got.get(name);
      assertEquals(w.type(), g.type(), label);
      double scale = 0;
      double error = 0;
      for (int i = 0; i < w.elements(); i++) {
        scale = Math.max(scale, Math.abs(w.getDouble(i)));
        error = Math.max(error, Math.abs(w.getDouble(i) - g.getDouble(i)));
      }
      assertTrue(error <= ALLOWED * scale, label + ": error " + error + " of " + scale);
      worst = Math.max(worst, error / scale);
    }
    return worst;
  }
}
