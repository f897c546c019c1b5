package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of BART with language-model head, as Hugging Face's BartForConditionalGeneration is
 * exported at opset 13: one graph for the first step, one for all later steps, and a {@link
 * MergedDecoder} of both, as {@link T5Decoder} has them. The head is the token table, which the
 * encoder shares; it is stored once more, transposed, and counts once.
 *
 * <p>Source: as {@link BartEncoder}; configuration of {@code facebook/bart-base}.
 *
 * @param encoder whose sizes and layers it has
 * @param past takes one token and the past
 */
record BartDecoder(BartEncoder encoder, boolean past) {
  static List<Model> models() {
    List<Model> models = new ArrayList<>();
    for (boolean past : new boolean[] {false, true}) {
      BartDecoder base = new BartDecoder(BartEncoder.BASE, past);
      models.add(base.model("bart-base-decoder", "BART base", past ? 89_016_576 : 96_103_680));
    }
    models.add(MergedDecoder.of(models.get(0), models.get(1)));
    for (boolean past : new boolean[] {false, true}) {
      BartDecoder tiny = new BartDecoder(BartEncoder.TINY, past);
      models.add(tiny.model("bart-tiny-decoder", "BART of width 48", past ? 98_784 : 108_192));
    }
    models.add(MergedDecoder.of(models.get(3), models.get(4)));
    return models;
  }

  private Model model(String name, String title, long parameters) {
    Model.Sample sample =
        new Model.Sample.CrossDecoder(
            encoder.vocabulary(), encoder.positions(), encoder.hidden(), encoder.layers(),
            encoder.heads(), encoder.hidden() / encoder.heads(),
            past ? Model.Sample.Steps.LATER : Model.Sample.Steps.FIRST);
    return new Model(
        past ? name + "-with-past" : name,
        title + (past ? ", decoder with past" : ", decoder, first step"),
        BartEncoder.SOURCE, 13, parameters, sample, this::build);
  }

  private void build(GraphWriter root) {
    int hidden = encoder.hidden();
    int width = hidden / encoder.heads();
    String encoderMask =
        root.input("encoder_attention_mask", I64, "batch", "encoder_sequence");
    String ids = root.input("input_ids", I64, "batch", past ? 1 : "decoder_sequence");
    if (past) {
      Layers.crossPastInputs(root, encoder.layers(), encoder.heads(), width);
    } else {
      root.input("encoder_hidden_states", F32, "batch", "encoder_sequence", hidden);
    }
    GraphWriter g = root.in("model").in("decoder");
    String batch = g.dim(ids, 0);
    String sequence = g.dim(ids, 1);
    String before = past ? g.dim(Layers.past(0, "decoder.")[0], 2) : null;
    Weight.Floats table = encoder.table(root);
    String shared = root.in("model").in("shared").parameter("weight", table);
    String words = g.mul(g.in("embed_tokens").op("Gather", shared, ids), g.scalar(1f));
    // One new token sees all that came before it.
    String seen = past ? null : Layers.causalMask(g, batch, sequence, null);
    String crossSeen = Layers.expandedMask(g, encoderMask, sequence);
    GraphWriter positions = g.in("embed_positions");
    String range = range(positions, sequence, before);
    String places = g.cast(encoder.rows(positions, batch, range), F32);
    String x = norm(g.in("layernorm_embedding"), g.add(words, places));
    List<String[]> present = new ArrayList<>();
    for (int i = 0; i < encoder.layers(); i++) {
      GraphWriter layer = g.in("layers." + i);
      x = layer(layer, x, i, seen, crossSeen, present);
    }
    GraphWriter head = root.in("lm_head");
    String logits = head.matMul(x, head.stored("weight", new Weight.Transposed(table)));
    int vocabulary = encoder.vocabulary();
    Weight zeros = new Weight.Values(new float[vocabulary], 1, vocabulary);
    logits = root.add(logits, root.stored("final_logits_bias", zeros));
    root.output(logits, "logits", F32, "batch", past ? 1 : "decoder_sequence", vocabulary);
    Layers.crossPresent(root, present, past, encoder.heads(), width);
  }

  private static String range(GraphWriter g, String sequence, String before) {
    if (before == null) {
      return g.op("Range", g.scalar(0L), g.cast(sequence, I64), g.scalar(1L));
    }
    String end = g.add(before, sequence);
    return g.op("Range", g.cast(before, I64), g.cast(end, I64), g.scalar(1L));
  }

  private String norm(GraphWriter g, String x) {
    return Layers.layerNorm(g, x, encoder.hidden(), BartEncoder.EPSILON);
  }

  /**
   * @param present gets the keys and values of both attentions
   */
  private String layer(
      GraphWriter g, String x, int index, String seen, String crossSeen, List<String[]> present) {
    String own = x;
    String[] cache = Layers.past(index, "decoder.");
    String mixed =
        encoder.attention(
            g.in("self_attn"), x, seen,
            (a, batch) -> {
              String[] both = encoder.keysAndValues(a, own, batch);
              if (past) {
                both[0] = a.concat(2, List.of(cache[0], both[0]));
                both[1] = a.concat(2, List.of(cache[1], both[1]));
              }
              present.add(both);
              return both;
            });
    x = norm(g.in("self_attn_layer_norm"), g.add(x, mixed));
    mixed =
        encoder.attention(
            g.in("encoder_attn"), x, crossSeen,
            (a, batch) -> {
              String[] both =
                  past
                      ? Layers.past(index, "encoder.")
                      : encoder.keysAndValues(a, "encoder_hidden_states", batch);
              present.add(both);
              return both;
            });
    x = norm(g.in("encoder_attn_layer_norm"), g.add(x, mixed));
    return encoder.feedForward(g, x);
  }
}
