package org.nnjit.cli.models;

import java.util.Arrays;

/**
 * Expected mean and variance of each channel of a feature map, carried through a convolutional
 * network while it is described. They give batch normalisation the statistics that a trained network
 * would have collected, and biases that centre a convolution without normalisation; without them the
 * outputs of a deep random network hardly depend on its input.
 *
 * <p>Channels are taken as independent and normally distributed; the image as mean 0, variance 1.
 * {@code StrictMath} keeps the results the same on every machine.
 *
 * @param mean per channel
 * @param variance per channel
 */
record Moments(double[] mean, double[] variance) {
  static Moments standard(int channels) {
    Moments m = new Moments(new double[channels], new double[channels]);
    Arrays.fill(m.variance, 1);
    return m;
  }

  int channels() {
    return mean.length;
  }

  /** After max(x, 0): the moments of a rectified normal variable. */
  Moments relu() {
    Moments out = standard(channels());
    for (int c = 0; c < channels(); c++) {
      double m = mean[c];
      double deviation = StrictMath.sqrt(variance[c]);
      double z = m / deviation;
      double above = normalBelow(z);
      double density = StrictMath.exp(-z * z / 2) / StrictMath.sqrt(2 * StrictMath.PI);
      double first = m * above + deviation * density;
      double second = (m * m + variance[c]) * above + m * deviation * density;
      out.mean[c] = first;
      out.variance[c] = Math.max(1e-4, second - first * first);
    }
    return out;
  }

  /** After a 3x3 maximum of a rectified, spatially correlated map: a rule of thumb. */
  Moments maxPool() {
    Moments out = standard(channels());
    for (int c = 0; c < channels(); c++) {
      out.mean[c] = mean[c] + 0.8 * StrictMath.sqrt(variance[c]);
      out.variance[c] = variance[c];
    }
    return out;
  }

  /** After adding an independent map. */
  Moments add(Moments other) {
    Moments out = standard(channels());
    for (int c = 0; c < channels(); c++) {
      out.mean[c] = mean[c] + other.mean[c];
      out.variance[c] = variance[c] + other.variance[c];
    }
    return out;
  }

  /** Channels of this map, then of the other one. */
  Moments concat(Moments other) {
    int n = channels();
    Moments out = standard(n + other.channels());
    System.arraycopy(mean, 0, out.mean, 0, n);
    System.arraycopy(variance, 0, out.variance, 0, n);
    System.arraycopy(other.mean, 0, out.mean, n, other.channels());
    System.arraycopy(other.variance, 0, out.variance, n, other.channels());
    return out;
  }

  /**
   * After a convolution without bias.
   *
   * @param weight [out, in / groups, kernel height, kernel width], or [out, in]
   */
  Moments convolved(Weight weight, int groups) {
    int outs = (int) weight.dims()[0];
    int ins = (int) weight.dims()[1];
    int taps = (int) (weight.elements() / outs / ins);
    Moments out = standard(outs);
    long at = 0;
    for (int o = 0; o < outs; o++) {
      int first = o / (outs / groups) * ins;
      double m = 0;
      double v = 0;
      for (int i = 0; i < ins; i++) {
        for (int k = 0; k < taps; k++) {
          double w = weight.at(at++);
          m += w * mean[first + i];
          v += w * w * variance[first + i];
        }
      }
      out.mean[o] = m;
      out.variance[o] = Math.max(1e-6, v);
    }
    return out;
  }

  /** Mean of the channels' variances. */
  double meanVariance() {
    double sum = 0;
    for (double v : variance) {
      sum += v;
    }
    return sum / channels();
  }

  /** Share of a standard normal variable below z (Abramowitz and Stegun 7.1.26, error 1.5e-7). */
  private static double normalBelow(double z) {
    double x = Math.abs(z) / StrictMath.sqrt(2);
    double t = 1 / (1 + 0.3275911 * x);
    double poly =
        t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    double erf = 1 - poly * StrictMath.exp(-x * x);
    return z >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
  }
}
