package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The generator of weights. */
class NoiseTest {
  @Test
  void hasMeanZeroVarianceOneAndIndependentNeighbours() {
    Noise noise = new Noise(7, "tensor");
    int n = 1_000_000;
    double sum = 0;
    double squares = 0;
    double products = 0;
    for (int i = 0; i < n; i++) {
      double v = noise.normal(i);
      sum += v;
      squares += v * v;
      products += v * noise.normal(i + 1);
    }
    assertEquals(0, sum / n, 0.005);
    assertEquals(1, squares / n, 0.005);
    assertEquals(0, products / n, 0.005);
  }

  @Test
  void streamsOfDifferentNamesAndSeedsAreUnrelated() {
    Noise base = new Noise(1, "a");
    for (Noise other : new Noise[] {new Noise(1, "b"), new Noise(2, "a"), new Noise(1, "aa")}) {
      double product = 0;
      for (int i = 0; i < 100_000; i++) {
        product += base.normal(i) * other.normal(i);
      }
      assertEquals(0, product / 100_000, 0.02);
    }
  }

  @Test
  void belowStaysBelow() {
    Noise noise = new Noise(3, "x");
    boolean[] seen = new boolean[10];
    for (int i = 0; i < 1000; i++) {
      seen[noise.below(i, 10)] = true;
    }
    for (boolean s : seen) {
      assertTrue(s);
    }
  }
}
