package org.nnjit.cli.models;

import java.util.List;
import org.nnjit.tensor.DType;

/**
 * ResNet with bottleneck blocks and the stride in the 3x3 convolution (version 1.5), as torchvision
 * is exported at opset 14 with its BatchNormalization nodes kept.
 *
 * <p>Source: He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385;
 * torchvision {@code resnet50} (25,557,032 parameters).
 *
 * @param blocks per stage
 * @param width channels of the first stage's inner convolutions; doubled by every stage
 */
record ResNet(int side, List<Integer> blocks, int width, int classes) {
  private static final int EXPANSION = 4;

  static List<Model> models() {
    return List.of(
        new ResNet(224, List.of(3, 4, 6, 3), 64, 1000)
            .model("resnet50", "ResNet-50 v1.5, image classifier", 25_557_032),
        new ResNet(64, List.of(1, 2, 1), 8, 100)
            .model("resnet-tiny", "ResNet, 4 bottleneck blocks, 64 x 64 pixels", 50_348));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:1512.03385, torchvision resnet50";
    return new Model(
        name, title, source, 14, parameters, new Model.Sample.Image(side), this::build);
  }

  private void build(GraphWriter g) {
    Features x = Features.image(g, "input", 3, side);
    x = x.conv(g.in("conv1"), width, 7, 2, 1).batchNorm(g.in("bn1")).relu(g.in("relu"));
    x = x.maxPool(g.in("maxpool"), Features.same(3), false);
    for (int stage = 0; stage < blocks.size(); stage++) {
      String layer = "layer" + (stage + 1);
      for (int i = 0; i < blocks.get(stage); i++) {
        GraphWriter block = g.in(layer, "").in(layer + "." + i);
        x = bottleneck(block, x, width << stage, stage > 0 && i == 0 ? 2 : 1);
      }
    }
    String output = x.classify(g, g.in("fc"), classes);
    g.output(output, "output", DType.F32, "batch", classes);
  }

  private static Features bottleneck(GraphWriter g, Features x, int inner, int stride) {
    Features y = x.conv(g.in("conv1"), inner, 1, 1, 1).batchNorm(g.in("bn1")).relu(g.in("relu"));
    y = y.conv(g.in("conv2"), inner, 3, stride, 1).batchNorm(g.in("bn2")).relu(g.in("relu"));
    y = y.conv(g.in("conv3"), inner * EXPANSION, 1, 1, 1).batchNorm(g.in("bn3"), 0.2);
    Features shortcut = x;
    if (stride != 1 || x.channels() != y.channels()) {
      GraphWriter down = g.in("downsample");
      shortcut =
          x.conv(down.item("downsample", 0), y.channels(), 1, stride, 1)
              .batchNorm(down.item("downsample", 1));
    }
    return y.add(g, shortcut).relu(g.in("relu"));
  }
}
