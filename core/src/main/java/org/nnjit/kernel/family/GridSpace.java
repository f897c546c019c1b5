package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.loop.GridNest;
import org.nnjit.schedule.Schedule;

/** The kernels that one family has for one compute on one GPU. */
public interface GridSpace {

  /** A schedule that is always legal and rarely bad. */
  Schedule defaultSchedule();

  /** The schedules worth trying; the default one may be among them. */
  default LiteSpace lite() {
    return LiteSpace.only(defaultSchedule());
  }

  /**
   * Loops of one invocation.
   *
   * @throws IllegalStateException when the schedule is not one of this space
   */
  GridNest lower(Schedule schedule);

  /** Arguments of narrow types that kernels read as words of 32 bits: they must lie packed. */
  default List<Integer> words() {
    return List.of();
  }
}
