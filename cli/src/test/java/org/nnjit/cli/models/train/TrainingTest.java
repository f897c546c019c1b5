package org.nnjit.cli.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The trainer of the normaliser: its pairs, its gradients, its independence of threads. */
class TrainingTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({"1,i", "14,xiv", "1987,mcmlxxxvii", "2449,mmcdxlix", "3999,mmmcmxcix"})
  void romanNumerals(int number, String numeral) {
    assertEquals(numeral, Pairs.roman(number));
  }

  @Test
  void pairsFitTheModelAndTheTokenizer() {
    SplittableRandom random = new SplittableRandom(4);
    int longest = 0;
    for (int i = 0; i < 20_000; i++) {
      Pairs.Pair pair = Pairs.any(random, i % 2 == 0);
      assertTrue(pair.normal().matches("\\d{1,4}(-\\d\\d-\\d\\d)?"), pair.toString());
      int[] tokens = Letters.tokens(pair);
      assertTrue(tokens.length <= Training.POSITIONS, pair.toString());
      for (int token : tokens) {
        assertNotEquals("<unk>", Letters.text(token), pair.toString());
      }
      longest = Math.max(longest, pair.written().length());
    }
    assertEquals(Pairs.LONGEST, longest);
  }

  @Test
  void trainingNeverSeesWhatIsHeldOut() {
    SplittableRandom random = new SplittableRandom(5);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 50_000; i++) {
      seen.add(Pairs.any(random, false).normal());
    }
    for (int i = 0; i < 5_000; i++) {
      Pairs.Pair pair = Pairs.any(random, true);
      assertTrue(!seen.contains(pair.normal()), pair.toString());
    }
  }

  /** One weight of every parameter against the difference of two losses. */
  @Test
  void gradientsAreThoseOfTheLoss() {
    Decoder decoder = Training.decoder();
    SplittableRandom random = new SplittableRandom(6);
    List<int[]> texts = new ArrayList<>();
    int[] answers = new int[3];
    for (int i = 0; i < answers.length; i++) {
      Pairs.Pair pair = Pairs.any(random, false);
      texts.add(Letters.tokens(pair));
      answers[i] = pair.written().length() + 1;
    }
    List<float[][]> gradients = decoder.zeros();
    decoder.learn(texts, answers, 1, gradients);
    for (int p = 0; p < gradients.size(); p++) {
      float[][] parameter = decoder.parameters().get(p);
      int row = p == 0 ? texts.getFirst()[2] : random.nextInt(parameter.length);
      int column = random.nextInt(parameter[0].length);
      float value = parameter[row][column];
      double[] losses = new double[2];
      for (int side = 0; side < 2; side++) {
        parameter[row][column] = value + (side == 0 ? -0.01f : 0.01f);
        losses[side] = decoder.learn(texts, answers, 1, decoder.zeros());
      }
      parameter[row][column] = value;
      double numeric = (losses[1] - losses[0]) / 0.02;
      double got = gradients.get(p)[row][column];
      assertEquals(numeric, got, 2e-3 + 0.01 * Math.abs(numeric), "parameter " + p);
    }
  }

  @Test
  void threadsAndPausesDoNotChangeTheWeights() throws Exception {
    int steps = 4;
    Decoder one = Training.decoder();
    new Trainer(one, steps, 2, 3).train(1, () -> true, (line, loss) -> {});
    Decoder two = Training.decoder();
    Trainer first = new Trainer(two, steps, 2, 3);
    int[] asked = {0};
    first.train(3, () -> asked[0]++ < 2, (line, loss) -> {});
    Path file = dir.resolve("progress");
    first.save(file);
    Decoder three = Training.decoder();
    Trainer second = new Trainer(three, steps, 2, 3);
    second.load(file);
    second.train(2, () -> true, (line, loss) -> {});
    assertTrue(second.isDone() && !first.isDone());
    for (int p = 0; p < one.parameters().size(); p++) {
      for (int i = 0; i < one.parameters().get(p).length; i++) {
        assertArrayEquals(one.parameters().get(p)[i], three.parameters().get(p)[i]);
      }
    }
  }

  @Test
  void theTokenizersFileHasTheSameTokens() {
    JsonObject model =
        JsonParser.parseString(Letters.json()).getAsJsonObject().getAsJsonObject("model");
    JsonObject vocabulary = model.getAsJsonObject("vocab");
    assertEquals(Letters.VOCABULARY, vocabulary.size());
    for (int i = 0; i < Letters.VOCABULARY; i++) {
      assertEquals(i, vocabulary.get(Letters.text(i)).getAsInt());
    }
    assertArrayEquals(
        new int[] {vocabulary.get("x").getAsInt(), vocabulary.get("i").getAsInt()},
        Letters.tokens("xi"));
  }
}
