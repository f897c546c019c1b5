package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.GgufFile;
import org.nnjit.cli.models.GgufLlama;
import org.nnjit.cli.models.GgufType;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;

/**
 * Text generation in browsers: the likeliest texts are ONNX Runtime's token for token, choices among
 * tokens are those of a plain calculation in the page, and what goes wrong says so.
 */
class GenerationTest {
  private static final int STEPS = 64;

  /** A penalty after which no token comes twice. */
  private static final float NO_REPEATS = 1000;

  @TempDir Path work;

  @Test
  void textInChromiumOnTwoThreads() throws Exception {
    check("chromium", 2, true);
  }

  @Test
  void textInChromiumWithoutIsolation() throws Exception {
    check("chromium", 1, false);
  }

  @Test
  void textInFirefoxOnTwoThreads() throws Exception {
    check("firefox", 2, true);
  }

  private void check(String kind, int threads, boolean isolated) throws Exception {
    var browser = Suite.browser(kind);
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("threads", threads);
    Texts texts = new Texts(work);
    job.put("noPast", texts.url(texts.file("gpt2-tiny")));
    ownWords().write(work.resolve("words.gguf"));
    job.put("ownWords", "/made/words.gguf");
    List<Map<String, Object>> models = new ArrayList<>(texts.models());
    models.add(texts.merged("t5", "t5-tiny", 0));
    models.add(texts.merged("bart", "bart-tiny", 2));
    job.put("models", models);
    List<Suite.Outcome> outcomes =
        Suite.page(
            browser, "generation.html", job, Map.of("/made", work), work, isolated,
            Duration.ofMinutes(5), (json, process) -> {});
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(
          kind + " " + threads + " threads: " + o.name() + " " + o.status() + " " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(outcomes.size() >= 20, "all cases ran: " + outcomes.size());
  }

  /** A GGUF file whose vocabulary has words: letters, and what they are joined to, the best first. */
  private static GgufFile ownWords() {
    List<String> words =
        List.of("▁t", "he", "▁the", "ll", "llo", "or", "▁w", "ld", "▁wor", "▁", "t", "h", "e", "l", "o",
            "w", "r", "d");
    GgufLlama llama =
        new GgufLlama(
            GgufLlama.WORDS + words.size(), 64, 96, 1, 4, 2, GgufType.F32, GgufType.F32, true, 1);
    float[] scores = new float[llama.vocabulary()];
    for (int i = 0; i < words.size(); i++) {
      scores[GgufLlama.WORDS + i] = -i;
    }
    return llama.gguf(words).put("tokenizer.ggml.scores", scores);
  }

  /** Models that generate text, and the texts that ONNX Runtime makes with them. */
  record Texts(Path work) {

    /** What pages are told: name, parts, config, and runs of prompt, repetitionPenalty and tokens. */
    List<Map<String, Object>> models() throws Exception {
      return List.of(
          decoder("gpt2", file("gpt2-tiny-with-past")),
          decoder("llama", file("llama-tiny")),
          pair("t5", "t5-tiny", 0),
          pair("bart", "bart-tiny", 2));
    }

    /** A decoder that has as many positions as are tested. */
    private Map<String, Object> decoder(String name, Path file) throws Exception {
      List<Map<String, Object>> runs = new ArrayList<>();
      for (List<Long> prompt : List.of(List.of(11L), List.of(3L, 7L, 11L, 200L, 5L))) {
        int count = STEPS + 1 - prompt.size();
        float penalty = runs.isEmpty() ? 1 : NO_REPEATS;
        runs.add(run(prompt, penalty, GreedyText.of(null, file, prompt, 0, count, penalty)));
      }
      Map<String, Object> config = Map.of("vocab_size", 1000, "n_positions", STEPS);
      return Map.of(
          "name", name, "parts", Map.of("decoder", url(file)), "config", config, "runs", runs);
    }

    private Map<String, Object> pair(String name, String model, long start) throws Exception {
      Path encoder = file(model + "-encoder");
      Path decoder = file(model + "-decoder");
      Path later = file(model + "-decoder-with-past");
      List<Map<String, Object>> runs = new ArrayList<>();
      for (List<Long> prompt : List.of(List.of(8L, 1L, 990L), List.of(5L, 6L, 7L, 8L, 9L, 10L, 2L))) {
        float penalty = runs.isEmpty() ? NO_REPEATS : 1;
        int count = runs.isEmpty() ? STEPS : 8;
        runs.add(
            run(
                prompt, penalty,
                GreedyText.of(encoder, decoder, prompt, start, count, penalty)));
      }
      Map<String, Object> config = new HashMap<>();
      config.put("vocab_size", 1000);
      config.put("decoder_start_token_id", start);
      config.put("max_position_embeddings", STEPS);
      Map<String, Object> parts =
          Map.of("encoder", url(encoder), "decoder", url(decoder), "decoderWithPast", url(later));
      return Map.of("name", name, "parts", parts, "config", config, "runs", runs);
    }

    /** The texts of {@link #pair} from one decoder for all steps. */
    Map<String, Object> merged(String name, String model, long start) throws Exception {
      Map<String, Object> merged = new HashMap<>(pair(name, model, start));
      String encoder = url(file(model + "-encoder"));
      merged.put("name", name + ", one decoder");
      merged.put(
          "parts", Map.of("encoder", encoder, "decoder", url(file(model + "-decoder-merged"))));
      return merged;
    }

    private static Map<String, Object> run(List<Long> prompt, float penalty, List<Long> tokens) {
      if (penalty > 1) {
        assertEquals(tokens.size(), Set.copyOf(tokens).size(), "different tokens of " + tokens);
      }
      return Map.of("prompt", prompt, "repetitionPenalty", penalty, "tokens", tokens);
    }

    Path file(String model) throws Exception {
      return ModelFiles.write(
          Models.named(model), work, ModelFiles.DEFAULT_SEED, bytes -> {});
    }

    String url(Path file) {
      return "/made/" + work.relativize(file);
    }
  }
}
