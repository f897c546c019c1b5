package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I32;
import static org.nnjit.tensor.DType.I64;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * RoBERTa with pooler, as Hugging Face's RobertaModel is exported at opset 14.
 *
 * <p>Source: Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach",
 * arXiv:1907.11692; configuration of {@code roberta-base} (124,645,632 parameters).
 *
 * @param positions rows of the position table: the padding index and 1 more, then the sequence
 */
record Roberta(int vocabulary, int positions, int hidden, int layers, int heads, int inner) {
  /** Token of the padding; positions count up from the one after it. */
  private static final int PAD = 1;

  private static final float EPSILON = 1e-5f;

  static List<Model> models() {
    return List.of(
        new Roberta(50265, 514, 768, 12, 12, 3072)
            .model("roberta-base", "RoBERTa base, text encoder", 124_645_632),
        new Roberta(1000, 66, 48, 2, 4, 96)
            .model("roberta-tiny", "RoBERTa, 2 layers of width 48", 91_584));
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:1907.11692, Hugging Face roberta-base";
    Model.Sample sample = new Model.Sample.Text(vocabulary, PAD, positions - PAD - 1);
    return new Model(name, title, source, 14, parameters, sample, this::build);
  }

  private void build(GraphWriter g) {
    String ids = g.input("input_ids", I64, "batch", "sequence");
    String mask = g.input("attention_mask", I64, "batch", "sequence");
    String first = g.scalar(0L);
    String tokenTypes = tokenTypes(g, ids);
    String additive = Layers.additiveMask(g, mask);
    String x = embed(g.in("embeddings"), ids, tokenTypes);
    for (int i = 0; i < layers; i++) {
      x = layer(g.in("encoder").in("layer." + i), x, additive);
    }
    x = g.output(x, "last_hidden_state", F32, "batch", "sequence", hidden);
    GraphWriter pooler = g.in("pooler");
    String pooled = Layers.gemm(pooler.in("dense"), pooler.gather(x, first, 1), hidden, hidden, 1);
    g.output(pooler.in("activation").op("Tanh", pooled), "pooler_output", F32, "batch", hidden);
  }

  /** All zeros, [b, s]: a buffer sliced to the sequence and expanded to the batch. */
  private String tokenTypes(GraphWriter g, String ids) {
    String batch = g.dim(ids, 0);
    String sequence = g.dim(ids, 1);
    String buffer =
        g.constant(
            I64,
            new long[] {1, positions},
            GraphWriter.littleEndian(8 * positions).position(8 * positions));
    String row = g.op("Slice", buffer, g.ints(0), g.unsqueeze(sequence, 0), g.ints(1), g.ints(1));
    return g.expand(row, g.shape(batch, sequence));
  }

  private String embed(GraphWriter g, String ids, String tokenTypes) {
    // A position is the number of tokens up to here that are no padding, plus the padding index.
    String real = g.cast(g.op("Not", g.op("Equal", ids, g.scalar((long) PAD))), I32);
    ByteBuffer one = GraphWriter.littleEndian(4).putInt(1);
    String count = g.op("CumSum", real, g.constant(I32, new long[0], one));
    String position = g.add(g.cast(g.mul(count, real), I64), g.scalar((long) PAD));
    String words = lookup(g.in("word_embeddings"), vocabulary, ids, 0.7);
    String types = lookup(g.in("token_type_embeddings"), 1, tokenTypes, 0.1);
    String sum = g.add(words, types);
    String places = lookup(g.in("position_embeddings"), positions, position, 0.7);
    return Layers.layerNorm(g.in("LayerNorm"), g.add(sum, places), hidden, EPSILON);
  }

  private String lookup(GraphWriter g, int rows, String indices, double deviation) {
    return g.op("Gather", g.weight("weight", 0, deviation, rows, hidden), indices);
  }

  private String layer(GraphWriter g, String x, String mask) {
    GraphWriter attention = g.in("attention");
    String mixed = selfAttention(attention.in("self"), x, mask);
    GraphWriter output = attention.in("output");
    String projected = Layers.linear(output.in("dense"), mixed, hidden, hidden, 1);
    x = Layers.layerNorm(output.in("LayerNorm"), output.add(projected, x), hidden, EPSILON);
    GraphWriter up = g.in("intermediate");
    String wide = Layers.linear(up.in("dense"), x, hidden, inner, 1);
    wide = Layers.gelu(up.in("intermediate_act_fn"), wide);
    GraphWriter down = g.in("output");
    String narrow = Layers.linear(down.in("dense"), wide, inner, hidden, 1.5);
    return Layers.layerNorm(down.in("LayerNorm"), down.add(narrow, x), hidden, EPSILON);
  }

  private String selfAttention(GraphWriter g, String x, String mask) {
    String q = Layers.linear(g.in("query"), x, hidden, hidden, 1);
    String k = split(g, Layers.linear(g.in("key"), x, hidden, hidden, 1));
    String v =
        g.transpose(split(g, Layers.linear(g.in("value"), x, hidden, hidden, 1)), 0, 2, 1, 3);
    q = g.transpose(split(g, q), 0, 2, 1, 3);
    String scores = g.matMul(q, g.transpose(k, 0, 2, 3, 1));
    scores = g.div(scores, g.scalar((float) Math.sqrt(hidden / (double) heads)));
    String shares = g.softmax(g.add(scores, mask));
    String mixed = g.transpose(g.matMul(shares, v), 0, 2, 1, 3);
    return g.reshape(mixed, g.dim(mixed, 0), g.dim(mixed, 1), hidden);
  }

  /** [b, s, hidden] to [b, s, heads, width]. */
  private String split(GraphWriter g, String x) {
    return g.reshape(x, g.dim(x, 0), g.dim(x, 1), heads, hidden / heads);
  }
}
