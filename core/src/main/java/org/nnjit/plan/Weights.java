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

  /** No weight may end beyond, in bytes. */
  private static final long LAST = 0xffff0000L;

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
    if (top > LAST) {
      throw new org.nnjit.graph.ModelException(
          "the model's weights need more than the 4 GiB that WebAssembly memory holds");
    }
    addresses.put(key, (int) at);
    return (int) at;
  }

  long top() {
    return top;
  }

  /**
   * Where the next plan's arena may begin: plans do not run at the same time and share one. A new
   * arena is twice the last one at least, so that all that were given up fit in the last.
   */
  long arenaBase(long bytes) {
    if (arenaBase >= 0 && arenaBase + bytes <= arenaEnd) {
      return arenaBase;
    }
    long room = arenaBase < 0 ? bytes : Math.max(bytes, 2 * (arenaEnd - arenaBase));
    arenaBase = top;
    arenaEnd = Arena.align(top + (top + room > LAST ? bytes : room));
    top = arenaEnd;
    return arenaBase;
  }

  /**
   * What is placed at a moment.
   *
   * @param top first free byte
   * @param arenaBase first byte of the arena, or -1
   * @param arenaEnd first byte after it
   */
  public record Mark(long top, long arenaBase, long arenaEnd) {}

  public Mark mark() {
    return new Mark(top, arenaBase, arenaEnd);
  }

  /** Gives up all that was placed after the mark. */
  public void rollback(Mark mark) {
    top = mark.top();
    arenaBase = mark.arenaBase();
    arenaEnd = mark.arenaEnd();
    addresses.values().removeIf(a -> (a & 0xffffffffL) >= top);
  }
}
