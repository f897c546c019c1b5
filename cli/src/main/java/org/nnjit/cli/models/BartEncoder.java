package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.List;

/**
 * The encoder of BART, as Hugging Face's BartEncoder is exported at opset 13: heads folded into the
 * batch for three-dimensional matrix products, the query scaled before them.
 *
 * <p>Source: Lewis et al., "BART: Denoising Sequence-to-Sequence Pre-training", arXiv:1910.13461;
 * configuration of {@code facebook/bart-base} (the encoder with the shared table: 81,920,256
 * parameters).
 *
 * @param positions longest sequence; the table has 2 more rows, an old habit of fairseq
 */
record BartEncoder(int vocabulary, int positions, int hidden, int layers, int heads, int inner) {
  private static final int PAD = 1;
  private static final int POSITION_OFFSET = 2;
  static final float EPSILON = 1e-5f;

  static final String SOURCE = "arXiv:1910.13461, Hugging Face facebook/bart-base";
  static final BartEncoder BASE = new BartEncoder(50265, 1024, 768, 6, 12, 3072);
  static final BartEncoder TINY = new BartEncoder(1000, 64, 48, 2, 4, 96);

  static List<Model> models() {
    return List.of(
        BASE.model("bart-base-encoder", "BART base, text encoder", 81_920_256),
        TINY.model("bart-tiny-encoder", "BART, encoder of 2 layers of width 48", 89_184));
  }

  private Model model(String name, String title, long parameters) {
    Model.Sample sample = new Model.Sample.Text(vocabulary, PAD, positions);
    return new Model(name, title, SOURCE, 13, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    String ids = root.input("input_ids", I64, "batch", "sequence");
    String mask = root.input("attention_mask", I64, "batch", "sequence");
    GraphWriter g = root.in("encoder");
    String sequence = g.dim(ids, 1);
    String flat = g.reshape(ids, -1, sequence);
    GraphWriter tokens = g.in("embed_tokens");
    String table = tokens.parameter("weight", table(root));
    // Scaled by 1: scale_embedding is off, the multiplication is exported all the same.
    String words = g.mul(tokens.op("Gather", table, flat), g.scalar(1f));
    String places = g.cast(positions(g.in("embed_positions"), ids, sequence), F32);
    String x = Layers.layerNorm(g.in("layernorm_embedding"), g.add(words, places), hidden, EPSILON);
    String additive = Layers.expandedMask(g, mask, null);
    for (int i = 0; i < layers; i++) {
      x = layer(g.in("layers." + i), x, additive);
    }
    root.output(x, "last_hidden_state", F32, "batch", "sequence", hidden);
  }

  /** The token table that encoder and decoder share, [vocabulary, hidden]. */
  Weight.Floats table(GraphWriter root) {
    GraphWriter tokens = root.in("encoder").in("embed_tokens");
    return tokens.random("weight", 0, 0.7, vocabulary, hidden);
  }

  private String positions(GraphWriter g, String ids, String sequence) {
    String batch = g.dim(ids, 0);
    String range = g.op("Range", g.scalar(0L), g.cast(sequence, I64), g.scalar(1L));
    return rows(g, batch, range);
  }

  /** Rows of the table for the positions {@code range [s]}, [b, s, hidden]. */
  String rows(GraphWriter g, String batch, String range) {
    String all = g.expand(range, g.shape(batch, -1));
    String table = g.weight("weight", 0, 0.7, positions + POSITION_OFFSET, hidden);
    return g.op("Gather", table, g.add(all, g.scalar((long) POSITION_OFFSET)));
  }

  private String layer(GraphWriter g, String x, String mask) {
    String own = x;
    String mixed =
        attention(g.in("self_attn"), x, mask, (a, batch) -> keysAndValues(a, own, batch));
    x = Layers.layerNorm(g.in("self_attn_layer_norm"), g.add(x, mixed), hidden, EPSILON);
    return feedForward(g, x);
  }

  String feedForward(GraphWriter g, String x) {
    String wide = Layers.linear(g.in("fc1"), x, hidden, inner, 1);
    wide = Layers.gelu(g.in("activation_fn"), wide);
    String narrow = Layers.linear(g.in("fc2"), wide, inner, hidden, 1.5);
    return Layers.layerNorm(g.in("final_layer_norm"), g.add(x, narrow), hidden, EPSILON);
  }

  /** Keys and values of an attention, both [b, heads, t, width]. */
  interface Source {
    /**
     * @param g the attention's module
     * @param batch the number of examples, a scalar
     */
    String[] keysAndValues(GraphWriter g, String batch);
  }

  /** Keys and values of what is attended to, [b, t, hidden]. */
  String[] keysAndValues(GraphWriter g, String x, String batch) {
    int width = hidden / heads;
    String k = Layers.linear(g.in("k_proj"), x, hidden, hidden, 1);
    k = g.transpose(g.reshape(k, batch, -1, heads, width), 0, 2, 1, 3);
    String v = Layers.linear(g.in("v_proj"), x, hidden, hidden, 1);
    v = g.transpose(g.reshape(v, batch, -1, heads, width), 0, 2, 1, 3);
    return new String[] {k, v};
  }

  /**
   * @param mask [b, 1, s, t]; null where everything is attended to
   */
  String attention(GraphWriter g, String x, String mask, Source attended) {
    int width = hidden / heads;
    String batch = g.dim(x, 0);
    String length = g.dim(x, 1);
    String q = Layers.linear(g.in("q_proj"), x, hidden, hidden, 1);
    q = g.mul(q, g.scalar((float) (1 / Math.sqrt(width))));
    String[] both = attended.keysAndValues(g, batch);
    String k = both[0];
    String v = both[1];
    String rows = g.mul(batch, g.scalar((long) heads));
    q = g.transpose(g.reshape(q, batch, length, heads, width), 0, 2, 1, 3);
    q = g.reshape(q, rows, -1, width);
    k = g.reshape(k, rows, -1, width);
    v = g.reshape(v, rows, -1, width);
    String source = g.dim(k, 1);
    String scores = g.matMul(q, g.transpose(k, 0, 2, 1));
    if (mask != null) {
      scores = g.add(g.reshape(scores, batch, heads, length, source), mask);
      scores = g.reshape(scores, rows, length, source);
    }
    String shares = g.softmax(scores);
    String mixed = g.reshape(g.matMul(shares, v), batch, heads, length, width);
    mixed = g.reshape(g.transpose(mixed, 0, 2, 1, 3), batch, length, hidden);
    return Layers.linear(g.in("out_proj"), mixed, hidden, hidden, 1);
  }
}
