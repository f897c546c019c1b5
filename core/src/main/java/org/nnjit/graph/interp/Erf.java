package org.nnjit.graph.interp;

/**
 * Error function in double precision. Below 2.5: the Maclaurin series; above: the continued
 * fraction of the complement. Relative error below 1e-13.
 */
final class Erf {
  private Erf() {}

  static double of(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x)) {
      return x;
    }
    if (a > 6) {
      return x > 0 ? 1 : -1;
    }
    double r = a < 2.5 ? series(a) : 1 - complement(a);
    return x < 0 ? -r : r;
  }

  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  private static double complement(double x) {
    double f = 0;
    for (int n = 120; n > 0; n--) {
      f = n / 2.0 / (x + f);
    }
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
  }
}
