package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Expected statistics against known moments and against drawn numbers. */
class MarginalsTest {
  @Test
  void aStandardChannelHasMeanZeroAndVarianceOne() {
    Marginals m = Marginals.standard(1);
    assertEquals(0, m.mean(0), 1e-9);
    assertEquals(1, m.variance(0), 1e-5);
  }

  @Test
  void aRectifiedNormalVariableHasItsKnownMoments() {
    Marginals m = Marginals.standard(1).clip(0, Double.MAX_VALUE);
    assertEquals(1 / Math.sqrt(2 * Math.PI), m.mean(0), 0.01);
    assertEquals(0.5 - 1 / (2 * Math.PI), m.variance(0), 0.01);
  }

  @Test
  void aRectifiedResidualSumAgreesWithDrawnNumbers() {
    Weight.Floats zero = new Weight.Values(new float[] {0}, 1);
    Weight.Floats small = new Weight.Values(new float[] {0.3f}, 1);
    Marginals branch = Marginals.standard(1).normalised(zero, small);
    Marginals sum = Marginals.standard(1).clip(0, 1e9).add(branch).clip(0, 1e9);
    Noise a = new Noise(1, "a");
    Noise b = new Noise(1, "b");
    int n = 200_000;
    double mean = 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double v = Math.max(0, Math.max(0, a.normal(i)) + 0.3 * b.normal(i));
      mean += v / n;
      squares += v * v / n;
    }
    assertEquals(mean, sum.mean(0), 0.02);
    assertEquals(squares - mean * mean, sum.variance(0), 0.02);
  }

  @Test
  void aConvolutionAddsItsTaps() {
    Weight.Floats weight = new Weight.Values(new float[] {1, 2, 3, 4}, 1, 2, 1, 2);
    Marginals shifted = Marginals.standard(2).centred(new Weight.Values(new float[] {10, 100}, 2));
    Marginals out = shifted.convolved(weight, 1);
    assertEquals(1, out.channels());
    assertEquals(10 * (1 + 2) + 100 * (3 + 4), out.mean(0), 1e-6);
    assertEquals(1 + 4 + 9 + 16, out.variance(0), 1e-3);
  }
}
