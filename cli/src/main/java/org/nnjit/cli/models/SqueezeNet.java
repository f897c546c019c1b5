package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.tensor.DType;

/**
 * SqueezeNet 1.1, as torchvision is exported at opset 13: no normalisation, fire modules with two
 * concatenated branches, pooling with ceil_mode.
 *
 * <p>Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters",
 * arXiv:1602.07360; torchvision {@code squeezenet1_1} (1,235,496 parameters).
 *
 * @param steps from the second layer on; null is a MaxPool
 */
record SqueezeNet(int side, int stem, List<Fire> steps, int classes) {

  /** A 1x1 convolution to few channels, then 1x1 and 3x3 side by side to `expand` channels each. */
  record Fire(int squeeze, int expand) {}

  private static final Fire POOL = new Fire(0, 0);

  static List<Model> models() {
    List<Fire> published = new ArrayList<>();
    for (int squeeze : new int[] {0, 16, 16, 0, 32, 32, 0, 48, 48, 64, 64}) {
      published.add(squeeze == 0 ? POOL : new Fire(squeeze, 4 * squeeze));
    }
    List<Fire> tiny = List.of(POOL, new Fire(8, 16), POOL, new Fire(8, 32), new Fire(12, 32));
    return List.of(
        new SqueezeNet(224, 64, List.copyOf(published), 1000)
            .model("squeezenet1.1", "SqueezeNet 1.1, image classifier", 1_235_496),
        new SqueezeNet(64, 16, tiny, 100)
            .model("squeezenet-tiny", "SqueezeNet, 3 fire modules, 64 x 64 pixels", 15_968));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:1602.07360, torchvision squeezenet1_1";
    return new Model(
        name, title, source, 13, parameters, new Model.Sample.Image(side), this::build);
  }

  private void build(GraphWriter root) {
    GraphWriter g = root.in("features");
    Features x = Features.image(root, "input", 3, side);
    x = x.convBias(g.item("features", 0), stem, 3, 2, 1, Features.same(1));
    x = x.relu(g.item("features", 1));
    int index = 2;
    for (Fire step : steps) {
      GraphWriter module = g.item("features", index++);
      x = step.equals(POOL) ? x.maxPool(module, Features.same(1), true) : fire(module, x, step);
    }
    GraphWriter classifier = root.in("classifier");
    x = x.convBias(classifier.item("classifier", 1), classes, 1, 1, 1, Features.same(1));
    x = x.relu(classifier.item("classifier", 2));
    String pooled = classifier.item("classifier", 3).op("GlobalAveragePool", x.value());
    String flat = root.node("Flatten", List.of(pooled), Attr.of("axis", 1));
    root.output(flat, "output", DType.F32, "batch", classes);
  }

  private static Features fire(GraphWriter g, Features x, Fire fire) {
    Features squeezed =
        x.convBias(g.in("squeeze"), fire.squeeze, 1, 1, 1, Features.same(1))
            .relu(g.in("squeeze_activation"));
    Features one =
        squeezed
            .convBias(g.in("expand1x1"), fire.expand, 1, 1, 1, Features.same(1))
            .relu(g.in("expand1x1_activation"));
    Features three =
        squeezed
            .convBias(g.in("expand3x3"), fire.expand, 3, 1, 1, Features.same(3))
            .relu(g.in("expand3x3_activation"));
    return one.concat(g, three);
  }
}
