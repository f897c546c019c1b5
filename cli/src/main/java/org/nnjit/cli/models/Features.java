package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.List;
import onnx.Onnx.AttributeProto;
import org.nnjit.tensor.DType;

/**
 * A feature map [batch, channels, height, width] f32 of a convolutional network under construction,
 * with the layers that can follow it. Every method writes nodes into the given module.
 *
 * @param value in the graph
 * @param marginals expected distribution per channel
 */
record Features(String value, Marginals marginals) {
  /** The network's input: an image [batch, channels, side, side] of mean 0 and variance 1. */
  static Features image(GraphWriter g, String name, int channels, int side) {
    String value = g.input(name, DType.F32, "batch", channels, side, side);
    return new Features(value, Marginals.standard(channels));
  }

  int channels() {
    return marginals.channels();
  }

  /** Symmetric padding that keeps the extent at stride 1. */
  static long[] same(int kernel) {
    long p = kernel / 2;
    return new long[] {p, p, p, p};
  }

  /** A convolution without bias, He-initialised: normalisation follows. */
  Features conv(GraphWriter g, int outs, int kernel, int stride, int groups) {
    double deviation = Math.sqrt(2.0 / fanIn(kernel, groups));
    Weight.Floats weight = filter(g, deviation, outs, kernel, groups);
    String w = g.parameter("weight", weight);
    return new Features(
        convNode(g, List.of(value, w), kernel, stride, groups, same(kernel)),
        marginals.convolved(weight, groups));
  }

  /**
   * A convolution with bias whose outputs have mean 0 and variance 1: a network without
   * normalisation, or one whose exporter has folded it.
   *
   * @param pads top, left, bottom, right
   */
  Features convBias(GraphWriter g, int outs, int kernel, int stride, int groups, long[] pads) {
    double deviation = 1 / Math.sqrt(fanIn(kernel, groups) * marginals.meanVariance());
    Weight.Floats weight = filter(g, deviation, outs, kernel, groups);
    Marginals sums = marginals.convolved(weight, groups);
    String w = g.parameter("weight", weight);
    Weight.Floats means = biasNoise(g, outs);
    String b = g.parameter("bias", centring(sums, means));
    return new Features(
        convNode(g, List.of(value, w, b), kernel, stride, groups, pads), sums.centred(means));
  }

  private static Weight.Floats biasNoise(GraphWriter g, int outs) {
    return g.random("bias", 0, 0.1, outs);
  }

  /** The bias that moves the means of a convolution's sums to the given ones. */
  private static Weight.Floats centring(Marginals sums, Weight.Floats means) {
    float[] bias = new float[sums.channels()];
    for (int c = 0; c < bias.length; c++) {
      bias[c] = (float) (means.at(c) - sums.mean(c));
    }
    return new Weight.Values(bias, bias.length);
  }

  private Weight.Floats filter(GraphWriter g, double deviation, int outs, int kernel, int groups) {
    return g.random("weight", 0, deviation, outs, channels() / groups, kernel, kernel);
  }

  private double fanIn(int kernel, int groups) {
    return (double) kernel * kernel * channels() / groups;
  }

  private static String convNode(
      GraphWriter g, List<String> inputs, int kernel, int stride, int groups, long[] pads) {
    return g.node(
        "Conv",
        inputs,
        Attr.of("dilations", 1, 1),
        Attr.of("group", groups),
        Attr.of("kernel_shape", kernel, kernel),
        Attr.of("pads", pads),
        Attr.of("strides", stride, stride));
  }

  /** BatchNormalization with running statistics as expected and scales around 1. */
  Features batchNorm(GraphWriter g) {
    return batchNorm(g, 1);
  }

  /**
   * BatchNormalization with running statistics as expected.
   *
   * @param gain mean of the scales. The last normalisation of a residual branch has a small one, as
   *     trained networks do: with 1, small errors of the expected statistics grow from block to
   *     block
   */
  Features batchNorm(GraphWriter g, double gain) {
    int c = channels();
    Weight.Floats scale = g.random("weight", gain, 0.1 * gain, c);
    Weight.Floats shift = g.random("bias", 0, 0.2, c);
    float[] means = new float[c];
    float[] variances = new float[c];
    for (int i = 0; i < c; i++) {
      means[i] = (float) marginals.mean(i);
      variances[i] = (float) marginals.variance(i);
    }
    List<String> inputs =
        List.of(
            value,
            g.parameter("weight", scale),
            g.parameter("bias", shift),
            g.stored("running_mean", new Weight.Values(means, c)),
            g.stored("running_var", new Weight.Values(variances, c)));
    List<AttributeProto> attributes =
        new ArrayList<>(List.of(Attr.of("epsilon", 1e-5f), Attr.of("momentum", 0.9f)));
    if (g.opset() >= 14) {
      attributes.add(Attr.of("training_mode", 0));
    }
    return new Features(
        g.node("BatchNormalization", inputs, attributes.toArray(AttributeProto[]::new)),
        marginals.normalised(shift, scale));
  }

  Features relu(GraphWriter g) {
    return new Features(g.op("Relu", value), marginals.clip(0, Double.MAX_VALUE));
  }

  /** Clip to 0..6. */
  Features relu6(GraphWriter g) {
    return new Features(g.op("Clip", value, g.scalar(0f), g.scalar(6f)), marginals.clip(0, 6));
  }

  /** MaxPool 3x3 with stride 2. */
  Features maxPool(GraphWriter g, long[] pads, boolean ceil) {
    String pooled =
        g.node(
            "MaxPool",
            List.of(value),
            Attr.of("ceil_mode", ceil ? 1 : 0),
            Attr.of("kernel_shape", 3, 3),
            Attr.of("pads", pads),
            Attr.of("strides", 2, 2));
    return new Features(pooled, marginals.maxPool());
  }

  Features add(GraphWriter g, Features other) {
    return new Features(g.add(value, other.value), marginals.add(other.marginals));
  }

  /** Concatenates channels. */
  Features concat(GraphWriter g, Features other) {
    return new Features(
        g.concat(1, List.of(value, other.value)), marginals.concat(other.marginals));
  }

  /**
   * GlobalAveragePool, Flatten and a linear layer to [batch, classes], its bias taking away what is
   * the same for every image.
   *
   * @param root module of the pooling and the flattening
   * @param head module of the linear layer
   */
  String classify(GraphWriter root, GraphWriter head, int classes) {
    String flat =
        root.node("Flatten", List.of(root.op("GlobalAveragePool", value)), Attr.of("axis", 1));
    // Averaging over the map leaves a part of the variance; 3 brings logits back to order 1.
    double deviation = 3 / Math.sqrt(channels() * marginals.meanVariance());
    Weight.Floats weight = head.random("weight", 0, deviation, classes, channels());
    Weight.Floats bias = centring(marginals.convolved(weight, 1), biasNoise(head, classes));
    return head.node(
        "Gemm",
        List.of(flat, head.parameter("weight", weight), head.parameter("bias", bias)),
        Attr.of("alpha", 1f),
        Attr.of("beta", 1f),
        Attr.of("transB", 1));
  }
}
