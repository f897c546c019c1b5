package org.nnjit.kernel.family;

import org.nnjit.schedule.Schedule;

/** Leaves schedules out of a lite space that need not be tried. */
interface Rule {

  /** Why what it leaves out cannot win, for the tuning log. */
  String reason();

  boolean keeps(Schedule schedule);
}
