package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import org.junit.jupiter.api.Test;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Depthwise convolutions over wide images against ONNX Runtime: alone they read and write images as
 * they come, before a convolution that mixes channels they do not.
 */
class ChannelFirstTest {
  private static final long SEED = 20261121;
  private static final int CASES = 40;

  /** By the greatest magnitude: sums of a few products differ by rounding only. */
  private static final double WORST = 1e-6;

  /** A window's extents, begins and ends of its halo and its steps, rows before columns. */
  private record Window(int[] kernel, int[] pads, int[] strides, int[] dilations) {
    /** With steps of 1 along the columns. */
    static Window draw(Random random) {
      int[] kernel = {1 + random.nextInt(4), 1 + random.nextInt(4)};
      int[] pads = new int[4];
      for (int i = 0; i < 4; i++) {
        pads[i] = random.nextInt(3);
      }
      int[] strides = {1 + random.nextInt(2), 1};
      int[] dilations = {1 + random.nextInt(2), 1 + random.nextInt(2)};
      return new Window(kernel, pads, strides, dilations);
    }

    int[] over(int[] in) {
      int[] out = in.clone();
      for (int i = 0; i < 2; i++) {
        int reach = dilations[i] * (kernel[i] - 1) + 1;
        out[i + 2] = (in[i + 2] + pads[i] + pads[i + 2] - reach) / strides[i] + 1;
      }
      return out;
    }

    void describe(NodeProto.Builder conv) {
      TiledConvTest.ints(conv, "pads", pads);
      TiledConvTest.ints(conv, "strides", strides);
      TiledConvTest.ints(conv, "dilations", dilations);
    }
  }

  private static NodeProto.Builder depthwise(
      GraphProto.Builder graph, Random random, String x, String y, int channels, Window window) {
    String weight = y + "_weight";
    int[] kernel = window.kernel();
    graph.addInitializer(TiledConvTest.weight(weight, random, channels, 1, kernel[0], kernel[1]));
    NodeProto.Builder conv =
        graph.addNodeBuilder().setOpType("Conv").addInput(x).addInput(weight).addOutput(y);
    window.describe(conv);
    conv.addAttributeBuilder()
        .setName("group")
        .setType(AttributeProto.AttributeType.INT)
        .setI(channels);
    return conv;
  }

  @Test
  void depthwiseConvolutionsAgreeWithOnnxRuntime() throws Exception {
    Random random = new Random(SEED);
    double worst = 0;
    for (int i = 0; i < CASES; i++) {
      int[] in = {
        1 + random.nextInt(2), 4 + random.nextInt(5), 10 + random.nextInt(10),
        26 + random.nextInt(16)
      };
      Window first = Window.draw(random);
      Window second = Window.draw(random);
      int[] middle = first.over(in);
      int[] out = second.over(middle);
      boolean mixes = random.nextBoolean();
      boolean both = random.nextBoolean();
      GraphProto.Builder graph = GraphProto.newBuilder().setName("depthwise");
      graph.addInput(TiledConvTest.port("x", in));
      depthwise(graph, random, "x", "a", in[1], first);
      graph.addNodeBuilder().setOpType("Relu").addInput("a").addOutput("r");
      graph.addInitializer(TiledConvTest.weight("bias", random, in[1]));
      depthwise(graph, random, "r", "y", in[1], second).addInput("bias");
      graph.addOutput(TiledConvTest.port("y", out));
      if (both) {
        graph.addOutput(TiledConvTest.port("r", middle));
      }
      if (mixes) {
        int[] mixed = out.clone();
        mixed[1] = 5;
        graph.addInitializer(TiledConvTest.weight("w", random, 5, in[1], 1, 1));
        graph.addNodeBuilder().setOpType("Conv").addInput("y").addInput("w").addOutput("z");
        graph.addOutput(TiledConvTest.port("z", mixed));
      }
      byte[] model = TiledConvTest.model(graph).toByteArray();
      Map<String, Tensor> feeds = new LinkedHashMap<>();
      feeds.put("x", TiledConvTest.tensor(random, in));
      String label =
          "case " + i + ", " + Shape.of(in) + " to " + Shape.of(out) + (mixes ? " mixes" : "")
              + (both ? " both" : "") + ", seed " + SEED;
      double error =
          TiledConvTest.error(
              label,
              model,
              feeds,
              i,
              plan ->
                  assertEquals(
                      mixes,
                      plan.kernels().stream().anyMatch(k -> k.family().equals("transpose")),
                      label));
      worst = Math.max(worst, error);
    }
    assertTrue(worst <= WORST, "worst error " + worst + ", seed " + SEED);
  }
}
