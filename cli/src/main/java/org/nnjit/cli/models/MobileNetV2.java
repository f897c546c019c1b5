package org.nnjit.cli.models;

import java.util.List;
import org.nnjit.tensor.DType;

/**
 * MobileNetV2, as torchvision is exported at opset 13 with its BatchNormalization nodes kept:
 * linear bottlenecks with depthwise convolutions, ReLU6 as Clip.
 *
 * <p>Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
 * arXiv:1801.04381, table 2; torchvision {@code mobilenet_v2} (3,504,872 parameters).
 *
 * @param stem channels of the first convolution
 * @param stages of inverted residuals
 * @param last channels of the last convolution
 */
record MobileNetV2(int side, int stem, List<Stage> stages, int last, int classes) {

  /**
   * Blocks alike.
   *
   * @param expansion of the channels inside
   * @param channels of the output
   * @param repeats blocks
   * @param stride of the first block
   */
  record Stage(int expansion, int channels, int repeats, int stride) {}

  static List<Model> models() {
    List<Stage> published =
        List.of(
            new Stage(1, 16, 1, 1),
            new Stage(6, 24, 2, 2),
            new Stage(6, 32, 3, 2),
            new Stage(6, 64, 4, 2),
            new Stage(6, 96, 3, 1),
            new Stage(6, 160, 3, 2),
            new Stage(6, 320, 1, 1));
    List<Stage> tiny =
        List.of(new Stage(1, 8, 1, 1), new Stage(6, 12, 2, 2), new Stage(6, 16, 2, 2));
    return List.of(
        new MobileNetV2(224, 32, published, 1280, 1000)
            .model("mobilenet-v2", "MobileNetV2, image classifier", 3_504_872),
        new MobileNetV2(64, 8, tiny, 96, 100)
            .model("mobilenet-v2-tiny", "MobileNetV2, 5 blocks, 64 x 64 pixels", 23_460));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:1801.04381, torchvision mobilenet_v2";
    return new Model(
        name, title, source, 13, parameters, new Model.Sample.Image(side), this::build);
  }

  private void build(GraphWriter g) {
    GraphWriter features = g.in("features");
    Features x =
        normed(features, "features", 0, Features.image(g, "input", 3, side), stem, 3, 2, 1);
    int index = 1;
    for (Stage stage : stages) {
      for (int i = 0; i < stage.repeats; i++) {
        x = inverted(features.item("features", index++), x, stage, i == 0 ? stage.stride : 1);
      }
    }
    x = normed(features, "features", index, x, last, 1, 1, 1);
    GraphWriter head = g.in("classifier").item("classifier", 1);
    g.output(x.classify(g, head, classes), "output", DType.F32, "batch", classes);
  }

  /** Conv, BatchNormalization, Clip: one member of a sequence, itself a sequence of three. */
  private static Features normed(
      GraphWriter parent,
      String list,
      int index,
      Features x,
      int outs,
      int kernel,
      int stride,
      int groups) {
    GraphWriter g = parent.item(list, index);
    String own = list + "." + index;
    return x.conv(g.item(own, 0), outs, kernel, stride, groups)
        .batchNorm(g.item(own, 1))
        .relu6(g.item(own, 2));
  }

  private static Features inverted(GraphWriter block, Features x, Stage stage, int stride) {
    GraphWriter g = block.in("conv");
    int index = 0;
    Features y = x;
    int wide = x.channels() * stage.expansion;
    if (stage.expansion != 1) {
      y = normed(g, "conv", index++, y, wide, 1, 1, 1);
    }
    y = normed(g, "conv", index++, y, wide, 3, stride, wide);
    y = y.conv(g.item("conv", index++), stage.channels, 1, 1, 1).batchNorm(g.item("conv", index));
    boolean residual = stride == 1 && x.channels() == stage.channels;
    return residual ? x.add(block, y) : y;
  }
}
