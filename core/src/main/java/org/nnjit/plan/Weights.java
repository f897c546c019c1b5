package org.nnjit.plan;

import java.util.HashMap;
import java.util.Map;

/**
 * Where weights lie that have been loaded, over all plans of a session: a later plan finds what an
 * earlier one packed.
 */
public final class Weights {
  /** Bytes at the start of the memory that hold the barrier and the like. */
  public static final int RESERVED = 1024;

  private final Map<String, Integer> addresses = new HashMap<>();
  private long top;
  private long arenaBase = -1;
  private long arenaEnd;

  /**
   * @param base first free byte of the memory
   */
  public Weights(long base) {
    this.top = Arena.align(base);
  }

  /** Address of a weight by its key, or null. */
  Integer find(String key) {
    return addresses.get(key);
  }

  /** A new place for a weight of this many bytes. */
  int place(String key, long bytes) {
    long at = top;
    top = Arena.align(at + bytes + Arena.SLACK);
    if (top > 0xffff0000L) {
      throw new org.nnjit.graph.ModelException(
          "the model's weights need more than the 4 GiB that WebAssembly memory holds");
    }
    addresses.put(key, (int) at);
    return (int) at;
  }

  long top() {
    return top;
  }

  /** Where the next plan's arena may begin: plans do not run at the same time and share one. */
  long arenaBase(long bytes) {
    if (arenaBase >= 0 && arenaBase + bytes <= arenaEnd) {
      return arenaBase;
    }
    arenaBase = top;
    arenaEnd = Arena.align(top + bytes);
    top = arenaEnd;
    return arenaBase;
  }
}
