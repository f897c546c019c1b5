package org.nnjit.kernel.family;

import org.nnjit.loop.GridNest;
import org.nnjit.schedule.Schedule;

/** The kernels that one family has for one compute on one GPU. */
public interface GridSpace {

  /** A schedule that is always legal and rarely bad. */
  Schedule defaultSchedule();

  /**
   * Loops of one invocation.
   *
   * @throws IllegalStateException when the schedule is not one of this space
   */
  GridNest lower(Schedule schedule);
}
