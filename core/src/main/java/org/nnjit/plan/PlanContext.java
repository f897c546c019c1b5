package org.nnjit.plan;

import java.util.function.DoubleSupplier;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;

/**
 * What the plans of one session are made for.
 *
 * @param target the device
 * @param weights where weights of the session lie already
 * @param book schedules found before
 * @param shared memory is shared among threads
 * @param clock milliseconds from some moment on, to time the compiler itself
 */
public record PlanContext(
    Target target, Weights weights, ScheduleBook book, boolean shared, DoubleSupplier clock) {

  /** For one plan of its own, whose compile times nobody asks for. */
  public static PlanContext plain(Target target) {
    return new PlanContext(
        target, new Weights(Weights.RESERVED), new ScheduleBook(), false, () -> 0);
  }
}
