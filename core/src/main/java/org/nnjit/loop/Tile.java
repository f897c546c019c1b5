package org.nnjit.loop;

import java.util.List;

/**
 * An inner part of a kernel made a function: it sees its parameters and its own locals only.
 * Compared by identity.
 *
 * @param name unique in the kernel
 * @param params I32 and PTR locals that the caller gives
 * @param body what it does
 */
public record Tile(String name, List<Local> params, Stmt body) {
  public Tile {
    params = List.copyOf(params);
  }

  @Override
  public boolean equals(Object o) {
    return this == o;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
