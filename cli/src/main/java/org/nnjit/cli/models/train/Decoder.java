package org.nnjit.cli.models.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A small decoder of the Llama architecture with its gradients, in plain Java: RMSNorm, rotary
 * positions, SwiGLU, no shared heads. Elementary functions come from {@link StrictMath}, so that
 * the same seed gives the same bits everywhere.
 *
 * <p>Matrices are rows of an array; activations have a row for each token of all texts of a shard,
 * one text after the other.
 */
final class Decoder {
  /**
   * Sizes.
   *
   * @param hidden divisible by twice the heads
   * @param inner width of the feed-forward part
   */
  record Sizes(int vocabulary, int hidden, int layers, int heads, int inner) {
    int width() {
      return hidden / heads;
    }
  }

  /** Parameters of one layer by their index in {@link #parameters()}. */
  private static final int NORM = 0;

  private static final int QKV = 1;
  private static final int OUT = 2;
  private static final int SECOND_NORM = 3;
  private static final int GATE_UP = 4;
  private static final int DOWN = 5;
  private static final int PER_LAYER = 6;

  private static final float EPSILON = 1e-5f;
  private static final double BASE = 10_000;

  private final Sizes sizes;
  private final List<float[][]> parameters = new ArrayList<>();
  private final float[][] cos;
  private final float[][] sin;

  /**
   * A decoder with random weights.
   *
   * @param positions longest text
   */
  Decoder(Sizes sizes, int positions, long seed) {
    this.sizes = sizes;
    SplittableRandom random = new SplittableRandom(seed);
    int d = sizes.hidden();
    double branch = 1 / Math.sqrt(2.0 * sizes.layers());
    parameters.add(normal(random, sizes.vocabulary(), d, 0.5));
    for (int i = 0; i < sizes.layers(); i++) {
      parameters.add(ones(d));
      parameters.add(normal(random, d, 3 * d, 1 / Math.sqrt(d)));
      parameters.add(normal(random, d, d, branch / Math.sqrt(d)));
      parameters.add(ones(d));
      parameters.add(normal(random, d, 2 * sizes.inner(), 1 / Math.sqrt(d)));
      parameters.add(normal(random, sizes.inner(), d, branch / Math.sqrt(sizes.inner())));
    }
    parameters.add(ones(d));
    parameters.add(normal(random, d, sizes.vocabulary(), 1 / Math.sqrt(d)));
    int half = sizes.width() / 2;
    cos = new float[positions][half];
    sin = new float[positions][half];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        double angle = p / StrictMath.pow(BASE, 2.0 * i / sizes.width());
        cos[p][i] = (float) StrictMath.cos(angle);
        sin[p][i] = (float) StrictMath.sin(angle);
      }
    }
  }

  private static float[][] normal(SplittableRandom random, int rows, int columns, double scale) {
    float[][] m = new float[rows][columns];
    for (float[] row : m) {
      for (int j = 0; j < columns; j++) {
        // Irwin-Hall of 12: variance 1 without a library function.
        double sum = -6;
        for (int k = 0; k < 12; k++) {
          sum += random.nextDouble();
        }
        row[j] = (float) (scale * sum);
      }
    }
    return m;
  }

  private static float[][] ones(int n) {
    float[][] m = new float[1][n];
    Arrays.fill(m[0], 1);
    return m;
  }

  Sizes sizes() {
    return sizes;
  }

  /**
   * Token table [vocabulary, d]; for each layer a norm [1, d], query, key and value [d, 3 d],
   * output [d, d], a norm, gate and up [d, 2 inner], down [inner, d]; a norm; the head [d,
   * vocabulary].
   */
  List<float[][]> parameters() {
    return parameters;
  }

  /** Zeros in the shapes of all parameters. */
  List<float[][]> zeros() {
    List<float[][]> zeros = new ArrayList<>();
    for (float[][] p : parameters) {
      zeros.add(new float[p.length][p[0].length]);
    }
    return zeros;
  }

  private float[][] parameter(int layer, int which) {
    return parameters.get(1 + layer * PER_LAYER + which);
  }

  private static float[][] of(List<float[][]> gradients, int layer, int which) {
    return gradients.get(1 + layer * PER_LAYER + which);
  }

  /** What one layer keeps for its gradients. */
  private static final class Kept {
    float[][] input;
    float[] scale;
    float[][] normed;
    float[][] qkv;
    float[][][] shares;
    float[][] mixed;
    float[][] middle;
    float[] secondScale;
    float[][] secondNormed;
    float[][] gateUp;
    float[][] sigmoids;
    float[][] product;
  }

  /**
   * Adds the gradients of the texts' loss, the sum of -log p of each answer's tokens times {@code
   * scale}, to {@code gradients}.
   *
   * @param texts tokens of each text, the answer at its end
   * @param answers where each answer begins
   * @return the loss
   */
  double learn(List<int[]> texts, int[] answers, float scale, List<float[][]> gradients) {
    int[] starts = starts(texts);
    List<Kept> kept = new ArrayList<>();
    float[][] x = forward(texts, starts, kept);
    int n = x.length;
    float[] lastScale = new float[n];
    float[][] last = lastNorm(x, lastScale);
    float[][] head = parameters.getLast();
    float[][] logits = Rows.product(last, head);
    double loss = 0;
    float[][] dLogits = new float[n][sizes.vocabulary()];
    for (int b = 0; b < texts.size(); b++) {
      int[] text = texts.get(b);
      for (int t = answers[b]; t < text.length; t++) {
        int before = starts[b] + t - 1;
        loss += Rows.crossEntropy(logits[before], text[t], scale, dLogits[before]);
      }
    }
    Rows.addOuter(gradients.getLast(), last, dLogits);
    float[][] dx = Rows.normGradient(
        x, parameters.get(parameters.size() - 2)[0], lastScale,
        Rows.product(dLogits, Rows.transposed(head)), gradients.get(gradients.size() - 2)[0]);
    for (int i = sizes.layers() - 1; i >= 0; i--) {
      dx = backward(i, kept.get(i), texts, starts, dx, gradients);
    }
    float[][] dTable = gradients.getFirst();
    for (int b = 0; b < texts.size(); b++) {
      int[] text = texts.get(b);
      for (int t = 0; t < text.length; t++) {
        Rows.add(dTable[text[t]], dx[starts[b] + t]);
      }
    }
    return loss;
  }

  /** The likeliest token after each token of a text. */
  int[] next(int[] text) {
    List<int[]> texts = List.of(text);
    float[][] x = forward(texts, starts(texts), new ArrayList<>());
    float[][] logits = Rows.product(lastNorm(x, new float[x.length]), parameters.getLast());
    int[] next = new int[text.length];
    for (int t = 0; t < text.length; t++) {
      for (int j = 1; j < sizes.vocabulary(); j++) {
        next[t] = logits[t][j] > logits[t][next[t]] ? j : next[t];
      }
    }
    return next;
  }

  private float[][] lastNorm(float[][] x, float[] scale) {
    return Rows.normed(x, parameters.get(parameters.size() - 2)[0], EPSILON, scale);
  }

  private static int[] starts(List<int[]> texts) {
    int[] starts = new int[texts.size() + 1];
    for (int b = 0; b < texts.size(); b++) {
      starts[b + 1] = starts[b] + texts.get(b).length;
    }
    return starts;
  }

  private float[][] forward(List<int[]> texts, int[] starts, List<Kept> kept) {
    float[][] x = new float[starts[texts.size()]][];
    for (int b = 0; b < texts.size(); b++) {
      for (int t = 0; t < texts.get(b).length; t++) {
        x[starts[b] + t] = parameters.getFirst()[texts.get(b)[t]].clone();
      }
    }
    for (int i = 0; i < sizes.layers(); i++) {
      Kept k = new Kept();
      kept.add(k);
      k.input = x;
      k.scale = new float[x.length];
      k.normed = Rows.normed(x, parameter(i, NORM)[0], EPSILON, k.scale);
      k.qkv = Rows.product(k.normed, parameter(i, QKV));
      k.shares = new float[sizes.heads()][x.length][];
      k.mixed = new float[x.length][sizes.hidden()];
      for (int b = 0; b < texts.size(); b++) {
        for (int h = 0; h < sizes.heads(); h++) {
          attend(k, h, starts[b], starts[b + 1]);
        }
      }
      k.middle = Rows.sum(x, Rows.product(k.mixed, parameter(i, OUT)));
      k.secondScale = new float[x.length];
      k.secondNormed =
          Rows.normed(k.middle, parameter(i, SECOND_NORM)[0], EPSILON, k.secondScale);
      k.gateUp = Rows.product(k.secondNormed, parameter(i, GATE_UP));
      k.sigmoids = new float[x.length][sizes.inner()];
      k.product = Rows.gated(k.gateUp, k.sigmoids);
      x = Rows.sum(k.middle, Rows.product(k.product, parameter(i, DOWN)));
    }
    return x;
  }

  /** One head of the attention of one text, the rows from start to end. */
  private void attend(Kept k, int head, int start, int end) {
    int width = sizes.width();
    int q = head * width;
    int key = sizes.hidden() + q;
    int value = 2 * sizes.hidden() + q;
    float root = (float) (1 / Math.sqrt(width));
    for (int t = start; t < end; t++) {
      rotate(k.qkv[t], q, t - start, 1);
      rotate(k.qkv[t], key, t - start, 1);
      float[] shares = new float[t - start + 1];
      for (int s = start; s <= t; s++) {
        shares[s - start] = root * Rows.dot(k.qkv[t], q, k.qkv[s], key, width);
      }
      Rows.softmax(shares);
      for (int s = start; s <= t; s++) {
        for (int j = 0; j < width; j++) {
          k.mixed[t][q + j] += shares[s - start] * k.qkv[s][value + j];
        }
      }
      k.shares[head][t] = shares;
    }
  }

  /** Turns the pairs (j, j + width / 2) of a head by the angles of a position. */
  private void rotate(float[] row, int at, int position, int direction) {
    int half = sizes.width() / 2;
    for (int j = 0; j < half; j++) {
      float c = cos[position][j];
      float s = direction * sin[position][j];
      float a = row[at + j];
      float b = row[at + half + j];
      row[at + j] = a * c - b * s;
      row[at + half + j] = b * c + a * s;
    }
  }

  /** Gradients of a layer; returns those of its input. */
  private float[][] backward(
      int i, Kept k, List<int[]> texts, int[] starts, float[][] dx, List<float[][]> gradients) {
    Rows.addOuter(of(gradients, i, DOWN), k.product, dx);
    float[][] dProduct = Rows.product(dx, Rows.transposed(parameter(i, DOWN)));
    float[][] dGateUp = Rows.gatedGradient(k.gateUp, k.sigmoids, dProduct);
    Rows.addOuter(of(gradients, i, GATE_UP), k.secondNormed, dGateUp);
    float[][] dMiddle =
        Rows.sum(
            dx,
            Rows.normGradient(
                k.middle, parameter(i, SECOND_NORM)[0], k.secondScale,
                Rows.product(dGateUp, Rows.transposed(parameter(i, GATE_UP))),
                of(gradients, i, SECOND_NORM)[0]));
    Rows.addOuter(of(gradients, i, OUT), k.mixed, dMiddle);
    float[][] dMixed = Rows.product(dMiddle, Rows.transposed(parameter(i, OUT)));
    float[][] dQkv = new float[dx.length][3 * sizes.hidden()];
    for (int b = 0; b < texts.size(); b++) {
      for (int h = 0; h < sizes.heads(); h++) {
        attendGradient(k, h, starts[b], starts[b + 1], dMixed, dQkv);
      }
    }
    Rows.addOuter(of(gradients, i, QKV), k.normed, dQkv);
    return Rows.sum(
        dMiddle,
        Rows.normGradient(
            k.input, parameter(i, NORM)[0], k.scale,
            Rows.product(dQkv, Rows.transposed(parameter(i, QKV))), of(gradients, i, NORM)[0]));
  }

  private void attendGradient(
      Kept k, int head, int start, int end, float[][] dMixed, float[][] dQkv) {
    int width = sizes.width();
    int q = head * width;
    int key = sizes.hidden() + q;
    int value = 2 * sizes.hidden() + q;
    float root = (float) (1 / Math.sqrt(width));
    for (int t = start; t < end; t++) {
      float[] shares = k.shares[head][t];
      float[] dShares = new float[shares.length];
      float sum = 0;
      for (int s = start; s <= t; s++) {
        float share = shares[s - start];
        float d = Rows.dot(dMixed[t], q, k.qkv[s], value, width);
        dShares[s - start] = d;
        sum += d * share;
        for (int j = 0; j < width; j++) {
          dQkv[s][value + j] += share * dMixed[t][q + j];
        }
      }
      for (int s = start; s <= t; s++) {
        float d = root * shares[s - start] * (dShares[s - start] - sum);
        for (int j = 0; j < width; j++) {
          dQkv[t][q + j] += d * k.qkv[s][key + j];
          dQkv[s][key + j] += d * k.qkv[t][q + j];
        }
      }
    }
    for (int t = start; t < end; t++) {
      rotate(dQkv[t], q, t - start, -1);
      rotate(dQkv[t], key, t - start, -1);
    }
  }
}
