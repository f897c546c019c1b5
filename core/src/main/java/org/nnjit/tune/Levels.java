package org.nnjit.tune;

import java.util.Arrays;

/** Finds the levels of memory, each a step in the latencies by working set. */
final class Levels {
  /** Three caches and the memory behind them. */
  private static final int MOST = 4;

  /**
   * What one more step must explain, as a sum of squared logarithms: one point that is disturbed to
   * twice its height explains (ln 2)^2 = 0.48 and makes no level.
   */
  private static final double STEP = 0.7;

  /** Cycles of a load from the first cache; what a step takes besides is arithmetic. */
  private static final double FIRST_CYCLES = 5;

  private Levels() {}

  /**
   * Nanoseconds that a load takes from the bytes that each working set has more than the one before
   * it. Of random loads from n bytes, a cache of c bytes answers c / n: the mean rises slowly, but
   * this rises at once where a cache ends.
   *
   * @param bytes working sets, ascending
   * @param nanos time of a step that loads from a random line of them, arithmetic included. A
   *     larger set cannot be faster: a time above a later one is taken to be disturbed
   * @param clockGhz 10^9 cycles a second
   */
  static double[] marginal(double[] bytes, double[] nanos, double clockGhz) {
    int n = bytes.length;
    double[] undisturbed = new double[n];
    double least = Double.POSITIVE_INFINITY;
    for (int i = n - 1; i >= 0; i--) {
      least = Math.min(least, nanos[i]);
      undisturbed[i] = least;
    }
    double first = FIRST_CYCLES / clockGhz;
    double arithmetic = Math.max(0, undisturbed[0] - first);
    double[] loads = new double[n];
    for (int i = 0; i < n; i++) {
      double before = i == 0 ? 0 : bytes[i - 1];
      double total = bytes[i] * undisturbed[i] - (i == 0 ? 0 : before * undisturbed[i - 1]);
      loads[i] = Math.max(first, total / (bytes[i] - before) - arithmetic);
    }
    return loads;
  }

  /**
   * Where the levels end: level i holds the points from the end of level i - 1 to {@code ends[i]},
   * exclusive. The sum of squared differences of logarithms from each level's mean is the least.
   *
   * @param values positive numbers by ascending working set
   */
  static int[] ends(double[] values) {
    int n = values.length;
    double[] sums = new double[n + 1];
    double[] squares = new double[n + 1];
    for (int i = 0; i < n; i++) {
      double log = Math.log(values[i]);
      sums[i + 1] = sums[i] + log;
      squares[i + 1] = squares[i] + log * log;
    }
    // cost[k][i]: of the first i points in k + 1 levels; start[k][i]: where the last level begins.
    double[][] cost = new double[MOST][n + 1];
    int[][] start = new int[MOST][n + 1];
    int best = 0;
    for (int k = 0; k < MOST; k++) {
      Arrays.fill(cost[k], Double.POSITIVE_INFINITY);
      for (int end = 1; end <= n; end++) {
        for (int from = k == 0 ? 0 : 1; from < (k == 0 ? 1 : end); from++) {
          double sum = sums[end] - sums[from];
          double own = squares[end] - squares[from] - sum * sum / (end - from);
          double total = own + (k == 0 ? 0 : cost[k - 1][from]);
          if (total < cost[k][end]) {
            cost[k][end] = total;
            start[k][end] = from;
          }
        }
      }
      if (cost[k][n] + k * STEP < cost[best][n] + best * STEP) {
        best = k;
      }
    }
    int[] ends = new int[best + 1];
    int end = n;
    for (int k = best; k >= 0; k--) {
      ends[k] = end;
      end = start[k][end];
    }
    return ends;
  }
}
