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
  private static final int FEWEST_REGISTERS = 7;

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
    return new Target(
        features,
        threads,
        Math.max(FEWEST_REGISTERS, p.vectorRegisters()),
        seen(p.l1Bytes(), 8 << 10, l1Bytes),
        seen(p.l2Bytes(), 128 << 10, l2Bytes));
  }

  /** A size that was measured, unless none was or it is less than any processor has. */
  private static int seen(int bytes, int least, int otherwise) {
    return bytes < least ? otherwise : bytes;
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }
}
