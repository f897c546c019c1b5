package org.nnjit.plan;

import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.wasm.FunctionBuilder;

/** A kernel in a module under construction. */
final class Kernel {
  private final LoopNest nest;
  private final Schedule schedule;
  private final FunctionBuilder code;
  private final int tableIndex;
  private final int bytes;
  int calls;

  Kernel(LoopNest nest, Schedule schedule, FunctionBuilder code, int tableIndex, int bytes) {
    this.nest = nest;
    this.schedule = schedule;
    this.code = code;
    this.tableIndex = tableIndex;
    this.bytes = bytes;
  }

  LoopNest nest() {
    return nest;
  }

  FunctionBuilder code() {
    return code;
  }

  int tableIndex() {
    return tableIndex;
  }

  Plan.KernelInfo info() {
    return new Plan.KernelInfo(nest.name(), schedule.family(), schedule, nest, bytes, calls);
  }
}
