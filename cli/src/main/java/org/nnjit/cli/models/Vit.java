package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.List;

/**
 * Vision Transformer, as torchvision's VisionTransformer is exported at opset 15: attention of
 * torch.nn.MultiheadAttention with the sequence first and heads folded into the batch.
 *
 * <p>Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929; torchvision
 * {@code vit_b_16} (86,567,656 parameters).
 *
 * @param side of the image in pixels
 * @param patch side of a patch in pixels
 */
record Vit(int side, int patch, int hidden, int layers, int heads, int inner, int classes) {
  private static final float EPSILON = 1e-6f;

  static List<Model> models() {
    return List.of(
        new Vit(224, 16, 768, 12, 12, 3072, 1000)
            .model("vit-base", "ViT base 16, image classifier", 86_567_656),
        new Vit(32, 8, 48, 2, 4, 96, 100)
            .model("vit-tiny", "ViT, 2 layers of width 48, 32 x 32 pixels", 53_044));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:2010.11929, torchvision vit_b_16";
    return new Model(
        name, title, source, 15, parameters, new Model.Sample.Image(side), this::build);
  }

  private void build(GraphWriter g) {
    String image = g.input("input", F32, "batch", 3, side, side);
    String first = g.scalar(0L);
    String x = tokens(g, image);
    GraphWriter encoder = g.in("encoder");
    int sequence = (side / patch) * (side / patch) + 1;
    x = encoder.add(x, encoder.weight("pos_embedding", 0, 0.3, 1, sequence, hidden));
    for (int i = 0; i < layers; i++) {
      x = layer(encoder.in("layers").in("encoder_layer_" + i), x);
    }
    x = Layers.layerNorm(encoder.in("ln"), x, hidden, EPSILON);
    String top = g.gather(x, first, 1);
    x = Layers.gemm(g.in("heads").in("head"), top, hidden, classes, 1.5);
    g.output(x, "output", F32, "batch", classes);
  }

  /** The class token and the projected patches, [b, 1 + patches, hidden]. */
  private String tokens(GraphWriter g, String image) {
    String batch = g.dim(image, 0);
    String down = count(g, g.dim(image, 2));
    String across = count(g, g.dim(image, 3));
    GraphWriter project = g.in("conv_proj");
    int inputs = 3 * patch * patch;
    String patches =
        project.node(
            "Conv",
            List.of(
                image,
                project.weight("weight", 0, 1 / Math.sqrt(inputs), hidden, 3, patch, patch),
                project.weight("bias", 0, 0.02, hidden)),
            Attr.of("dilations", 1, 1),
            Attr.of("group", 1),
            Attr.of("kernel_shape", patch, patch),
            Attr.of("pads", 0, 0, 0, 0),
            Attr.of("strides", patch, patch));
    String flat = g.reshape(patches, batch, hidden, g.mul(down, across));
    String rows = g.transpose(flat, 0, 2, 1);
    String token = g.weight("class_token", 0, 0.5, 1, 1, hidden);
    String tokens = g.expand(token, g.shape(g.dim(rows, 0), -1, -1));
    return g.concat(1, List.of(tokens, rows));
  }

  /** Patches along an extent: an exported integer division, with the casts tracing leaves. */
  private String count(GraphWriter g, String extent) {
    return g.cast(g.cast(g.div(extent, g.scalar((long) patch)), I64), I64);
  }

  private String layer(GraphWriter g, String x) {
    String normed = Layers.layerNorm(g.in("ln_1"), x, hidden, EPSILON);
    x = g.add(selfAttention(g.in("self_attention"), normed), x);
    normed = Layers.layerNorm(g.in("ln_2"), x, hidden, EPSILON);
    GraphWriter mlp = g.in("mlp");
    String wide = Layers.linear(mlp.item("mlp", 0), normed, hidden, inner, 1);
    wide = Layers.gelu(mlp.item("mlp", 1), wide);
    String narrow = Layers.linear(mlp.item("mlp", 3), wide, inner, hidden, 1.5 * branchGain());
    return g.add(x, narrow);
  }

  private double branchGain() {
    return 1 / Math.sqrt(layers);
  }

  /** x: [b, s, hidden]. */
  private String selfAttention(GraphWriter g, String x) {
    x = g.transpose(x, 1, 0, 2);
    String sequence = g.dim(x, 0);
    String batch = g.dim(x, 1);
    String width = g.dim(x, 2);
    String headWidth = g.cast(g.cast(g.div(width, g.scalar((long) heads)), I64), I64);
    String weight = g.weight("in_proj_weight", 0, 1 / Math.sqrt(hidden), hidden, 3L * hidden);
    String all = g.add(g.weight("in_proj_bias", 0, 0.02, 3L * hidden), g.matMul(x, weight));
    String[] qkv = thirds(g, all);
    String rows = g.mul(batch, g.scalar((long) heads));
    String q = g.transpose(g.reshape(qkv[0], sequence, rows, headWidth), 1, 0, 2);
    String k = g.reshape(qkv[1], g.dim(qkv[1], 0), rows, headWidth);
    String v = g.transpose(g.reshape(qkv[2], g.dim(qkv[2], 0), rows, headWidth), 1, 0, 2);
    q = g.div(q, g.scalar((float) Math.sqrt(hidden / (double) heads)));
    String shares = g.softmax(g.matMul(q, g.transpose(k, 1, 2, 0)));
    String mixed = g.transpose(g.matMul(shares, v), 1, 0, 2);
    mixed = g.reshape(mixed, g.mul(sequence, batch), width);
    // The functional form: a Gemm that carries the name of the attention, not of its projection.
    GraphWriter out = g.in("out_proj");
    String projected =
        g.node(
            "Gemm",
            List.of(
                mixed,
                out.weight("weight", 0, branchGain() / Math.sqrt(hidden), hidden, hidden),
                out.weight("bias", 0, 0.02, hidden)),
            Attr.of("alpha", 1f),
            Attr.of("beta", 1f),
            Attr.of("transB", 1));
    projected = g.reshape(projected, sequence, batch, g.dim(projected, 1));
    return g.transpose(projected, 1, 0, 2);
  }

  /** torch.chunk(3, -1) of a value: the bounds are computed from its shape. */
  private static String[] thirds(GraphWriter g, String all) {
    String axis = g.ints(-1);
    String extent = g.gather(g.op("Shape", all), axis, 0);
    String start = g.ints(0);
    String step = g.div(g.add(extent, g.ints(2)), g.ints(3));
    String[] parts = new String[3];
    for (int i = 0; i < 3; i++) {
      String end = g.mul(step, g.ints(i + 1));
      parts[i] = g.op("Slice", all, start, end, axis);
      start = end;
    }
    return parts;
  }
}
