package org.nnjit.kernel.emit.wasm;

/**
 * 16-bit floats by integer arithmetic, in scalars and vectors. Results equal those of {@link
 * org.nnjit.tensor.Halves} bit for bit: rounding to nearest even, subnormals, infinities.
 */
final class HalfCode {
  private HalfCode() {}

  /** Binary16 bits (zero-extended to 32) to f32. */
  static void widenF16(FloatCode m) {
    final int h = m.letBits();
    m.get(h);
    m.bits(0x7fff);
    m.bitsAnd();
    m.shl(13, 13);
    final int magnitude = m.letBits();
    // 2^112 moves the exponent's bias and makes subnormals normal.
    m.get(magnitude);
    m.fromBits();
    m.mul(0x1p112);
    m.toBits();
    // Exponent 31 means infinity or NaN.
    m.bits(0x7f800000);
    m.bits(0);
    m.bits(0x0f7fffff);
    m.get(magnitude);
    m.bitsLt();
    m.select();
    m.bitsOr();
    m.get(h);
    m.bits(0x8000);
    m.bitsAnd();
    m.shl(16, 16);
    m.bitsOr();
    m.fromBits();
  }

  /** f32 to binary16 bits, rounded to nearest even. */
  static void narrowF16(FloatCode m) {
    m.toBits();
    final int bits = m.letBits();
    m.get(bits);
    m.bits(0x7fffffff);
    m.bitsAnd();
    final int magnitude = m.letBits();

    // Subnormal results: adding 1/2 rounds to multiples of 2^-24.
    m.get(magnitude);
    m.fromBits();
    m.add(0.5);
    m.toBits();
    m.bits(0x3f000000);
    m.bitsSub();
    // Normal results: round away 13 bits, a carry goes on into the exponent.
    m.get(magnitude);
    m.get(magnitude);
    m.shrUnsigned(13, 13);
    m.bits(1);
    m.bitsAnd();
    m.bitsAdd();
    m.bits(0x38000000 - 0xfff);
    m.bitsSub();
    m.shrUnsigned(13, 13);
    m.get(magnitude);
    m.bits(0x38800000);
    m.bitsLt();
    m.select();
    final int finite = m.letBits();

    m.get(finite);
    m.bits(0x7c00);
    m.get(magnitude);
    m.bits(0x477ff000);
    m.bitsLt();
    m.select();
    m.bits(0x7e00);
    unlessNan(m, magnitude);
    m.get(bits);
    m.shrUnsigned(16, 16);
    m.bits(0x8000);
    m.bitsAnd();
    m.bitsOr();
  }

  /** Of (value, ofNan) on the stack: value unless the magnitude is a NaN's. */
  private static void unlessNan(FloatCode m, int magnitude) {
    m.get(magnitude);
    m.bits(0x7f800001);
    m.bitsLt();
    m.select();
  }

  /** bfloat16 bits to f32. */
  static void widenBf16(FloatCode m) {
    m.shl(16, 16);
    m.fromBits();
  }

  /** f32 to bfloat16 bits, rounded to nearest even. */
  static void narrowBf16(FloatCode m) {
    m.toBits();
    final int bits = m.letBits();
    m.get(bits);
    m.get(bits);
    m.shrUnsigned(16, 16);
    m.bits(1);
    m.bitsAnd();
    m.bitsAdd();
    m.bits(0x7fff);
    m.bitsAdd();
    m.shrUnsigned(16, 16);
    m.get(bits);
    m.shrUnsigned(16, 16);
    m.bits(0x40);
    m.bitsOr();
    m.get(bits);
    m.bits(0x7fffffff);
    m.bitsAnd();
    final int magnitude = m.letBits();
    unlessNan(m, magnitude);
  }
}
