package org.nnjit.tensor;

/** Unsigned 64-bit integers as doubles and back. */
final class Longs {
  private Longs() {}

  static double unsignedToDouble(long v) {
    return v >= 0 ? v : (double) (v >>> 1 | (v & 1)) * 2;
  }

  static long doubleToUnsigned(double v) {
    return v < 0x1p63 ? (long) v : (long) (v - 0x1p63) ^ Long.MIN_VALUE;
  }
}
