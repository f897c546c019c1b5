package org.nnjit.plan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.tensor.TensorType;

/**
 * Which buffer each value with a halo gets. Kernels write inside the halo only, so values of one
 * layout share a buffer when they are not live together, in one plan or in several: less memory,
 * and what is read next is still in the cache.
 */
final class Halos {
  private Halos() {}

  /**
   * Keys of buffers by value; values with the same key share one.
   *
   * @param padded values with a halo
   * @param types type of each value, with its layout
   */
  static Map<String, String> keys(
      List<Planner.Step> steps, Set<String> padded, Map<String, TensorType> types) {
    Map<String, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      for (String a : steps.get(i).args()) {
        lastUse.put(a, i);
      }
      for (String r : steps.get(i).call().results()) {
        lastUse.put(r, i);
      }
    }
    Map<String, String> keys = new HashMap<>();
    for (String v : padded) {
      keys.put(v, "halo " + v + " " + types.get(v));
    }
    Map<String, Integer> busy = new HashMap<>();
    Map<String, String> shared = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      Planner.Step step = steps.get(i);
      for (String r : step.call().results()) {
        // What is calculated at load stays for good.
        if (step.once() || !padded.contains(r) || shared.containsKey(r)) {
          continue;
        }
        int number = 0;
        String key = key(number, types.get(r));
        while (busy.getOrDefault(key, -1) >= i) {
          key = key(++number, types.get(r));
        }
        busy.put(key, lastUse.get(r));
        shared.put(r, key);
      }
    }
    keys.putAll(shared);
    return keys;
  }

  private static String key(int number, TensorType type) {
    return "halo " + number + " of " + type;
  }
}
