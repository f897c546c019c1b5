package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.List;

/**
 * The encoder of T5, as Hugging Face's T5Stack is exported at opset 13: RMSNorm, attention without
 * scaling, a learned bias per bucket of relative position that all layers share.
 *
 * <p>Source: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
 * Transformer", arXiv:1910.10683; configuration of {@code t5-small} (the encoder with the shared
 * table: 35,330,816 parameters).
 *
 * @param width of one head
 */
record T5Encoder(int vocabulary, int hidden, int layers, int heads, int width, int inner) {
  static final int BUCKETS = 32;
  private static final int FARTHEST = 128;
  private static final float EPSILON = 1e-6f;

  static final String SOURCE = "arXiv:1910.10683, Hugging Face t5-small";
  static final T5Encoder SMALL = new T5Encoder(32128, 512, 6, 8, 64, 2048);
  static final T5Encoder TINY = new T5Encoder(1000, 48, 2, 4, 16, 96);

  static List<Model> models() {
    return List.of(
        SMALL.model("t5-small-encoder", "T5 small, text encoder", 35_330_816),
        TINY.model("t5-tiny-encoder", "T5, encoder of 2 layers of width 48", 91_376));
  }

  private Model model(String name, String title, long parameters) {
    Model.Sample sample = new Model.Sample.Text(vocabulary, 0, 512);
    return new Model(name, title, SOURCE, 13, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    String ids = root.input("input_ids", I64, "batch", "sequence");
    String mask = root.input("attention_mask", I64, "batch", "sequence");
    GraphWriter g = root.in("encoder");
    String flat = g.reshape(ids, -1, g.dim(ids, 1));
    String table = root.in("shared").weight("weight", 0, 1, vocabulary, hidden);
    String x = g.in("shared").op("Gather", table, flat);
    String additive = Layers.additiveMask(g, mask);
    String bias = null;
    for (int i = 0; i < layers; i++) {
      GraphWriter block = g.in("block." + i);
      GraphWriter first = block.in("layer.0");
      GraphWriter attention = first.in("SelfAttention");
      x = first.in("layer_norm").cast(x, F32);
      String normed = rmsNorm(first.in("layer_norm"), x);
      String[] heads = project(attention, normed);
      String scores = attention.matMul(heads[0], heads[1]);
      if (bias == null) {
        bias = attention.add(positionBias(attention, normed), additive);
      }
      x = first.add(x, attend(attention, scores, bias, heads[2], heads[3]));
      x = feedForward(block.in("layer.1"), x);
    }
    GraphWriter last = g.in("final_layer_norm");
    x = rmsNorm(last, last.cast(x, F32));
    root.output(x, "last_hidden_state", F32, "batch", "sequence", hidden);
  }

  /** weight * (x / sqrt(mean(x^2) + epsilon)). */
  String rmsNorm(GraphWriter g, String x) {
    String normed = Layers.rootMeanSquareNorm(g, x, EPSILON);
    return g.mul(g.weight("weight", 1, 0.05, hidden), normed);
  }

  /** Query [b, heads, s, width], key [b, heads, width, s], value [b, heads, s, width], batch. */
  private String[] project(GraphWriter g, String x) {
    String batch = g.dim(x, 0);
    int all = heads * width;
    String q = query(g, x);
    q = g.transpose(g.reshape(q, batch, -1, heads, width), 0, 2, 1, 3);
    String k = Layers.linearNoBias(g.in("k"), x, hidden, all, 1);
    k = g.reshape(k, batch, -1, heads, width);
    String v = Layers.linearNoBias(g.in("v"), x, hidden, all, 1);
    v = g.transpose(g.reshape(v, batch, -1, heads, width), 0, 2, 1, 3);
    return new String[] {q, g.transpose(k, 0, 2, 3, 1), v, batch};
  }

  /** [b, s, heads * width]. No 1 / sqrt(width) in T5: the weights are smaller by as much. */
  String query(GraphWriter g, String x) {
    return Layers.linearNoBias(g.in("q"), x, hidden, heads * width, 1 / Math.sqrt(width));
  }

  /**
   * The bias of every pair of positions, [1, heads, s, s]: half of the buckets per direction, exact
   * up to 8 positions, then logarithmic up to {@link #FARTHEST}.
   */
  private String positionBias(GraphWriter g, String x) {
    int half = BUCKETS / 2;
    int exact = half / 2;
    String length = g.cast(g.dim(x, 1), I64);
    String range = g.op("Range", g.scalar(0L), length, g.scalar(1L));
    String context = g.unsqueeze(range, 1);
    String memory = g.unsqueeze(range, 0);
    String relative = g.sub(memory, context);
    String ahead = g.cast(g.op("Greater", relative, g.scalar(0L)), I64);
    String direction = g.add(g.mul(ahead, g.scalar((long) half)), g.scalar(0L));
    String distance = g.op("Abs", relative);
    String near = g.op("Less", distance, g.scalar((long) exact));
    String bucket = g.op("Where", near, distance, farBucket(g, distance, exact, half));
    bucket = g.add(direction, bucket);
    return bias(g, bucket);
  }

  /** The bucket of a distance of at least {@code exact}, below {@code buckets}. */
  static String farBucket(GraphWriter g, String distance, int exact, int buckets) {
    String log = g.op("Log", g.div(g.cast(distance, F32), g.scalar((float) exact)));
    String share = g.div(log, g.scalar((float) StrictMath.log(FARTHEST / (double) exact)));
    String steps = g.cast(g.mul(share, g.scalar((float) (buckets - exact))), I64);
    String far = g.add(steps, g.scalar((long) exact));
    String most =
        g.node(
            "ConstantOfShape",
            List.of(g.op("Shape", far)),
            Attr.tensor("value", GraphWriter.oneLong(buckets - 1)));
    return g.op("Min", far, most);
  }

  /** Learned biases of buckets [s, t], as [1, heads, s, t]. */
  String bias(GraphWriter g, String bucket) {
    GraphWriter embedding = g.in("relative_attention_bias");
    String table = embedding.weight("weight", 0, 0.5, BUCKETS, heads);
    return g.unsqueeze(g.transpose(embedding.op("Gather", table, bucket), 2, 0, 1), 0);
  }

  String attend(GraphWriter g, String scores, String bias, String v, String batch) {
    String shares = g.softmax(g.cast(g.add(scores, bias), F32));
    String mixed = g.transpose(g.matMul(shares, v), 0, 2, 1, 3);
    mixed = g.reshape(mixed, batch, -1, heads * width);
    return Layers.linearNoBias(g.in("o"), mixed, heads * width, hidden, 1);
  }

  String feedForward(GraphWriter g, String x) {
    x = g.in("layer_norm").cast(x, F32);
    String normed = rmsNorm(g.in("layer_norm"), x);
    GraphWriter dense = g.in("DenseReluDense");
    String wide = Layers.linearNoBias(dense.in("wi"), normed, hidden, inner, 1);
    wide = dense.in("act").op("Relu", wide);
    return g.add(x, Layers.linearNoBias(dense.in("wo"), wide, inner, hidden, 1));
  }
}
