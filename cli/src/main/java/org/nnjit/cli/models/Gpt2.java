package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.BOOL;
import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * GPT-2 with language-model head, as Hugging Face's GPT2LMHeadModel is exported at opset 14: logits
 * and the keys and values of every layer. With a past it takes the keys and values of earlier
 * tokens, none at the first step, and gives them back with the new ones behind them. The head is
 * tied to the token table and stored once more, transposed, as exporters do; it counts once.
 *
 * <p>Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019;
 * configuration of {@code gpt2} (124,439,808 parameters).
 */
record Gpt2(
    int vocabulary, int positions, int hidden, int layers, int heads, boolean past) {
  private static final float EPSILON = 1e-5f;

  static List<Model> models() {
    return List.of(
        new Gpt2(50257, 1024, 768, 12, 12, false)
            .model("gpt2", "GPT-2 small, language model (prefill)", 124_439_808),
        new Gpt2(50257, 1024, 768, 12, 12, true)
            .model("gpt2-with-past", "GPT-2 small, language model", 124_439_808),
        new Gpt2(1000, 64, 48, 2, 4, false)
            .model("gpt2-tiny", "GPT-2, 2 layers of width 48 (prefill)", 107_712),
        new Gpt2(1000, 64, 48, 2, 4, true)
            .model("gpt2-tiny-with-past", "GPT-2, 2 layers of width 48", 107_712));
  }

  private Model model(String name, String title, long parameters) {
    String source = "Radford et al. 2019, Hugging Face gpt2";
    Model.Sample sample =
        past
            ? new Model.Sample.Decoder(
                vocabulary, positions, layers, heads, hidden / heads, false)
            : new Model.Sample.Text(vocabulary, vocabulary - 1, positions);
    return new Model(name, title, source, 14, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    String ids = root.input("input_ids", I64, "batch", "sequence");
    String all = past ? "past_sequence + sequence" : "sequence";
    String mask = root.input("attention_mask", I64, "batch", all);
    if (past) {
      Layers.pastInputs(root, layers, heads, hidden / heads);
    }
    GraphWriter g = root.in("transformer");
    String sequence = g.dim(ids, 1);
    String flat = g.reshape(ids, -1, sequence);
    String places = g.reshape(g.unsqueeze(places(g, sequence), 0), -1, sequence);
    String additive = Layers.additiveMask(g, g.reshape(mask, g.dim(flat, 0), -1));
    GraphWriter wte = g.in("wte");
    Weight.Floats table = wte.random("weight", 0, 0.14, vocabulary, hidden);
    String words = wte.op("Gather", wte.parameter("weight", table), flat);
    GraphWriter wpe = g.in("wpe");
    String positional = wpe.op("Gather", wpe.weight("weight", 0, 0.1, positions, hidden), places);
    String x = g.add(words, positional);
    String[][] present = new String[layers][];
    for (int i = 0; i < layers; i++) {
      GraphWriter h = g.in("h." + i);
      present[i] = past ? Layers.past(i) : new String[2];
      String normed = Layers.layerNorm(h.in("ln_1"), x, hidden, EPSILON);
      x = h.add(attention(h.in("attn"), normed, additive, present[i]), x);
      x = h.add(x, mlp(h, Layers.layerNorm(h.in("ln_2"), x, hidden, EPSILON)));
    }
    x = Layers.layerNorm(g.in("ln_f"), x, hidden, EPSILON);
    x = g.reshape(x, -1, sequence, hidden);
    String head = root.in("lm_head").stored("weight", new Weight.Transposed(table));
    root.output(root.in("lm_head").matMul(x, head), "logits", F32, "batch", "sequence", vocabulary);
    for (int i = 0; i < layers; i++) {
      Object[] dims = {"batch", heads, all, hidden / heads};
      root.output(present[i][0], "present." + i + ".key", F32, dims);
      root.output(present[i][1], "present." + i + ".value", F32, dims);
    }
  }

  /** Positions of the new tokens. */
  private String places(GraphWriter g, String sequence) {
    if (!past) {
      return g.op("Range", g.scalar(0L), g.cast(sequence, I64), g.scalar(1L));
    }
    String before = Layers.lastDim(g, Layers.past(0)[0], -2, -1);
    String end = g.cast(g.add(sequence, before), I64);
    return g.op("Range", g.cast(before, I64), end, g.scalar(1L));
  }

  /** Output projections shrink with depth, as in GPT-2's initialisation, to bound the residual. */
  private double branchGain() {
    return 1 / Math.sqrt(2.0 * layers);
  }

  /** Hugging Face's Conv1D: Reshape to two dimensions, Gemm, Reshape back. */
  private static String conv1d(GraphWriter g, String x, int in, int out, double gain) {
    String batch = g.dim(x, 0);
    String sequence = g.dim(x, 1);
    String last = Layers.lastDim(g, x, -1, Long.MAX_VALUE);
    String flat = g.reshape(x, -1, last);
    String product =
        g.node(
            "Gemm",
            List.of(
                flat,
                g.weight("weight", 0, gain / Math.sqrt(in), in, out),
                g.weight("bias", 0, 0.02, out)),
            Attr.of("alpha", 1f),
            Attr.of("beta", 1f));
    return g.reshape(product, batch, sequence, out);
  }

  /**
   * @param present holds the past keys and values where there is a past, and gets all of them
   */
  private String attention(GraphWriter g, String x, String mask, String[] present) {
    String qkv = conv1d(g.in("c_attn"), x, hidden, 3 * hidden, 1);
    String sizes = g.ints(hidden, hidden, hidden);
    String[] parts = g.node(3, "Split", List.of(qkv, sizes), Attr.of("axis", 2));
    String q = g.transpose(split(g, parts[0]), 0, 2, 1, 3);
    String rows = split(g, parts[1]);
    String k = g.transpose(rows, 0, 2, 1, 3);
    String v = g.transpose(split(g, parts[2]), 0, 2, 1, 3);
    String columns;
    if (past) {
      k = g.concat(-2, List.of(present[0], k));
      v = g.concat(-2, List.of(present[1], v));
      columns = g.transpose(k, 0, 1, 3, 2);
    } else {
      columns = g.transpose(rows, 0, 2, 3, 1);
    }
    present[0] = k;
    present[1] = v;
    String scores = g.matMul(q, columns);
    scores = g.div(scores, rootOfWidth(g, v));
    scores = causal(g, scores, q, k);
    String shares = g.cast(g.softmax(g.add(scores, mask)), F32);
    String mixed = g.transpose(g.matMul(shares, v), 0, 2, 1, 3);
    mixed = g.reshape(mixed, g.dim(mixed, 0), g.dim(mixed, 1), hidden);
    return conv1d(g.in("c_proj"), mixed, hidden, hidden, branchGain());
  }

  private String split(GraphWriter g, String x) {
    return g.reshape(x, g.dim(x, 0), g.dim(x, 1), heads, hidden / heads);
  }

  /** sqrt(width) computed from the shape of the values, as torch.full([], ...) is exported. */
  private static String rootOfWidth(GraphWriter g, String v) {
    String width = g.cast(Layers.lastDim(g, v, -1, Long.MAX_VALUE), F32);
    String root = g.op("Pow", width, g.scalar(0.5f));
    return g.add(g.full(g.ints(), 0), root);
  }

  /** Hides what comes later: a triangular constant, sliced to [1, 1, queries, keys]. */
  private String causal(GraphWriter g, String scores, String q, String k) {
    String queries = Layers.lastDim(g, q, -2, -1);
    String keys = Layers.lastDim(g, k, -2, -1);
    String start = g.sub(keys, queries);
    ByteBuffer triangle = GraphWriter.littleEndian(positions * positions);
    for (int row = 0; row < positions; row++) {
      for (int column = 0; column < positions; column++) {
        triangle.put((byte) (column <= row ? 1 : 0));
      }
    }
    String all = g.constant(BOOL, new long[] {1, 1, positions, positions}, triangle);
    String rows =
        g.op("Slice", all, g.unsqueeze(start, 0), g.unsqueeze(keys, 0), g.ints(2), g.ints(1));
    String seen = g.op("Slice", rows, g.ints(0), g.unsqueeze(keys, 0), g.ints(3), g.ints(1));
    return g.op("Where", seen, g.cast(scores, F32), g.scalar(-Float.MAX_VALUE));
  }

  private String mlp(GraphWriter h, String x) {
    GraphWriter g = h.in("mlp");
    String wide = conv1d(g.in("c_fc"), x, hidden, 4 * hidden, 1);
    wide = Layers.newGelu(g.in("act"), wide);
    return conv1d(g.in("c_proj"), wide, 4 * hidden, hidden, 1.5 * branchGain());
  }
}
