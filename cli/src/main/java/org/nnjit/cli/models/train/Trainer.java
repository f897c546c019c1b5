package org.nnjit.cli.models.train;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.ObjDoubleConsumer;

/**
 * Trains a {@link Decoder} on generated pairs with Adam (Kingma and Ba, arXiv:1412.6980): a linear
 * warm-up and a cosine to zero, then a review at a low rate; gradients cut at norm 1. A batch is always divided in the same
 * shards, whose gradients are added in order, so that the result does not depend on the threads.
 */
final class Trainer {
  private static final int SHARDS = 4;
  private static final int SHARD_TEXTS = 16;

  /** Pairs of one step. */
  static final int BATCH = SHARDS * SHARD_TEXTS;

  private static final int WARM_UP = 100;
  private static final double RATE = 3e-3;
  private static final double REVIEW_RATE = 3e-4;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.98;
  private static final double EPSILON = 1e-8;
  private static final double LONGEST_GRADIENT = 1;

  private final Decoder decoder;
  private final int steps;
  private final int review;
  private final long seed;
  private final List<float[][]> means;
  private final List<float[][]> squares;
  private int done;

  /**
   * @param steps until the rate is zero
   * @param review steps after them at a low rate, half of whose pairs are small numbers
   */
  Trainer(Decoder decoder, int steps, int review, long seed) {
    this.decoder = decoder;
    this.steps = steps;
    this.review = review;
    this.seed = seed;
    this.means = decoder.zeros();
    this.squares = decoder.zeros();
  }

  /** True when all steps are done. */
  boolean isDone() {
    return done == steps + review;
  }

  /**
   * Does some steps.
   *
   * @param goesOn asked before each step
   * @param report told the mean loss of an answer's token now and then, with a line about the step
   */
  void train(int threads, BooleanSupplier goesOn, ObjDoubleConsumer<String> report) {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      double loss = 0;
      int before = done;
      while (!isDone() && goesOn.getAsBoolean()) {
        done++;
        loss += step(pool, done);
        if (done % 50 == 0) {
          report.accept("step " + done + " of " + (steps + review), loss / (done - before));
          loss = 0;
          before = done;
        }
      }
    }
  }

  /** Writes how far the training has come, so that it can go on from there. */
  void save(Path file) throws IOException {
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(done);
      for (List<float[][]> part : List.of(decoder.parameters(), means, squares)) {
        for (float[][] m : part) {
          for (float[] row : m) {
            for (float x : row) {
              out.writeFloat(x);
            }
          }
        }
      }
    }
  }

  /** Goes back to what {@link #save} wrote for the same sizes and steps. */
  void load(Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      done = in.readInt();
      for (List<float[][]> part : List.of(decoder.parameters(), means, squares)) {
        for (float[][] m : part) {
          for (float[] row : m) {
            for (int j = 0; j < row.length; j++) {
              row[j] = in.readFloat();
            }
          }
        }
      }
    }
  }

  private record Shard(List<int[]> texts, int[] answers) {
    int tokens() {
      int sum = 0;
      for (int i = 0; i < answers.length; i++) {
        sum += texts.get(i).length - answers[i];
      }
      return sum;
    }
  }

  private static Shard shard(SplittableRandom random, boolean review) {
    List<int[]> texts = new ArrayList<>();
    int[] answers = new int[SHARD_TEXTS];
    for (int i = 0; i < SHARD_TEXTS; i++) {
      boolean small = review && random.nextBoolean();
      Pairs.Pair pair = small ? Pairs.small(random) : Pairs.any(random, false);
      texts.add(Letters.tokens(pair));
      answers[i] = pair.written().length() + 1;
    }
    return new Shard(texts, answers);
  }

  private double step(ExecutorService pool, int step) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + step);
    List<Shard> shards = new ArrayList<>();
    int tokens = 0;
    for (int i = 0; i < SHARDS; i++) {
      shards.add(shard(random, step > steps));
      tokens += shards.getLast().tokens();
    }
    float scale = 1f / tokens;
    List<List<float[][]>> gradients = new ArrayList<>();
    List<Future<Double>> losses = new ArrayList<>();
    for (Shard s : shards) {
      List<float[][]> g = decoder.zeros();
      gradients.add(g);
      losses.add(pool.submit(() -> decoder.learn(s.texts(), s.answers(), scale, g)));
    }
    double loss = 0;
    try {
      for (Future<Double> l : losses) {
        loss += l.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("a shard of step " + step + " failed", e);
    }
    List<float[][]> sum = gradients.getFirst();
    for (List<float[][]> g : gradients.subList(1, SHARDS)) {
      for (int p = 0; p < sum.size(); p++) {
        for (int i = 0; i < sum.get(p).length; i++) {
          Rows.add(sum.get(p)[i], g.get(p)[i]);
        }
      }
    }
    adam(sum, step);
    return loss / tokens;
  }

  private double rate(int step) {
    if (step > steps) {
      return REVIEW_RATE;
    }
    if (step <= WARM_UP) {
      return RATE * step / WARM_UP;
    }
    double done = (step - WARM_UP) / (double) (steps - WARM_UP);
    return RATE * 0.5 * (1 + StrictMath.cos(Math.PI * done));
  }

  private void adam(List<float[][]> gradients, int step) {
    double norm = 0;
    for (float[][] g : gradients) {
      for (float[] row : g) {
        for (float x : row) {
          norm += (double) x * x;
        }
      }
    }
    double cut = Math.min(1, LONGEST_GRADIENT / Math.sqrt(norm));
    double first = 1 - StrictMath.pow(BETA1, step);
    double second = 1 - StrictMath.pow(BETA2, step);
    double rate = rate(step);
    for (int p = 0; p < gradients.size(); p++) {
      for (int i = 0; i < gradients.get(p).length; i++) {
        float[] w = decoder.parameters().get(p)[i];
        float[] g = gradients.get(p)[i];
        float[] m = means.get(p)[i];
        float[] v = squares.get(p)[i];
        for (int j = 0; j < w.length; j++) {
          double x = cut * g[j];
          m[j] = (float) (BETA1 * m[j] + (1 - BETA1) * x);
          v[j] = (float) (BETA2 * v[j] + (1 - BETA2) * x * x);
          w[j] -= (float) (rate * (m[j] / first) / (Math.sqrt(v[j] / second) + EPSILON));
        }
      }
    }
  }

  /** The share of held-out pairs whose answer is right to the last character. */
  static double accuracy(Decoder decoder, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int right = 0;
    for (int i = 0; i < count; i++) {
      Pairs.Pair pair = Pairs.any(random, true);
      int[] text = Letters.tokens(pair);
      int[] next = decoder.next(text);
      boolean all = true;
      // The answer is what greedy generation writes when each of its tokens follows the last.
      for (int t = pair.written().length() + 1; t < text.length; t++) {
        all &= next[t - 1] == text[t];
      }
      right += all ? 1 : 0;
    }
    return right / (double) count;
  }
}
