package org.nnjit.tune;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.schedule.Schedule;

/**
 * Predicted times, corrected by what was measured on this device. For each choice of a schedule
 * that was measured, in any kernel, it keeps by how much kernels with that choice missed the
 * prediction against others of the same workload.
 */
final class CostModel {
  /** Weight of a new measurement. */
  private static final double GAIN = 0.3;

  private final Map<String, double[]> errors = new HashMap<>();

  /** Time of a candidate in the unit of its space. */
  double cost(LiteSpace.Candidate candidate) {
    return candidate.cost() * Math.exp(error(candidate.schedule()));
  }

  private double error(Schedule schedule) {
    double sum = 0;
    for (Schedule.Step s : schedule.steps()) {
      double[] missed = errors.get(key(schedule, s));
      sum += missed == null ? 0 : missed[0];
    }
    return sum;
  }

  /**
   * Learns from two schedules of one workload.
   *
   * @param ratio measured time of the first over that of the second
   */
  void learn(LiteSpace.Candidate first, LiteSpace.Candidate second, double ratio) {
    double missed = Math.log(ratio * cost(second) / cost(first));
    int differing = 0;
    for (Schedule.Step s : first.schedule().steps()) {
      differing += differs(s, second.schedule()) ? 1 : 0;
    }
    for (Schedule.Step s : first.schedule().steps()) {
      if (differs(s, second.schedule())) {
        errors.computeIfAbsent(key(first.schedule(), s), k -> new double[1])[0] +=
            GAIN * missed / differing;
      }
    }
  }

  private static boolean differs(Schedule.Step step, Schedule other) {
    return other.get(step.name(), step.value()) != step.value();
  }

  private static String key(Schedule schedule, Schedule.Step step) {
    return schedule.family() + " " + step.name() + "=" + step.value();
  }
}
