package org.nnjit.plan;

import java.util.HashSet;
import java.util.Set;

/** Weights of a session that lie on the GPU, over all its plans, by key. */
public final class GpuWeights {
  private final Set<String> keys = new HashSet<>();
  private Set<String> beforeLast = Set.of();

  boolean has(String key) {
    return keys.contains(key);
  }

  void addAll(Set<String> more) {
    beforeLast = Set.copyOf(keys);
    keys.addAll(more);
  }

  /** Forgets what the last plan added. */
  public void rollback() {
    keys.retainAll(beforeLast);
  }

  /** Forgets all but these. */
  public void keepOnly(Set<String> needed) {
    keys.retainAll(needed);
  }
}
