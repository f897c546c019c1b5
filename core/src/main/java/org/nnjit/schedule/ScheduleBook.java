package org.nnjit.schedule;

import java.util.HashMap;
import java.util.Map;

/** The schedules that were found best on this device, by workload. */
public final class ScheduleBook {
  private final Map<String, Schedule> entries = new HashMap<>();

  /** The schedule for a workload, or null. */
  public Schedule find(String workload) {
    return entries.get(workload);
  }

  public void put(String workload, Schedule schedule) {
    entries.put(workload, schedule);
  }
}
