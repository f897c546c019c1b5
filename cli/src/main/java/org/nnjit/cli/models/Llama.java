package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.ArrayList;
import java.util.List;

/**
 * The Llama architecture with its past, as Hugging Face's LlamaForCausalLM is exported at opset 16:
 * RMSNorm, rotary positions from tables, SwiGLU, groups of query heads that share keys and values.
 * Quantised ones have MatMulNBits for products and GatherBlockQuantized for the token table.
 *
 * <p>Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models",
 * arXiv:2302.13971; Zhang et al., "TinyLlama", arXiv:2401.02385 (1,100,048,384 parameters); the
 * size of 110M is that of the llama2.c project, whose head is tied to the token table.
 *
 * @param keyHeads heads of keys and values
 * @param inner width of the feed-forward part
 * @param tied the head is the token table, stored once more, transposed
 * @param quantiser of the products' weights; null for f32
 */
record Llama(
    int vocabulary,
    int positions,
    int hidden,
    int layers,
    int heads,
    int keyHeads,
    int inner,
    boolean tied,
    Quantiser quantiser) {
  private static final float EPSILON = 1e-5f;
  private static final double BASE = 10_000;

  static List<Model> models() {
    // Accuracy level 4 is what exporters write for processors; the tiny one compares exactly.
    Quantiser four = new Quantiser(4, 32, true, 4);
    Quantiser exact = new Quantiser(4, 32, true, 0);
    return List.of(
        new Llama(32000, 2048, 2048, 22, 32, 4, 5632, false, four)
            .model("tinyllama-1.1b", "Llama of 1.1B parameters, 4 bits", 1_100_048_384),
        new Llama(32000, 1024, 768, 12, 12, 12, 2048, true, null)
            .model("llama-110m", "Llama of 110M parameters", 109_529_856),
        new Llama(1000, 64, 48, 2, 4, 2, 96, false, null)
            .model("llama-tiny", "Llama, 2 layers of width 48", 137_712),
        new Llama(1000, 64, 64, 2, 4, 2, 112, false, exact)
            .model("llama-tiny-q4", "Llama, 2 layers of width 64, 4 bits", 195_904));
  }

  private int width() {
    return hidden / heads;
  }

  private Model model(String name, String title, long parameters) {
    String source = "arXiv:2302.13971, Hugging Face llama";
    Model.Sample sample =
        new Model.Sample.Decoder(vocabulary, positions, layers, keyHeads, width(), true);
    return new Model(name, title, source, 16, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    String ids = root.input("input_ids", I64, "batch", "sequence");
    String mask = root.input("attention_mask", I64, "batch", "past_sequence + sequence");
    String positionIds = root.input("position_ids", I64, "batch", "sequence");
    Layers.pastInputs(root, layers, keyHeads, width());
    GraphWriter g = root.in("model");
    String batch = g.dim(ids, 0);
    String sequence = g.dim(ids, 1);
    String past = g.dim(Layers.past(0)[0], 2);
    String places = g.cast(g.reshape(positionIds, -1, sequence), I64);
    GraphWriter tokens = g.in("embed_tokens");
    Weight.Floats table = tokens.random("weight", 0, 0.14, vocabulary, hidden);
    String x = embed(tokens, table, ids);
    String causal = Layers.causalMask(g, batch, sequence, past);
    String padding = g.cast(Layers.expandedMask(g, mask, sequence), F32);
    String additive = g.add(padding, causal);
    Step step = new Step(past, places, additive, tables(g.in("rotary_emb")));
    List<String[]> present = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      GraphWriter layer = g.in("layers." + i);
      x = layer.in("input_layernorm").cast(x, F32);
      String[] cache = Layers.past(i);
      String normed = rmsNorm(layer.in("input_layernorm"), x);
      x = layer.add(x, attention(layer.in("self_attn"), normed, step, cache));
      present.add(cache);
      x = layer.in("post_attention_layernorm").cast(x, F32);
      normed = rmsNorm(layer.in("post_attention_layernorm"), x);
      x = layer.add(x, feedForward(layer.in("mlp"), normed));
    }
    GraphWriter last = g.in("norm");
    x = rmsNorm(last, last.cast(x, F32));
    GraphWriter head = root.in("lm_head");
    String logits =
        tied
            ? head.matMul(x, head.stored("weight", new Weight.Transposed(table)))
            : linear(head, x, hidden, vocabulary, 3);
    logits = head.cast(logits, F32);
    root.output(logits, "logits", F32, "batch", "sequence", vocabulary);
    Object[] dims = {"batch", keyHeads, "past_sequence + sequence", width()};
    for (int i = 0; i < layers; i++) {
      root.output(present.get(i)[0], "present." + i + ".key", F32, dims);
      root.output(present.get(i)[1], "present." + i + ".value", F32, dims);
    }
  }

  /**
   * What all layers share.
   *
   * @param past length of the past, a scalar
   * @param places position of each new token, [b, s]
   * @param mask [b, 1, s, past + s]
   * @param rotary tables of cosines and sines, [1, 1, positions, width]
   */
  private record Step(String past, String places, String mask, String[] rotary) {}

  private String embed(GraphWriter g, Weight.Floats table, String ids) {
    if (quantiser == null) {
      return g.op("Gather", g.parameter("weight", table), ids);
    }
    int blocks = blocks(hidden);
    long bytes = (long) blocks * quantiser.blockBytes();
    Weight codes = new Weight.Codes(table, quantiser, vocabulary, bytes);
    Weight scales = new Weight.Scales(table, quantiser, vocabulary, blocks);
    return g.contrib(
        "GatherBlockQuantized",
        List.of(g.parameter("weight_q4", codes), ids, g.stored("weight_scales", scales)),
        Attr.of("bits", quantiser.bits()),
        Attr.of("block_size", quantiser.block()),
        Attr.of("gather_axis", 0),
        Attr.of("quantize_axis", 1));
  }

  private int blocks(int k) {
    return (k + quantiser.block() - 1) / quantiser.block();
  }

  private String linear(GraphWriter g, String x, int in, int out, double gain) {
    if (quantiser == null) {
      return Layers.linearNoBias(g, x, in, out, gain);
    }
    Weight.Floats rows =
        new Weight.Transposed(g.random("weight", 0, gain / Math.sqrt(in), in, out));
    int blocks = blocks(in);
    Weight codes = new Weight.Codes(rows, quantiser, out, blocks, quantiser.blockBytes());
    Weight scales = new Weight.Scales(rows, quantiser, (long) out * blocks);
    return g.contrib(
        "MatMulNBits",
        List.of(x, g.parameter("weight_q4", codes), g.stored("weight_scales", scales)),
        Attr.of("K", in),
        Attr.of("N", out),
        Attr.of("accuracy_level", quantiser.accuracyLevel()),
        Attr.of("bits", quantiser.bits()),
        Attr.of("block_size", quantiser.block()));
  }

  /** weight * (x / sqrt(mean(x^2) + epsilon)), the division as product with a reciprocal. */
  private String rmsNorm(GraphWriter g, String x) {
    String normed = g.cast(Layers.rootMeanSquareNorm(g, x, EPSILON), F32);
    return g.mul(g.weight("weight", 1, 0.05, hidden), normed);
  }

  /** Cosines and sines of position * base^(-2 i / width), each for both halves of a head. */
  private String[] tables(GraphWriter g) {
    int width = width();
    float[] cos = new float[positions * width];
    float[] sin = new float[positions * width];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < width; i++) {
        double angle = p / StrictMath.pow(BASE, i % (width / 2) * 2.0 / width);
        cos[p * width + i] = (float) StrictMath.cos(angle);
        sin[p * width + i] = (float) StrictMath.sin(angle);
      }
    }
    return new String[] {
      g.stored("cos_cached", new Weight.Values(cos, 1, 1, positions, width)),
      g.stored("sin_cached", new Weight.Values(sin, 1, 1, positions, width))
    };
  }

  /**
   * @param cache past keys and values; gets all of them
   */
  private String attention(GraphWriter g, String x, Step step, String[] cache) {
    String batch = g.dim(x, 0);
    String sequence = g.dim(x, 1);
    int keys = keyHeads * width();
    String q = linear(g.in("q_proj"), x, hidden, hidden, 1);
    String k = linear(g.in("k_proj"), x, hidden, keys, 1);
    String v = linear(g.in("v_proj"), x, hidden, keys, 1);
    q = split(g, q, batch, sequence, heads);
    k = split(g, k, batch, sequence, keyHeads);
    v = split(g, v, batch, sequence, keyHeads);
    String all = g.add(g.dim(k, 2), step.past());
    String cos = angles(g, step.rotary()[0], all, step.places());
    String sin = angles(g, step.rotary()[1], all, step.places());
    q = g.add(g.mul(q, cos), g.mul(rotateHalf(g, q), sin));
    k = g.add(g.mul(k, cos), g.mul(rotateHalf(g, k), sin));
    k = g.concat(2, List.of(cache[0], k));
    v = g.concat(2, List.of(cache[1], v));
    cache[0] = k;
    cache[1] = v;
    if (keyHeads < heads) {
      k = repeat(g, k);
      v = repeat(g, v);
    }
    String scores = g.matMul(q, g.transpose(k, 0, 1, 3, 2));
    scores = g.div(scores, g.scalar((float) Math.sqrt(width())));
    String shares = g.cast(g.softmax(g.cast(g.add(scores, step.mask()), F32)), F32);
    String mixed = g.transpose(g.matMul(shares, v), 0, 2, 1, 3);
    mixed = g.reshape(mixed, batch, sequence, hidden);
    return linear(g.in("o_proj"), mixed, hidden, hidden, branchGain());
  }

  /** [b, s, heads * width] to [b, heads, s, width]. */
  private String split(GraphWriter g, String x, String batch, String sequence, int heads) {
    return g.transpose(g.reshape(x, batch, sequence, heads, width()), 0, 2, 1, 3);
  }

  /** The rows of a table for the new tokens, [b, 1, s, width]. */
  private static String angles(GraphWriter g, String table, String end, String places) {
    GraphWriter rotary = g.in("rotary_emb");
    String to = rotary.unsqueeze(end, 0);
    String rows =
        rotary.op("Slice", table, rotary.ints(0), to, rotary.ints(2), rotary.ints(1));
    rows = g.op("Squeeze", rotary.cast(rows, F32), g.ints(1));
    rows = g.op("Squeeze", rows, g.ints(0));
    return g.unsqueeze(g.gather(rows, places, 0), 1);
  }

  /** (a, b) to (-b, a) for the halves of the last axis. */
  private static String rotateHalf(GraphWriter g, String x) {
    String half = g.cast(g.cast(g.div(g.dim(x, 3), g.scalar(2L)), I64), I64);
    String axis = g.ints(3);
    String low = g.op("Slice", x, g.ints(0), g.unsqueeze(half, 0), axis, g.ints(1));
    String high =
        g.op("Slice", x, g.unsqueeze(half, 0), g.ints(Long.MAX_VALUE), axis, g.ints(1));
    return g.concat(-1, List.of(g.op("Neg", high), low));
  }

  /** Each head of keys or values for all query heads of its group, as repeat_kv is exported. */
  private String repeat(GraphWriter g, String x) {
    int group = heads / keyHeads;
    String batch = g.dim(x, 0);
    String own = g.dim(x, 1);
    String length = g.dim(x, 2);
    String width = g.dim(x, 3);
    String wide = g.unsqueeze(x, 2);
    wide = g.expand(wide, g.shape(batch, own, group, length, width));
    return g.reshape(wide, batch, g.mul(own, g.scalar((long) group)), length, width);
  }

  private String feedForward(GraphWriter g, String x) {
    String gate = linear(g.in("gate_proj"), x, hidden, inner, 1);
    gate = g.in("act_fn").mul(gate, g.in("act_fn").op("Sigmoid", gate));
    String wide = g.mul(gate, linear(g.in("up_proj"), x, hidden, inner, 1));
    return linear(g.in("down_proj"), wide, inner, hidden, 2 * branchGain());
  }

  /** Output projections shrink with depth, to bound the residual. */
  private double branchGain() {
    return 1 / Math.sqrt(2.0 * layers);
  }
}
