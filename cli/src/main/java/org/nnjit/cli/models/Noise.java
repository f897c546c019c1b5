package org.nnjit.cli.models;

/**
 * Seeded, nearly normal numbers with random access: value {@code i} of a stream depends on the
 * stream's key and {@code i} only, so a tensor can be written in any order (a tied weight is
 * written transposed) and is the same on every machine.
 *
 * <p>SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014) hashes
 * the counter to 64 bits; the sum of their four 16-bit parts, centred and scaled to variance 1, is
 * the value (Irwin-Hall: bounded by 3.47, excess kurtosis -0.3). Integers up to the last
 * multiplication, so no library function can round differently elsewhere.
 */
final class Noise {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Four parts, each uniform on 0..65535: mean 131070, variance 4 (65536^2 - 1) / 12. */
  private static final double SCALE = 1 / Math.sqrt(4 * (65536.0 * 65536.0 - 1) / 12);

  private final long key;

  /**
   * A stream.
   *
   * @param seed of the model
   * @param name of the tensor; different names give unrelated streams
   */
  Noise(long seed, String name) {
    long hash = 0xcbf29ce484222325L ^ mix(seed + GOLDEN); // FNV-1a over the name
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    this.key = mix(hash);
  }

  /** 64 uniform bits. */
  long bits(long index) {
    return mix(key + (index + 1) * GOLDEN);
  }

  /** Uniform on 0 .. bound - 1. */
  int below(long index, int bound) {
    return (int) Long.remainderUnsigned(bits(index), bound);
  }

  /** Mean 0, variance 1. */
  double normal(long index) {
    long z = bits(index);
    long sum = (z & 0xffff) + (z >>> 16 & 0xffff) + (z >>> 32 & 0xffff) + (z >>> 48);
    return (sum - 131070) * SCALE;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
