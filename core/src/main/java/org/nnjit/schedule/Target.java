package org.nnjit.schedule;

import java.util.EnumSet;
import java.util.Set;

/**
 * The device that kernels are made for, as probed in the page.
 *
 * @param features what its engine has
 * @param threads how many threads share a kernel, at least 1
 * @param vectorRegisters vector registers that a tile may keep live: 15 on x64, where the engine
 *     keeps one of 16 for itself
 * @param l1Bytes size of the first cache
 * @param l2Bytes size of the second cache
 */
public record Target(
    Set<Feature> features, int threads, int vectorRegisters, int l1Bytes, int l2Bytes) {
  /** Below these readings a processor has 8 vector registers, or 16; it has 32 otherwise. */
  private static final int READING_OF_16 = 12;

  private static final int READING_OF_32 = 24;

  /** No first cache is larger; a reading above is that of a later one. */
  private static final int MOST_L1_BYTES = 256 << 10;

  public Target {
    features = Set.copyOf(features);
  }

  /** A device that was not measured. */
  public static Target of(Set<Feature> features, int threads) {
    return new Target(features, threads, 15, 32 << 10, 1 << 20);
  }

  /** What every current browser on x64 has, on one thread. */
  public static Target common() {
    return of(EnumSet.of(Feature.SIMD, Feature.RELAXED_SIMD, Feature.RELAXED_DOT), 1);
  }

  /** This target with what was measured; what was not seen stays as it is. */
  public Target on(DeviceProfile p) {
    boolean caches = p.l1Bytes() <= MOST_L1_BYTES;
    return new Target(
        features,
        threads,
        registers(p.vectorRegisters()),
        caches ? seen(p.l1Bytes(), 8 << 10, l1Bytes) : l1Bytes,
        caches ? seen(p.l2Bytes(), 128 << 10, l2Bytes) : l2Bytes);
  }

  /**
   * Registers that an engine which keeps one for itself has for a tile. Readings lie around it: a
   * processor that renames memory (Zen 5) hides four spilled sums of a loop that does nothing else,
   * though not those of a tile, which then takes twice the time.
   */
  private static int registers(int reading) {
    if (reading < READING_OF_16) {
      return 7;
    }
    return reading < READING_OF_32 ? 15 : Math.min(reading, 31);
  }

  /** A size that was measured, unless none was or it is less than any processor has. */
  private static int seen(int bytes, int least, int otherwise) {
    return bytes < least ? otherwise : bytes;
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }
}
