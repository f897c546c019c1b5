package org.nnjit.kernel.emit.wasm;

import java.util.Random;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** Elements of every type: the awkward ones first, then random ones of many magnitudes. */
final class Samples {
  private static final double[] FLOATS = {
    0,
    -0.0,
    1,
    -1,
    2,
    -2,
    3,
    0.5,
    -0.5,
    1.5,
    -2.5,
    1e-40,
    -1e-40,
    1e-20,
    1e20,
    -1e20,
    3e9,
    -3e9,
    1e19,
    65504,
    65520,
    65519,
    6e-8,
    3e-8,
    6.1e-5,
    127,
    128,
    255,
    256,
    -129,
    32768,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    100,
    7
  };
  private static final long[] INTS = {
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    7,
    8,
    31,
    32,
    33,
    63,
    64,
    100,
    -128,
    127,
    255,
    256,
    -32768,
    32767,
    65535,
    Integer.MIN_VALUE,
    Integer.MAX_VALUE,
    0xffffffffL,
    Long.MIN_VALUE,
    Long.MAX_VALUE
  };

  private Samples() {}

  /**
   * Elements in pseudo-random order, so that two calls pair every special with every other soon.
   */
  static Tensor of(DType dtype, int elements, Random random) {
    Tensor t = Maps.zeros(dtype, elements);
    for (int i = 0; i < elements; i++) {
      if (dtype.isFloat()) {
        t.setDouble(i, floating(random));
      } else {
        t.setLong(i, dtype == DType.BOOL ? random.nextInt(2) : integer(random));
      }
    }
    return t;
  }

  private static double floating(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> FLOATS[random.nextInt(FLOATS.length)];
      case 1 -> random.nextGaussian() * 10;
      default -> random.nextGaussian() * Math.exp(random.nextDouble(-30, 30));
    };
  }

  private static long integer(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> INTS[random.nextInt(INTS.length)];
      case 1 -> random.nextInt(-40, 40);
      default -> random.nextLong() >> random.nextInt(64);
    };
  }
}
