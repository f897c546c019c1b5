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
 */
public record Target(Set<Feature> features, int threads, int vectorRegisters) {
  public Target {
    features = Set.copyOf(features);
  }

  /** What every current browser on x64 has, on one thread. */
  public static Target common() {
    return new Target(EnumSet.of(Feature.SIMD, Feature.RELAXED_SIMD), 1, 15);
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }

  public Target withThreads(int count) {
    return new Target(features, count, vectorRegisters);
  }
}
