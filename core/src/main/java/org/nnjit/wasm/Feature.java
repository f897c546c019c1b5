package org.nnjit.wasm;

import java.util.EnumSet;
import java.util.Set;

/**
 * Parts of WebAssembly beyond its first version (MVP) that an engine may lack.
 *
 * <p>Source: the WebAssembly proposals of these names.
 */
public enum Feature {
  MUTABLE_GLOBALS,
  SIGN_EXTENSION,
  SATURATING_FLOAT_TO_INT,
  MULTI_VALUE,
  BULK_MEMORY,
  REFERENCE_TYPES,
  SIMD,
  RELAXED_SIMD,
  THREADS;

  @SuppressWarnings("EnumOrdinal")
  int mask() {
    return 1 << ordinal();
  }

  static Set<Feature> ofMask(int mask) {
    Set<Feature> set = EnumSet.noneOf(Feature.class);
    for (Feature feature : values()) {
      if ((mask & feature.mask()) != 0) {
        set.add(feature);
      }
    }
    return set;
  }
}
