package org.nnjit.cli.models.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The training of the normaliser with its figures: the same options give the same bytes. */
public final class Training {
  /** Steps of the shipped weights. */
  public static final int STEPS = 3000;

  private static final int REVIEW = 200;

  /** Tokens of the longest question and answer. */
  static final int POSITIONS = 64;

  private static final long SEED = 1;
  private static final long TEST_SEED = 9;
  private static final int TEST_PAIRS = 10_000;

  private Training() {}

  /**
   * What to do.
   *
   * @param steps before the review, which the rate of learning depends on
   * @param progress file to go on from and to keep, or null
   * @param out gets the trained files
   */
  public record Options(int steps, int threads, Path progress, Path out) {}

  /** The decoder before training. */
  static Decoder decoder() {
    Decoder.Sizes sizes = new Decoder.Sizes(Letters.VOCABULARY, 64, 3, 4, 192);
    return new Decoder(sizes, POSITIONS, SEED);
  }

  /**
   * Trains, and writes the files when all steps are done.
   *
   * @param goesOn asked before each step
   * @return the share of {@value #TEST_PAIRS} held-out pairs whose answer is right
   */
  public static double run(Options options, BooleanSupplier goesOn, Consumer<String> print)
      throws IOException {
    Decoder decoder = decoder();
    Trainer trainer = new Trainer(decoder, options.steps(), REVIEW, SEED + 1);
    if (options.progress() != null && Files.exists(options.progress())) {
      trainer.load(options.progress());
    }
    trainer.train(
        options.threads(),
        goesOn,
        (step, loss) -> print.accept(String.format(Locale.ROOT, "%s, loss %.4f", step, loss)));
    if (options.progress() != null) {
      trainer.save(options.progress());
    }
    double accuracy = Trainer.accuracy(decoder, TEST_PAIRS, TEST_SEED);
    if (trainer.isDone()) {
      Map<String, Number> facts = new LinkedHashMap<>();
      facts.put("accuracy", accuracy);
      facts.put("testPairs", TEST_PAIRS);
      facts.put("steps", options.steps());
      facts.put("reviewSteps", REVIEW);
      facts.put("batch", Trainer.BATCH);
      facts.put("seed", SEED);
      TrainedFiles.write(decoder, facts, options.out());
    }
    return accuracy;
  }
}
