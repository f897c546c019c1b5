package org.nnjit.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * In which order weights are made: what is needed on the way comes just before what needs it, so that
 * little of it is in memory at a time.
 */
final class LoadOrder {
  private final List<Planner.Step> steps;
  private final Map<String, List<Integer>> makers = new HashMap<>();
  private final Set<Integer> done = new HashSet<>();
  private final List<Integer> order = new ArrayList<>();

  private LoadOrder(List<Planner.Step> steps) {
    this.steps = steps;
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) != null) {
        for (String r : steps.get(i).call().results()) {
          makers.computeIfAbsent(r, k -> new ArrayList<>(1)).add(i);
        }
      }
    }
  }

  /**
   * Numbers of the steps in order.
   *
   * @param steps null where one is not done at load; what makes an argument comes before what reads it
   * @param kept results that stay in memory
   */
  static List<Integer> of(List<Planner.Step> steps, Set<String> kept) {
    LoadOrder o = new LoadOrder(steps);
    Set<String> read = new HashSet<>();
    for (Planner.Step s : steps) {
      read.addAll(s == null ? List.of() : s.args());
    }
    // What others read comes with them, be it kept or not.
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < steps.size(); i++) {
        String result = steps.get(i) == null ? null : steps.get(i).call().results().get(0);
        if (kept.contains(result) && (pass == 1 || !read.contains(result))) {
          o.add(i);
        }
      }
    }
    return o.order;
  }

  private void add(int step) {
    if (!done.add(step)) {
      return;
    }
    for (String a : steps.get(step).args()) {
      for (int maker : makers.getOrDefault(a, List.of())) {
        add(maker);
      }
    }
    order.add(step);
  }
}
