package org.nnjit.compute;

import java.util.Set;

/**
 * The identity of a kernel: what it computes on which types and layouts. Equal workloads share one
 * kernel and one tuning record.
 *
 * @param compute what is calculated, argument types included
 * @param weights arguments that are known at load
 * @param key hash of the canonical text, 16 hexadecimal digits, and the numbers of the weights; for
 *     a GPU, whose schedules are others, {@code gpu} before it
 */
public record Workload(Compute compute, Set<Integer> weights, String key) {

  public static Workload of(Compute compute, Set<Integer> weights) {
    StringBuilder key = new StringBuilder(CanonicalText.hash(CanonicalText.of(compute)));
    for (int i = 0; i < compute.inputs().size(); i++) {
      if (weights.contains(i)) {
        key.append('w').append(i);
      }
    }
    return new Workload(compute, Set.copyOf(weights), key.toString());
  }

  /**
   * The same for a GPU.
   *
   * @param how arguments and result lie, a letter for each
   */
  public static Workload onGpu(Compute compute, String how) {
    return new Workload(compute, Set.of(), "gpu" + how + of(compute, Set.of()).key());
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Workload w && key.equals(w.key);
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }
}
