package org.nnjit.plan;

import java.util.List;
import org.nnjit.compute.Workload;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.wasm.FunctionBuilder;

/** A kernel in a module under construction. */
final class Kernel {
  private final Workload workload;
  private final LoopNest nest;
  private final Schedule schedule;
  private final List<KernelSpace.Packing> packings;
  private final FunctionBuilder code;
  private final int tableIndex;
  private final int bytes;
  int calls;
  double millis;

  Kernel(
      Workload workload,
      LoopNest nest,
      Schedule schedule,
      List<KernelSpace.Packing> packings,
      FunctionBuilder code,
      int tableIndex,
      int bytes) {
    this.workload = workload;
    this.nest = nest;
    this.schedule = schedule;
    this.packings = packings;
    this.code = code;
    this.tableIndex = tableIndex;
    this.bytes = bytes;
  }

  Workload workload() {
    return workload;
  }

  /** What must be packed before it runs. */
  List<KernelSpace.Packing> packings() {
    return packings;
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
    return new Plan.KernelInfo(
        nest.name(), schedule.family(), schedule, workload, nest, bytes, tableIndex, calls, millis);
  }
}
