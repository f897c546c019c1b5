package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.nnjit.tensor.DType;

/** Models that come to one kernel besides packing, one for each kind of kernel. */
public final class KernelModels {
  private KernelModels() {}

  /** All of them; their input is {@code x}, and none has a sample. */
  public static List<Model> all() {
    List<Model> all = new ArrayList<>();
    all.add(
        one("matmul-128x768x3072", g -> g.matMul("x", g.weight("w", 0, 0.04, 768, 3072)), 128, 768));
    all.add(one("conv-3x3-64-64-at-56", g -> conv(g, 64, 64, 1), 1, 64, 56, 56));
    all.add(one("depthwise-3x3-144-at-56", g -> conv(g, 144, 1, 144), 1, 144, 56, 56));
    all.add(one("softmax-12x128x128", g -> g.softmax("x"), 12, 128, 128));
    all.add(one("layernorm-128x768", g -> Layers.layerNorm(g, "x", 768, 1e-5f), 128, 768));
    all.add(one("gelu-128x3072", g -> Layers.gelu(g, "x"), 128, 3072));
    return List.copyOf(all);
  }

  private static String conv(GraphWriter g, int filters, int channels, int groups) {
    String weight = g.weight("w", 0, 0.1, filters, channels, 3, 3);
    return g.node(
        "Conv",
        List.of("x", weight),
        Attr.of("group", groups),
        Attr.of("kernel_shape", new long[] {3, 3}),
        Attr.of("pads", new long[] {1, 1, 1, 1}));
  }

  private static Model one(String name, Function<GraphWriter, String> body, Integer... dims) {
    return new Model(
        name, name, "one kernel", 14, 0, null,
        g -> {
          g.input("x", DType.F32, (Object[]) dims);
          g.output(body.apply(g), "y", DType.F32, (Object[]) dims);
        });
  }
}
