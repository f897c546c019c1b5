package org.nnjit.cli.models;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.nnjit.cli.models.train.Letters;

/**
 * The trained normaliser: a {@link Llama} that reads a date or a number as people write it, letter
 * by letter, and writes its normal form. The weights come with the program; {@code
 * models/normaliser/README.md} says how they were trained and how well they do.
 */
final class Normaliser {
  private static final Llama LLAMA =
      new Llama(Letters.VOCABULARY, 64, 64, 3, 4, 4, 192, false, null);

  private Normaliser() {}

  static List<Model> models() {
    Model.Sample sample =
        new Model.Sample.Decoder(
            LLAMA.vocabulary(), LLAMA.positions(), LLAMA.layers(), LLAMA.keyHeads(),
            LLAMA.hidden() / LLAMA.heads(), true);
    return List.of(
        new Model(
            "normaliser",
            "Written dates and numbers to normal form, trained",
            "nnjit models train",
            16,
            165_952,
            sample,
            g -> LLAMA.build(g.with(TrainedWeights.of("normaliser"))),
            Map.of("tokenizer.json", Letters.json(), "config.json", config())));
  }

  /** What Hugging Face's config.json says of a decoder. */
  private static String config() {
    JsonObject config = new JsonObject();
    config.addProperty("model_type", "llama");
    config.addProperty("vocab_size", LLAMA.vocabulary());
    config.addProperty("max_position_embeddings", LLAMA.positions());
    config.addProperty("eos_token_id", Letters.END);
    return config + "\n";
  }
}
