package org.nnjit.tensor;

/** Conversions of 16-bit floats, which the browser build has no library calls for. */
public final class Halves {
  private Halves() {}

  /** IEEE 754 binary16 bits to float; exact. */
  public static float f16ToFloat(int bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >> 10) & 0x1f;
    int mantissa = bits & 0x3ff;
    if (exponent == 31) {
      return Float.intBitsToFloat(sign | 0x7f800000 | mantissa << 13);
    }
    if (exponent == 0) {
      float subnormal = mantissa * 0x1p-24f;
      return sign == 0 ? subnormal : -subnormal;
    }
    return Float.intBitsToFloat(sign | (exponent + 112) << 23 | mantissa << 13);
  }

  /** Float to binary16 bits, rounding to nearest even. */
  public static int floatToF16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return sign | 0x7e00;
    }
    if (magnitude >= 0x477ff000) {
      return sign | 0x7c00;
    }
    if (magnitude < 0x38800000) {
      if (magnitude < 0x33000000) {
        return sign;
      }
      int exponent = magnitude >>> 23;
      int mantissa = (magnitude & 0x7fffff) | 0x800000;
      return sign | roundShift(mantissa, 126 - exponent);
    }
    return sign | roundShift(magnitude - 0x38000000, 13);
  }

  /** Float to bfloat16 bits, rounding to nearest even. */
  public static int floatToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (bits >>> 16) | 0x40;
    }
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
  }

  private static int roundShift(int value, int shift) {
    int kept = value >>> shift;
    int rest = value & ((1 << shift) - 1);
    int half = 1 << (shift - 1);
    return rest > half || (rest == half && (kept & 1) == 1) ? kept + 1 : kept;
  }
}
