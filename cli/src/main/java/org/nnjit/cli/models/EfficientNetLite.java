package org.nnjit.cli.models;

import java.util.List;
import org.nnjit.tensor.DType;

/**
 * EfficientNet-lite0 at opset 11, as an exporter leaves it that folds batch normalisation: Conv
 * with bias, Clip, 3x3 and 5x5 depthwise convolutions, TensorFlow's SAME padding (uneven at stride
 * 2).
 *
 * <p>Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
 * Networks", arXiv:1905.11946; lite0 of the TensorFlow TPU models repository, {@code
 * efficientnet_lite0} of timm. Published with 4,652,008 parameters; folding replaces two per
 * normalised channel by one, which leaves 4,631,000.
 */
record EfficientNetLite(int side, int stem, List<Stage> stages, int last, int classes) {

  /** Blocks alike: the first has the stride; see MobileNetV2, whose blocks these are. */
  record Stage(int expansion, int kernel, int stride, int channels, int repeats) {}

  static List<Model> models() {
    List<Stage> published =
        List.of(
            new Stage(1, 3, 1, 16, 1),
            new Stage(6, 3, 2, 24, 2),
            new Stage(6, 5, 2, 40, 2),
            new Stage(6, 3, 2, 80, 3),
            new Stage(6, 5, 1, 112, 3),
            new Stage(6, 5, 2, 192, 4),
            new Stage(6, 3, 1, 320, 1));
    List<Stage> tiny =
        List.of(new Stage(1, 3, 1, 8, 1), new Stage(6, 5, 2, 12, 2), new Stage(6, 3, 2, 16, 1));
    return List.of(
        new EfficientNetLite(224, 32, published, 1280, 1000)
            .model("efficientnet-lite0", "EfficientNet-lite0, image classifier", 4_631_000),
        new EfficientNetLite(64, 8, tiny, 96, 100)
            .model(
                "efficientnet-lite-tiny", "EfficientNet-lite, 4 blocks, 64 x 64 pixels", 20_484));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:1905.11946, EfficientNet-lite0";
    return new Model(
        name, title, source, 11, parameters, new Model.Sample.Image(side), this::build);
  }

  private void build(GraphWriter g) {
    Features x = Features.image(g, "input", 3, side);
    int extent = side;
    x = step(g.in("conv_stem"), x, stem, 3, 2, 1, extent).relu6(g.in("act1"));
    extent = half(extent);
    for (int s = 0; s < stages.size(); s++) {
      Stage stage = stages.get(s);
      for (int i = 0; i < stage.repeats; i++) {
        GraphWriter block = g.in("blocks").item("blocks", s).item("blocks." + s, i);
        int stride = i == 0 ? stage.stride : 1;
        x = inverted(block, x, stage, stride, extent);
        extent = stride == 2 ? half(extent) : extent;
      }
    }
    x = step(g.in("conv_head"), x, last, 1, 1, 1, extent).relu6(g.in("act2"));
    g.output(x.classify(g, g.in("classifier"), classes), "output", DType.F32, "batch", classes);
  }

  private static int half(int extent) {
    return (extent + 1) / 2;
  }

  private static Features step(
      GraphWriter g, Features x, int outs, int kernel, int stride, int groups, int extent) {
    return x.convBias(g, outs, kernel, stride, groups, samePadding(extent, kernel, stride));
  }

  /** TensorFlow's SAME: ceil(extent / stride) outputs, the odd pixel of padding below and right. */
  static long[] samePadding(int extent, int kernel, int stride) {
    int outs = (extent + stride - 1) / stride;
    int total = Math.max(0, (outs - 1) * stride + kernel - extent);
    long before = total / 2;
    return new long[] {before, before, total - before, total - before};
  }

  private static Features inverted(GraphWriter g, Features x, Stage stage, int stride, int extent) {
    Features y = x;
    int wide = x.channels() * stage.expansion;
    if (stage.expansion != 1) {
      y = step(g.in("conv_pw"), y, wide, 1, 1, 1, extent).relu6(g.in("act1"));
    }
    y = step(g.in("conv_dw"), y, wide, stage.kernel, stride, wide, extent).relu6(g.in("act2"));
    y = step(g.in("conv_pwl"), y, stage.channels, 1, 1, 1, half(extent));
    boolean residual = stride == 1 && x.channels() == stage.channels;
    return residual ? y.add(g, x) : y;
  }
}
