package org.nnjit.cli.models;

import java.util.Arrays;

/**
 * Expected distribution of each channel of a feature map, carried through a convolutional network
 * while it is described. It gives batch normalisation the statistics that a trained network would
 * have collected, and biases that centre a convolution without normalisation; without them the
 * outputs of a deep random network hardly depend on its input.
 *
 * <p>A distribution is {@link #POINTS} equally likely values in ascending order. Channels are taken
 * as independent; sums over many of them as normal. Only +, *, / and sqrt are used, which are the
 * same on every machine.
 *
 * @param points [channels][POINTS]
 */
record Marginals(double[][] points) {
  static final int POINTS = 16;

  /** Means of the 16 equally likely slices of a standard normal variable, scaled to variance 1. */
  private static final double[] NORMAL = {
    -1.989981, -1.340898, -1.024334, -0.786672, -0.586518, -0.407286, -0.240143, -0.07938,
    0.07938, 0.240143, 0.407286, 0.586518, 0.786672, 1.024334, 1.340898, 1.989981
  };

  /** Every channel normal with mean 0 and variance 1. */
  static Marginals standard(int channels) {
    double[][] points = new double[channels][];
    Arrays.fill(points, NORMAL);
    return new Marginals(points);
  }

  private static double[] normal(double mean, double variance) {
    double[] points = new double[POINTS];
    double deviation = Math.sqrt(variance);
    for (int i = 0; i < POINTS; i++) {
      points[i] = mean + deviation * NORMAL[i];
    }
    return points;
  }

  int channels() {
    return points.length;
  }

  double mean(int channel) {
    double sum = 0;
    for (double p : points[channel]) {
      sum += p;
    }
    return sum / POINTS;
  }

  double variance(int channel) {
    double mean = mean(channel);
    double sum = 0;
    for (double p : points[channel]) {
      sum += (p - mean) * (p - mean);
    }
    return Math.max(1e-4, sum / POINTS);
  }

  /** Mean of the channels' variances. */
  double meanVariance() {
    double sum = 0;
    for (int c = 0; c < channels(); c++) {
      sum += variance(c);
    }
    return sum / channels();
  }

  /** After clipping to low..high. */
  Marginals clip(double low, double high) {
    double[][] out = new double[channels()][POINTS];
    for (int c = 0; c < channels(); c++) {
      for (int i = 0; i < POINTS; i++) {
        out[c][i] = Math.min(high, Math.max(low, points[c][i]));
      }
    }
    return new Marginals(out);
  }

  /**
   * After the maximum over a 3x3 window. Neighbours in an image are alike, so the nine count as two
   * independent values.
   */
  Marginals maxPool() {
    double[][] out = new double[channels()][];
    for (int c = 0; c < channels(); c++) {
      double[] pairs = new double[POINTS * POINTS];
      for (int i = 0; i < pairs.length; i++) {
        pairs[i] = Math.max(points[c][i / POINTS], points[c][i % POINTS]);
      }
      out[c] = thinned(pairs);
    }
    return new Marginals(out);
  }

  /** After adding an independent map. */
  Marginals add(Marginals other) {
    double[][] out = new double[channels()][];
    for (int c = 0; c < channels(); c++) {
      double[] pairs = new double[POINTS * POINTS];
      for (int i = 0; i < pairs.length; i++) {
        pairs[i] = points[c][i / POINTS] + other.points[c][i % POINTS];
      }
      out[c] = thinned(pairs);
    }
    return new Marginals(out);
  }

  /** Averages groups of neighbours, so that POINTS values are left. */
  private static double[] thinned(double[] values) {
    Arrays.sort(values);
    int group = values.length / POINTS;
    double[] out = new double[POINTS];
    for (int i = 0; i < values.length; i++) {
      out[i / group] += values[i] / group;
    }
    return out;
  }

  /** Channels of this map, then of the other one. */
  Marginals concat(Marginals other) {
    double[][] out = Arrays.copyOf(points, channels() + other.channels());
    System.arraycopy(other.points, 0, out, channels(), other.channels());
    return new Marginals(out);
  }

  /**
   * After a convolution without bias.
   *
   * @param weight [out, in / groups, kernel height, kernel width], or [out, in]
   */
  Marginals convolved(Weight.Floats weight, int groups) {
    int outs = (int) weight.dims()[0];
    int ins = (int) weight.dims()[1];
    int taps = (int) (weight.elements() / outs / ins);
    double[] means = new double[channels()];
    double[] variances = new double[channels()];
    for (int c = 0; c < channels(); c++) {
      means[c] = mean(c);
      variances[c] = variance(c);
    }
    double[][] out = new double[outs][];
    long at = 0;
    for (int o = 0; o < outs; o++) {
      int first = o / (outs / groups) * ins;
      double mean = 0;
      double variance = 0;
      for (int i = 0; i < ins; i++) {
        for (int k = 0; k < taps; k++) {
          double w = weight.at(at++);
          mean += w * means[first + i];
          variance += w * w * variances[first + i];
        }
      }
      out[o] = normal(mean, variance);
    }
    return new Marginals(out);
  }

  /** Every channel scaled to the given mean and deviation. */
  Marginals normalised(Weight.Floats means, Weight.Floats deviations) {
    double[][] out = new double[channels()][POINTS];
    for (int c = 0; c < channels(); c++) {
      double mean = mean(c);
      double scale = deviations.at(c) / Math.sqrt(variance(c));
      for (int i = 0; i < POINTS; i++) {
        out[c][i] = means.at(c) + (points[c][i] - mean) * scale;
      }
    }
    return new Marginals(out);
  }

  /** Every channel moved to the given mean. */
  Marginals centred(Weight.Floats means) {
    double[][] out = new double[channels()][POINTS];
    for (int c = 0; c < channels(); c++) {
      double shift = means.at(c) - mean(c);
      for (int i = 0; i < POINTS; i++) {
        out[c][i] = points[c][i] + shift;
      }
    }
    return new Marginals(out);
  }
}
