package org.nnjit.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class NumbersTest {
  private static final long SEED = 5;

  @Test
  void textsReadBackAsTheSameNumber() {
    Random random = new Random(SEED);
    for (int i = 0; i < 20_000; i++) {
      float f = Float.intBitsToFloat(random.nextInt());
      if (!Float.isNaN(f) && Math.abs(f) > 1e-37) {
        assertEquals(f, Float.parseFloat(Numbers.text(f)), "seed " + SEED);
      }
      double d = Double.longBitsToDouble(random.nextLong());
      if (!Double.isNaN(d)) {
        assertEquals(d, Double.parseDouble(Numbers.text(d)), "seed " + SEED);
      }
    }
  }

  @Test
  void textsAreThoseOfJava() {
    for (float f : new float[] {0, -0f, 1, 10, 0.5f, 0.1f, -3.25f, 1e7f, 1.5e-5f, 123456.7f, 1e30f}) {
      assertEquals(Float.toString(f), Numbers.text(f));
    }
    for (double d : new double[] {0, 1, 0.5, 0.1, Math.sqrt(0.5), 1e-3, 9.999e-4, 1e22, 12345.678}) {
      assertEquals(Double.toString(d), Numbers.text(d));
    }
    assertEquals("NaN", Numbers.text(Double.NaN));
    assertEquals("-Infinity", Numbers.text(Float.NEGATIVE_INFINITY));
  }

  @Test
  void briefTexts() {
    assertEquals("0.333333", Numbers.brief(1.0 / 3));
    assertEquals("1000.0", Numbers.brief(1000));
    assertEquals("-1.5E-9", Numbers.brief(-1.5e-9));
  }

  @Test
  void numbersAreRead() {
    for (String text : new String[] {"0", "-1", "3.25", "1e3", "1.5E-7", "0.0001234", "2.5e+2", "123456789012345678901234567890"}) {
      double want = Double.parseDouble(text);
      assertEquals(want, Numbers.parse(text), Math.abs(want) * 1e-15);
    }
    assertThrows(NumberFormatException.class, () -> Numbers.parse("x"));
    assertThrows(NumberFormatException.class, () -> Numbers.parse(""));
    assertThrows(NumberFormatException.class, () -> Numbers.parse("1.5x"));
  }
}
