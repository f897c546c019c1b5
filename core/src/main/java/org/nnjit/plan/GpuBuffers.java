package org.nnjit.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gives values buffers on a GPU; those of runs are shared by values that do not meet. */
final class GpuBuffers {
  /** A free buffer is not taken for a value that needs less than this part of it. */
  private static final int WASTE = 4;

  private final List<GpuPlan.Room> rooms = new ArrayList<>();
  private final Map<String, Integer> at = new HashMap<>();
  private final Map<String, Integer> live = new LinkedHashMap<>();
  private final List<Integer> free = new ArrayList<>();
  private final Set<String> temporary = new HashSet<>();
  private final Set<String> keys = new HashSet<>();
  private final Set<String> given = new HashSet<>();
  private long weightBytes;

  /** The buffer of a value, or -1. */
  int find(String value) {
    return at.getOrDefault(value, -1);
  }

  /** A buffer that outlives runs. */
  void keep(String value, String key, long bytes) {
    put(value, key, bytes);
    keys.add(key);
    weightBytes += bytes;
  }

  /** A buffer of loading. */
  void add(String value, long bytes) {
    put(value, "", bytes);
    temporary.add(value);
  }

  /** A buffer that runs are given: it is not the plan's own. */
  void give(String value, long bytes) {
    put(value, "", bytes);
    given.add(value);
  }

  boolean isTemporary(String value) {
    return temporary.contains(value);
  }

  private void put(String value, String key, long bytes) {
    at.put(value, rooms.size());
    rooms.add(new GpuPlan.Room(key, bytes));
  }

  /** A buffer for a value of a run: the smallest free one that it fits, or a new one. */
  void take(String value, long bytes) {
    int best = -1;
    for (int f : free) {
      long room = rooms.get(f).bytes();
      boolean fits = room >= bytes && room / WASTE <= Math.max(bytes, 1 << 16);
      if (fits && (best < 0 || room < rooms.get(best).bytes())) {
        best = f;
      }
    }
    if (best < 0) {
      put(value, "", bytes);
    } else {
      free.remove((Integer) best);
      at.put(value, best);
    }
    live.put(value, at.get(value));
  }

  /** Frees the buffers of values that no call from this one on uses. */
  void freeBefore(int call, Map<String, Integer> lastUse) {
    for (String v : List.copyOf(live.keySet())) {
      if (lastUse.getOrDefault(v, -1) < call) {
        free.add(live.remove(v));
      }
    }
  }

  List<GpuPlan.Room> rooms() {
    return rooms;
  }

  Set<String> keys() {
    return keys;
  }

  long weightBytes() {
    return weightBytes;
  }

  /** Bytes of what runs use, without loading and what they are given. */
  long arenaBytes() {
    Set<Integer> own = new HashSet<>();
    for (Map.Entry<String, Integer> e : at.entrySet()) {
      String v = e.getKey();
      boolean outlives = temporary.contains(v) || given.contains(v);
      if (rooms.get(e.getValue()).key().isEmpty() && !outlives) {
        own.add(e.getValue());
      }
    }
    long bytes = 0;
    for (int i : own) {
      bytes += rooms.get(i).bytes();
    }
    return bytes;
  }
}
