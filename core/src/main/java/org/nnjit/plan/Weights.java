package org.nnjit.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.ModelException;

/**
 * Where weights lie that have been loaded, over all plans of a session: a later plan finds what an
 * earlier one packed, and takes the room of what no plan needs any more.
 */
public final class Weights {
  /** Bytes at the start of the memory that hold the barrier and the like. */
  public static final int RESERVED = 1024;

  /** No weight may end beyond, in bytes. */
  private static final long LAST = 0xffff0000L;

  /** From one byte to before another. */
  private record Room(long from, long to) {}

  /** By key; in the order of placing, so that addresses are the same on every machine. */
  private final Map<String, Room> rooms = new LinkedHashMap<>();
  private final List<Room> holes = new ArrayList<>();
  private long top;
  private long arenaBase = -1;
  private long arenaEnd;
  private int plans;

  /**
   * @param base first free byte of the memory
   */
  public Weights(long base) {
    this.top = Arena.align(base);
  }

  /** A number that no plan had before. */
  public int newPlan() {
    return plans++;
  }

  /** Address of a weight by its key, or null. */
  Integer find(String key) {
    Room room = rooms.get(key);
    return room == null ? null : (int) room.from();
  }

  /** A new place for a weight of this many bytes. */
  int place(String key, long bytes) {
    long room = Arena.align(bytes + Arena.SLACK);
    for (int i = 0; i < holes.size(); i++) {
      Room hole = holes.get(i);
      if (hole.to() - hole.from() >= room) {
        holes.set(i, new Room(hole.from() + room, hole.to()));
        rooms.put(key, new Room(hole.from(), hole.from() + room));
        return (int) hole.from();
      }
    }
    long at = top;
    if (at + room > LAST) {
      throw new ModelException(
          "the model's weights need more than the 4 GiB that WebAssembly memory holds");
    }
    top = at + room;
    rooms.put(key, new Room(at, top));
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

  /** Frees the room of all weights but these. */
  public void keepOnly(Set<String> keys) {
    for (String key : List.copyOf(rooms.keySet())) {
      if (!keys.contains(key)) {
        free(rooms.remove(key));
      }
    }
  }

  /** Neighbouring holes become one. */
  private void free(Room room) {
    Room whole = room;
    boolean grown = true;
    while (grown) {
      grown = false;
      for (Room hole : new ArrayList<>(holes)) {
        if (hole.to() == whole.from() || hole.from() == whole.to()) {
          holes.remove(hole);
          whole = new Room(Math.min(hole.from(), whole.from()), Math.max(hole.to(), whole.to()));
          grown = true;
        }
      }
    }
    holes.add(whole);
  }

  /** What is placed at a moment. */
  public static final class Mark {
    private final Map<String, Room> rooms;
    private final List<Room> holes;
    private final long top;
    private final long arenaBase;
    private final long arenaEnd;

    private Mark(Weights w) {
      rooms = new LinkedHashMap<>(w.rooms);
      holes = List.copyOf(w.holes);
      top = w.top;
      arenaBase = w.arenaBase;
      arenaEnd = w.arenaEnd;
    }
  }

  public Mark mark() {
    return new Mark(this);
  }

  /** Gives up all that was placed after the mark. */
  public void rollback(Mark mark) {
    rooms.clear();
    rooms.putAll(mark.rooms);
    holes.clear();
    holes.addAll(mark.holes);
    top = mark.top;
    arenaBase = mark.arenaBase;
    arenaEnd = mark.arenaEnd;
  }
}
