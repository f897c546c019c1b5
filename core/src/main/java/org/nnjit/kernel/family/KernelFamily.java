package org.nnjit.kernel.family;

import org.nnjit.compute.Compute;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;

/** A way to make loops of a kind of compute. Stateless. */
public interface KernelFamily {

  /** Name in schedules: {@code contraction}. */
  String name();

  /** True when this family can lower the compute for the target. */
  boolean accepts(Compute compute, Target target);

  /** A schedule that is always legal and rarely bad. */
  Schedule defaultSchedule(Compute compute, Target target);

  /**
   * Loops for a compute that this family accepts.
   *
   * @throws IllegalStateException when the schedule is not one of this family for this compute
   */
  LoopNest lower(Compute compute, Schedule schedule);
}
