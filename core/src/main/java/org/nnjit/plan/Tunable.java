package org.nnjit.plan;

import org.nnjit.compute.Workload;
import org.nnjit.schedule.Schedule;

/** A kernel of a plan, as tuning sees it. */
public interface Tunable {
  String name();

  Workload workload();

  /** What it was made with. */
  Schedule schedule();
}
