package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.schedule.Schedule;

/**
 * The few schedules of a kernel that are worth trying.
 *
 * @param candidates all legal, lowest predicted cost first
 * @param full how many schedules the family's loops allow for the compute
 * @param log what each rule left out and why
 */
public record LiteSpace(List<Candidate> candidates, double full, List<String> log) {
  public LiteSpace {
    candidates = List.copyOf(candidates);
    log = List.copyOf(log);
  }

  @Override
  public String toString() {
    return candidates.toString();
  }

  /**
   * One schedule.
   *
   * @param cost predicted time in any unit, the same for all candidates of a space
   */
  public record Candidate(Schedule schedule, double cost) {
    @Override
    public String toString() {
      return schedule.toString();
    }
  }

  /** A space of one schedule. */
  static LiteSpace only(Schedule schedule) {
    return new LiteSpace(List.of(new Candidate(schedule, 1)), 1, List.of());
  }

  /** Predicts the time of a schedule. */
  interface Cost {
    double of(Schedule schedule);
  }

  /** Grows a space choice by choice; rules cut it after each. */
  static final class Builder {
    private List<Schedule> schedules;
    private double full = 1;
    private final List<String> log = new ArrayList<>();

    Builder(String family) {
      schedules = List.of(Schedule.of(family));
    }

    /**
     * Every schedule with every value of a step.
     *
     * @param all how many values the family's loops allow
     */
    Builder choose(String step, double all, int... values) {
      full *= all;
      List<Schedule> grown = new ArrayList<>();
      for (Schedule s : schedules) {
        for (int v : values) {
          grown.add(s.with(step, v));
        }
      }
      schedules = grown;
      return this;
    }

    Builder keep(Rule rule) {
      List<Schedule> kept = new ArrayList<>();
      for (Schedule s : schedules) {
        if (rule.keeps(s)) {
          kept.add(s);
        }
      }
      // A rule that nothing satisfies says nothing.
      if (kept.isEmpty()) {
        return this;
      }
      if (kept.size() < schedules.size()) {
        log.add(schedules.size() + " -> " + kept.size() + ": " + rule.reason());
      }
      schedules = kept;
      return this;
    }

    /** So many of all, drawn evenly. */
    LiteSpace draw(int count) {
      List<Candidate> drawn = new ArrayList<>();
      double step = Math.max(1, schedules.size() / (double) count);
      for (double i = 0; i < schedules.size(); i += step) {
        drawn.add(new Candidate(schedules.get((int) i), 1));
      }
      return new LiteSpace(drawn, full, log);
    }

    /** The best by cost, at most so many. */
    LiteSpace order(Cost cost, int most) {
      List<Candidate> candidates = new ArrayList<>();
      for (Schedule s : schedules) {
        candidates.add(new Candidate(s, cost.of(s)));
      }
      candidates.sort((a, b) -> Double.compare(a.cost(), b.cost()));
      if (candidates.size() > most) {
        log.add(candidates.size() + " -> " + most + ": the cost model puts the others last");
        candidates = candidates.subList(0, most);
      }
      return new LiteSpace(candidates, full, log);
    }
  }
}
