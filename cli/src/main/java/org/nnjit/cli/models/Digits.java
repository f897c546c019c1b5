package org.nnjit.cli.models;

import java.util.List;
import java.util.Map;
import org.nnjit.tensor.DType;

/**
 * The trained recogniser of drawn digits: three 3x3 convolutions, each with ReLU and 2x2 pooling,
 * and two linear layers; 25,034 parameters. The weights come with the program; {@code
 * models/digits/README.md} says how they were trained, how well they do, and how a drawing must be
 * prepared.
 *
 * <p>Input {@code image}: [batch, 1, 28, 28] f32 in 0 (paper) to 1 (ink). Output {@code
 * probabilities}: [batch, 10] f32.
 */
final class Digits {
  private static final int PARAMETERS = 25_034;

  private Digits() {}

  static List<Model> models() {
    return List.of(
        new Model(
            "digits",
            "Drawn digits 0-9, trained",
            "models/digits/train.mjs",
            13,
            PARAMETERS,
            new Model.Sample.Digit(),
            Digits::build));
  }

  private static void build(GraphWriter g) {
    Map<String, Weight.Floats> weights = TrainedWeights.of("digits");
    String x = g.input("image", DType.F32, "batch", 1, 28, 28);
    for (int i = 1; i <= 3; i++) {
      GraphWriter conv = g.in("conv" + i);
      x =
          conv.node(
              "Conv",
              List.of(x, trained(conv, weights, i, "weight"), trained(conv, weights, i, "bias")),
              Attr.of("dilations", 1, 1),
              Attr.of("group", 1),
              Attr.of("kernel_shape", 3, 3),
              Attr.of("pads", 1, 1, 1, 1),
              Attr.of("strides", 1, 1));
      x = g.in("relu" + i).op("Relu", x);
      x =
          g.in("pool" + i)
              .node(
                  "MaxPool",
                  List.of(x),
                  Attr.of("ceil_mode", 0),
                  Attr.of("kernel_shape", 2, 2),
                  Attr.of("pads", 0, 0, 0, 0),
                  Attr.of("strides", 2, 2));
    }
    x = g.node("Flatten", List.of(x), Attr.of("axis", 1));
    x = g.in("relu4").op("Relu", dense(g.in("dense1"), weights, 1, x));
    x = g.node("Softmax", List.of(dense(g.in("dense2"), weights, 2, x)), Attr.of("axis", 1));
    g.output(x, "probabilities", DType.F32, "batch", 10);
  }

  private static String trained(
      GraphWriter conv, Map<String, Weight.Floats> weights, int layer, String name) {
    return conv.parameter(name, weights.get("conv" + layer + "." + name));
  }

  private static String dense(
      GraphWriter g, Map<String, Weight.Floats> weights, int layer, String x) {
    String prefix = "dense" + layer + ".";
    return g.node(
        "Gemm",
        List.of(
            x,
            g.parameter("weight", weights.get(prefix + "weight")),
            g.parameter("bias", weights.get(prefix + "bias"))),
        Attr.of("alpha", 1f),
        Attr.of("beta", 1f));
  }
}
