package org.nnjit.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * Gives values addresses in one region so that values alive at the same time do not overlap: first
 * fit among the holes that ended values leave.
 */
final class Arena {
  /** Alignment of every value, one cache line, in bytes. */
  static final int ALIGN = 64;

  /** Vector loads may reach this far past a value, in bytes. */
  static final int SLACK = 64;

  private record Block(long from, long to) {}

  private final List<Block> used = new ArrayList<>();
  private final long base;
  private long top;

  Arena(long base) {
    this.base = align(base);
    this.top = this.base;
  }

  static long align(long v) {
    return (v + ALIGN - 1) / ALIGN * ALIGN;
  }

  /** The lowest free address with room for this many bytes. */
  long take(long bytes) {
    long size = align(bytes + SLACK);
    long at = base;
    int i = 0;
    while (i < used.size() && used.get(i).from() - at < size) {
      at = used.get(i).to();
      i++;
    }
    used.add(i, new Block(at, at + size));
    top = Math.max(top, at + size);
    return at;
  }

  void free(long address) {
    for (int i = 0; i < used.size(); i++) {
      if (used.get(i).from() == address) {
        used.remove(i);
        return;
      }
    }
    throw new IllegalStateException("address " + address + " is not in use");
  }

  /** One past the highest address ever used. */
  long top() {
    return top;
  }
}
