package org.nnjit.cli.models.train;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;

/** The tokenizer of the normaliser: one token for each character, capitals as small letters. */
public final class Letters {
  private static final List<String> SPECIAL = List.of("<pad>", "</s>", "<unk>", "=");
  private static final String CHARACTERS = " ,-./0123456789abcdefghijklmnopqrstuvwxyz";

  /** The token that ends an answer. */
  public static final int END = 1;

  private static final int UNKNOWN = 2;

  /** The token between what is written and its normal form. */
  public static final int ASK = 3;

  /** Number of tokens. */
  public static final int VOCABULARY = SPECIAL.size() + CHARACTERS.length();

  private Letters() {}

  /** Tokens of a text, without the one that asks for an answer. */
  public static int[] tokens(String text) {
    int[] tokens = new int[text.length()];
    for (int i = 0; i < tokens.length; i++) {
      int at = CHARACTERS.indexOf(text.charAt(i));
      tokens[i] = at < 0 ? UNKNOWN : SPECIAL.size() + at;
    }
    return tokens;
  }

  /** What a token stands for. */
  public static String text(int token) {
    int character = token - SPECIAL.size();
    return character < 0 ? SPECIAL.get(token) : CHARACTERS.substring(character, character + 1);
  }

  /** A pair as training reads it: written, {@link #ASK}, normal form, {@link #END}. */
  static int[] tokens(Pairs.Pair pair) {
    int[] question = tokens(pair.written());
    int[] answer = tokens(pair.normal());
    int[] all = new int[question.length + answer.length + 2];
    System.arraycopy(question, 0, all, 0, question.length);
    all[question.length] = ASK;
    System.arraycopy(answer, 0, all, question.length + 1, answer.length);
    all[all.length - 1] = END;
    return all;
  }

  /**
   * The same as a file of Hugging Face's tokenizers library: byte-pair encoding without merges,
   * which leaves characters; {@code =} is added behind every text.
   */
  public static String json() {
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    root.add("truncation", JsonNull.INSTANCE);
    root.add("padding", JsonNull.INSTANCE);
    JsonArray added = new JsonArray();
    JsonObject vocabulary = new JsonObject();
    for (int i = 0; i < VOCABULARY; i++) {
      vocabulary.addProperty(text(i), i);
      if (i >= SPECIAL.size()) {
        continue;
      }
      JsonObject token = new JsonObject();
      token.addProperty("id", i);
      token.addProperty("content", SPECIAL.get(i));
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.addProperty(flag, false);
      }
      token.addProperty("special", true);
      added.add(token);
    }
    root.add("added_tokens", added);
    root.add(
        "normalizer",
        JsonParser.parseString(
            """
            {"type": "Sequence", "normalizers": [
              {"type": "Lowercase"},
              {"type": "Strip", "strip_left": true, "strip_right": true}]}"""));
    root.add("pre_tokenizer", JsonNull.INSTANCE);
    root.add(
        "post_processor",
        JsonParser.parseString(
            """
            {"type": "TemplateProcessing",
             "single": [{"Sequence": {"id": "A", "type_id": 0}},
                        {"SpecialToken": {"id": "=", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                      {"SpecialToken": {"id": "=", "type_id": 0}},
                      {"Sequence": {"id": "B", "type_id": 0}}],
             "special_tokens": {"=": {"id": "=", "ids": [3], "tokens": ["="]}}}"""));
    root.add("decoder", JsonParser.parseString("{\"type\": \"Fuse\"}"));
    JsonObject model = new JsonObject();
    model.addProperty("type", "BPE");
    model.addProperty("unk_token", SPECIAL.get(UNKNOWN));
    model.addProperty("fuse_unk", false);
    model.addProperty("byte_fallback", false);
    model.add("vocab", vocabulary);
    model.add("merges", new JsonArray());
    root.add("model", model);
    Gson gson = new GsonBuilder().serializeNulls().setPrettyPrinting().disableHtmlEscaping().create();
    return gson.toJson(root) + "\n";
  }
}
