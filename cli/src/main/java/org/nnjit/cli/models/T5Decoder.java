package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of T5 with language-model head, as Hugging Face's T5ForConditionalGeneration is
 * exported at opset 13: one graph for the first step, which works out keys and values of the
 * encoder's states, and one for all later steps, which takes them from the past; and a {@link
 * MergedDecoder} of both. The head is the token table, which the encoder shares; it is stored once
 * more, transposed, and counts once.
 *
 * <p>Source: as {@link T5Encoder}; configuration of {@code t5-small}.
 *
 * @param encoder whose sizes and layers it has
 * @param past takes one token and the past
 */
record T5Decoder(T5Encoder encoder, boolean past) {
  static List<Model> models() {
    List<Model> models = new ArrayList<>();
    for (boolean past : new boolean[] {false, true}) {
      T5Decoder small = new T5Decoder(T5Encoder.SMALL, past);
      models.add(small.model("t5-small-decoder", "T5 small", past ? 38_479_616 : 41_625_344));
    }
    models.add(MergedDecoder.of(models.get(0), models.get(1)));
    for (boolean past : new boolean[] {false, true}) {
      T5Decoder tiny = new T5Decoder(T5Encoder.TINY, past);
      models.add(tiny.model("t5-tiny-decoder", "T5 of width 48", past ? 103_760 : 116_048));
    }
    models.add(MergedDecoder.of(models.get(3), models.get(4)));
    return models;
  }

  private Model model(String name, String title, long parameters) {
    Model.Sample sample =
        new Model.Sample.CrossDecoder(
            encoder.vocabulary(), 512, encoder.hidden(), encoder.layers(), encoder.heads(),
            encoder.width(),
            past ? Model.Sample.Steps.LATER : Model.Sample.Steps.FIRST);
    return new Model(
        past ? name + "-with-past" : name,
        title + (past ? ", decoder with past" : ", decoder, first step"),
        T5Encoder.SOURCE, 13, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    int hidden = encoder.hidden();
    String encoderMask =
        root.input("encoder_attention_mask", I64, "batch", "encoder_sequence");
    String ids = root.input("input_ids", I64, "batch", past ? 1 : "decoder_sequence");
    if (past) {
      Layers.crossPastInputs(root, encoder.layers(), encoder.heads(), encoder.width());
    }
    // Exporters give later steps states of zeros, for their shape.
    String states =
        past
            ? root.full(root.shape(root.dim(encoderMask, 0), root.dim(encoderMask, 1), hidden), 0)
            : root.input("encoder_hidden_states", F32, "batch", "encoder_sequence", hidden);
    GraphWriter g = root.in("decoder");
    String batch = g.dim(ids, 0);
    String sequence = g.dim(ids, 1);
    String flat = g.reshape(ids, -1, sequence);
    Weight.Floats table =
        root.in("shared").random("weight", 0, 1, encoder.vocabulary(), hidden);
    String words = root.in("shared").parameter("weight", table);
    String x = g.in("shared").op("Gather", words, flat);
    String before = past ? g.dim(Layers.past(0, "decoder.")[0], 2) : null;
    Step step = new Step(batch, sequence, before, states);
    String seen = causalMask(g, step);
    String crossSeen = Layers.additiveMask(g, encoderMask);
    String bias = null;
    String crossBias = null;
    List<String[]> present = new ArrayList<>();
    for (int i = 0; i < encoder.layers(); i++) {
      GraphWriter block = g.in("block." + i);
      GraphWriter layer = block.in("layer.0");
      GraphWriter attention = layer.in("SelfAttention");
      x = layer.in("layer_norm").cast(x, F32);
      String normed = encoder.rmsNorm(layer.in("layer_norm"), x);
      Heads heads = self(attention, normed, Layers.past(i, "decoder."));
      if (bias == null) {
        bias = attention.add(positionBias(attention, normed, step), seen);
      }
      x = layer.add(x, attend(attention, heads, bias));
      present.add(heads.present());
      layer = block.in("layer.1");
      attention = layer.in("EncDecAttention");
      x = layer.in("layer_norm").cast(x, F32);
      normed = encoder.rmsNorm(layer.in("layer_norm"), x);
      heads = cross(attention, normed, states, Layers.past(i, "encoder."));
      if (crossBias == null) {
        crossBias = attention.add(noBias(attention, normed, step), crossSeen);
      }
      x = layer.add(x, attend(attention, heads, crossBias));
      present.add(heads.present());
      x = encoder.feedForward(block.in("layer.2"), x);
    }
    GraphWriter last = g.in("final_layer_norm");
    x = encoder.rmsNorm(last, last.cast(x, F32));
    x = root.mul(x, root.scalar((float) (1 / Math.sqrt(hidden))));
    GraphWriter head = root.in("lm_head");
    String logits = head.matMul(x, head.stored("weight", new Weight.Transposed(table)));
    root.output(
        logits, "logits", F32, "batch", past ? 1 : "decoder_sequence", encoder.vocabulary());
    Layers.crossPresent(root, present, past, encoder.heads(), encoder.width());
  }

  /**
   * What all layers share.
   *
   * @param before length of the past, a scalar; null at the first step
   * @param states of the encoder, [batch, encoder_sequence, hidden]
   */
  private record Step(String batch, String sequence, String before, String states) {}

  /**
   * Heads of an attention.
   *
   * @param q [b, heads, s, width]
   * @param columns keys, [b, heads, width, t]
   * @param present keys and values, [b, heads, t, width]
   */
  private record Heads(String batch, String q, String columns, String[] present) {}

  /** The additive mask of what earlier tokens a token sees, [b, 1, s, past + s] f32. */
  private String causalMask(GraphWriter g, Step step) {
    String all = past ? g.add(step.before(), step.sequence()) : step.sequence();
    String open = g.full(g.shape(step.batch(), all), 1);
    String end = g.cast(step.sequence(), I64);
    String columns = g.unsqueeze(g.op("Range", g.scalar(0L), end, g.scalar(1L)), 0);
    String wide = g.unsqueeze(columns, 1);
    String ones = g.shape(step.batch(), step.sequence(), 1);
    String repeats = g.shape(step.batch(), step.sequence(), 1);
    String once =
        g.node(
            "ConstantOfShape",
            List.of(g.op("Shape", ones)),
            Attr.tensor("value", GraphWriter.oneLong(1)));
    wide = g.op("Tile", g.op("Expand", wide, once), repeats);
    String seen = g.cast(g.op("LessOrEqual", wide, g.unsqueeze(columns, 2)), F32);
    if (past) {
      String missing = g.sub(g.dim(open, 1), g.dim(seen, 1));
      String earlier = g.full(g.shape(step.batch(), step.sequence(), missing), 1);
      seen = g.concat(-1, List.of(earlier, seen));
    }
    seen = g.mul(g.unsqueeze(seen, 1), g.unsqueeze(g.unsqueeze(open, 1), 2));
    String closed = g.sub(g.scalar(1f), g.cast(seen, F32));
    return g.mul(closed, g.scalar(-Float.MAX_VALUE));
  }

  private Heads self(GraphWriter g, String x, String[] cache) {
    String batch = g.dim(x, 0);
    String q = g.transpose(split(g, encoder.query(g, x), batch), 0, 2, 1, 3);
    String rows = split(g, project(g.in("k"), x), batch);
    String k = g.transpose(rows, 0, 2, 1, 3);
    k = past ? g.concat(2, List.of(cache[0], k)) : k;
    String v = g.transpose(split(g, project(g.in("v"), x), batch), 0, 2, 1, 3);
    v = past ? g.concat(2, List.of(cache[1], v)) : v;
    String columns = past ? g.transpose(k, 0, 1, 3, 2) : g.transpose(rows, 0, 2, 3, 1);
    return new Heads(batch, q, columns, new String[] {k, v});
  }

  private Heads cross(GraphWriter g, String x, String states, String[] cache) {
    String batch = g.dim(x, 0);
    String q = g.transpose(split(g, encoder.query(g, x), batch), 0, 2, 1, 3);
    if (past) {
      return new Heads(batch, q, g.transpose(cache[0], 0, 1, 3, 2), cache);
    }
    String rows = split(g, project(g.in("k"), states), batch);
    String k = g.transpose(rows, 0, 2, 1, 3);
    String values = split(g, project(g.in("v"), states), batch);
    String v = g.transpose(values, 0, 2, 1, 3);
    return new Heads(batch, q, g.transpose(rows, 0, 2, 3, 1), new String[] {k, v});
  }

  private String project(GraphWriter g, String x) {
    int all = encoder.heads() * encoder.width();
    return Layers.linearNoBias(g, x, encoder.hidden(), all, 1);
  }

  private String split(GraphWriter g, String x, String batch) {
    return g.reshape(x, batch, -1, encoder.heads(), encoder.width());
  }

  private String attend(GraphWriter g, Heads heads, String bias) {
    String scores = g.matMul(heads.q(), heads.columns());
    return encoder.attend(g, scores, bias, heads.present()[1], heads.batch());
  }

  /** The bias of new tokens for all up to themselves, [1, heads, s, past + s]. */
  private String positionBias(GraphWriter g, String x, Step step) {
    int exact = T5Encoder.BUCKETS / 2;
    String sequence = g.dim(x, 1);
    String all = past ? g.add(sequence, step.before()) : sequence;
    String range = g.op("Range", g.scalar(0L), g.cast(all, I64), g.scalar(1L));
    String relative = g.sub(g.unsqueeze(range, 0), g.unsqueeze(range, 1));
    String zeros =
        g.node(
            "ConstantOfShape",
            List.of(g.op("Shape", relative)),
            Attr.tensor("value", GraphWriter.oneLong(0)));
    String distance = g.op("Neg", g.op("Min", relative, zeros));
    String near = g.op("Less", distance, g.scalar((long) exact));
    String far = T5Encoder.farBucket(g, distance, exact, T5Encoder.BUCKETS);
    String bias = encoder.bias(g, g.op("Where", near, distance, far));
    return past ? lastRows(g, bias, sequence) : bias;
  }

  /** Zeros where the encoder's states have no positions, [1, heads, s, encoder_sequence]. */
  private String noBias(GraphWriter g, String x, Step step) {
    String sequence = g.dim(x, 1);
    String rows = past ? g.add(sequence, step.before()) : sequence;
    String columns = g.dim(step.states(), 1);
    String zeros = g.full(g.shape(1, encoder.heads(), rows, columns), 0);
    return past ? lastRows(g, zeros, sequence) : zeros;
  }

  private static String lastRows(GraphWriter g, String bias, String rows) {
    String first = g.unsqueeze(g.op("Neg", rows), 0);
    return g.op("Slice", bias, first, g.ints(Long.MAX_VALUE), g.ints(2), g.ints(1));
  }
}
