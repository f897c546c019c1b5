package org.nnjit.compute;

/**
 * The identity of a kernel: what it computes on which types and layouts. Equal workloads share one
 * kernel and one tuning record.
 *
 * @param compute what is calculated, argument types included
 * @param key hash of the canonical text, 16 hexadecimal digits
 */
public record Workload(Compute compute, String key) {

  public static Workload of(Compute compute) {
    return new Workload(compute, CanonicalText.hash(CanonicalText.of(compute)));
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
