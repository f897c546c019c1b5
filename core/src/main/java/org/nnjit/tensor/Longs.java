package org.nnjit.tensor;

/** Unsigned 64-bit integers as doubles and back. */
public final class Longs {
  private Longs() {}

  /**
   * Truncates towards zero; NaN is 0 and what lies outside the range its nearest end. The browser
   * build has no such conversion of its own for infinities.
   */
  public static long of(double v) {
    if (Double.isNaN(v)) {
      return 0;
    }
    if (v >= 0x1p63) {
      return Long.MAX_VALUE;
    }
    return v <= -0x1p63 ? Long.MIN_VALUE : (long) v;
  }

  static double unsignedToDouble(long v) {
    return v >= 0 ? v : (double) (v >>> 1 | (v & 1)) * 2;
  }

  static long doubleToUnsigned(double v) {
    return v < 0x1p63 ? of(v) : of(v - 0x1p63) ^ Long.MIN_VALUE;
  }
}
