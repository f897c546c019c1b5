package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.cli.models.train.Letters;
import org.nnjit.cli.models.train.Pairs;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** The trained normaliser, in ONNX Runtime. */
class NormaliserTest {
  private static final int PAIRS = 2000;

  @TempDir Path dir;

  /** Answers are right when each token is the likeliest one after all before it. */
  @Test
  void answersHeldOutPairs() throws Exception {
    SplittableRandom random = new SplittableRandom(31);
    int right = 0;
    try (Oracle oracle = new Oracle(ModelFiles.ensure("normaliser", dir))) {
      for (int i = 0; i < PAIRS; i++) {
        Pairs.Pair pair = Pairs.any(random, true);
        int[] asked = asked(pair.written());
        int[] answer = Letters.tokens(pair.normal());
        int[] all = Arrays.copyOf(asked, asked.length + answer.length);
        System.arraycopy(answer, 0, all, asked.length, answer.length);
        int[] next = likeliest(oracle.run(feeds(all, all.length, null)));
        int[] got = Arrays.copyOfRange(next, asked.length - 1, next.length);
        int[] wanted = Arrays.copyOf(answer, answer.length + 1);
        wanted[answer.length] = Letters.END;
        right += Arrays.equals(wanted, got) ? 1 : 0;
      }
    }
    assertTrue(right >= 0.99 * PAIRS, right + " of " + PAIRS + " answers are right");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "xiv|14",
        "mcmlxxxvii|1987",
        "two|2",
        "forty-two|42",
        "three thousand and six|3006",
        "march 3rd, 1987|1987-03-03",
        "the twenty-first of july 1969|1969-07-21",
        "24.12.2031|2031-12-24",
        "2/29/2024|2024-02-29"
      })
  void writesTheNormalFormLetterByLetter(String written, String normal) throws Exception {
    StringBuilder answer = new StringBuilder();
    try (Oracle oracle = new Oracle(ModelFiles.ensure("normaliser", dir))) {
      int[] tokens = asked(written);
      int length = tokens.length;
      Map<String, Oracle.Output> outputs = oracle.run(feeds(tokens, length, null));
      while (answer.length() < 12) {
        int[] next = likeliest(outputs);
        int token = next[next.length - 1];
        if (token == Letters.END) {
          break;
        }
        answer.append(Letters.text(token));
        outputs = oracle.run(feeds(new int[] {token}, ++length, outputs));
      }
    }
    assertEquals(normal, answer.toString());
  }

  private static int[] asked(String written) {
    int[] tokens = Letters.tokens(written);
    int[] asked = Arrays.copyOf(tokens, tokens.length + 1);
    asked[tokens.length] = Letters.ASK;
    return asked;
  }

  /**
   * Feeds for one text.
   *
   * @param tokens the last ones
   * @param all number of tokens with those of the past
   * @param before outputs of the step before; null for an empty past
   */
  private static Map<String, Tensor> feeds(
      int[] tokens, int all, Map<String, Oracle.Output> before) {
    Tensor ids = Tensor.zeros(DType.I64, Shape.of(1, tokens.length));
    Tensor mask = Tensor.zeros(DType.I64, Shape.of(1, all));
    Tensor places = Tensor.zeros(DType.I64, Shape.of(1, tokens.length));
    for (int i = 0; i < tokens.length; i++) {
      ids.setLong(i, tokens[i]);
      places.setLong(i, all - tokens.length + i);
    }
    for (int i = 0; i < all; i++) {
      mask.setLong(i, 1);
    }
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    feeds.put("input_ids", ids);
    feeds.put("attention_mask", mask);
    feeds.put("position_ids", places);
    Model.Sample.Decoder d = (Model.Sample.Decoder) Models.named("normaliser").sample();
    for (int i = 0; i < d.layers(); i++) {
      for (String name : Layers.past(i)) {
        feeds.put(
            name,
            before == null
                ? Tensor.zeros(DType.F32, Shape.of(1, d.heads(), 0, d.width()))
                : before.get(name.replace("past_key_values", "present")).tensor());
      }
    }
    return feeds;
  }

  /** The likeliest token after each. */
  private static int[] likeliest(Map<String, Oracle.Output> outputs) {
    float[] logits = outputs.get("logits").values();
    int[] best = new int[logits.length / Letters.VOCABULARY];
    for (int t = 0; t < best.length; t++) {
      for (int j = 1; j < Letters.VOCABULARY; j++) {
        int row = t * Letters.VOCABULARY;
        best[t] = logits[row + j] > logits[row + best[t]] ? j : best[t];
      }
    }
    return best;
  }
}
