package org.nnjit.plan;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Workload;
import org.nnjit.kernel.emit.wasm.Barrier;
import org.nnjit.kernel.emit.wasm.EmitOptions;
import org.nnjit.kernel.emit.wasm.Shares;
import org.nnjit.kernel.emit.wasm.WasmEmitter;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.WasmModule;

/**
 * The module of a plan: kernels, one small function (thread, threads) for each command, and one
 * {@code run} for each segment that calls its commands with barriers between them.
 *
 * <p>The first bytes of the memory hold the {@link Barrier} and what the {@link Shares} need.
 */
final class ProgramModule {
  /** Commands with fewer operations stay on one thread: a barrier costs more than they do. */
  private static final double SERIAL_FLOPS = 16000;

  private final WasmModule module = new WasmModule();
  private final KernelNames names = new KernelNames();
  private final List<Integer> table = new ArrayList<>();
  private final WasmEmitter emitter;
  private final boolean shared;
  private final FunctionBuilder barrier;
  private final FunctionBuilder divide;
  private FunctionBuilder segment;
  private int segments;
  private boolean afterSerial;
  private boolean afterParallel;

  ProgramModule(Target target, boolean shared) {
    this.shared = shared;
    module.importMemory("env", "memory", 1, shared ? 65536 : -1, shared);
    this.emitter = new WasmEmitter(module, EmitOptions.of(target));
    this.barrier = shared ? Barrier.add(module) : null;
    this.divide = Shares.add(module, shared);
    if (shared) {
      module.export("barrier", barrier);
    }
  }

  /**
   * A command's function.
   *
   * @param tableIndex where the table has it
   * @param parallel all threads share it
   * @param waits the threads meet before it
   */
  record Entry(int tableIndex, boolean parallel, boolean waits) {}

  Kernel add(Workload workload, KernelSpace space, Schedule schedule) {
    LoopNest bare = space.lower(schedule);
    LoopNest nest = bare.named(names.of(workload.compute(), schedule));
    FunctionBuilder code = emitter.emit(nest);
    int bytes = emitter.takeBytes();
    return new Kernel(
        workload, nest, schedule, space.packings(schedule), code, tableEntry(code), bytes);
  }

  /** Begins a new exported run function and returns its number. */
  int beginSegment() {
    segment = module.function("run" + segments, "ii:");
    module.export("run" + segments, segment);
    afterSerial = false;
    afterParallel = false;
    return segments++;
  }

  /**
   * Adds a kernel call to the segment.
   *
   * @param step bytes that the result lies further for each row that the caches have
   * @param length address of the number of these rows
   * @param work operations, or elements stored where these are more
   */
  Entry call(Kernel kernel, int[] args, int step, int length, double work) {
    int blocks = kernel.nest().blocks();
    boolean parallel = blocks > 1 && work >= SERIAL_FLOPS;
    FunctionBuilder command = module.function("command_" + kernel.nest().name(), "ii:");
    if (parallel) {
      FunctionBuilder range = module.function("range_" + kernel.nest().name(), "ii:");
      addresses(range, args, step, length);
      range.get(0);
      range.get(1);
      range.call(kernel.code().index());
      command.get(0);
      command.get(1);
      command.i32(blocks);
      command.i32(tableEntry(range));
      command.call(divide.index());
    } else {
      command.get(0);
      command.op(Op.I32_EQZ);
      command.ifThen();
      addresses(command, args, step, length);
      command.i32(0);
      command.i32(blocks);
      command.call(kernel.code().index());
      command.end();
    }
    boolean waits = shared && (afterParallel || afterSerial && parallel);
    if (waits) {
      segment.get(1);
      segment.call(barrier.index());
    }
    segment.get(0);
    segment.get(1);
    segment.call(command.index());
    afterParallel = parallel;
    afterSerial = !parallel;
    return new Entry(tableEntry(command), parallel, waits);
  }

  private static void addresses(FunctionBuilder c, int[] args, int step, int length) {
    for (int i = 0; i < args.length - 2; i++) {
      c.i32(args[i]);
    }
    if (step != 0) {
      c.i32(length);
      c.memory(Op.I32_LOAD, 0);
      c.i32(step);
      c.op(Op.I32_MUL);
      c.op(Op.I32_ADD);
    }
  }

  /** Ends the segment: every thread is done when thread 0 returns from it. */
  void endSegment() {
    if (shared && afterParallel) {
      segment.get(1);
      segment.call(barrier.index());
    }
  }

  private int tableEntry(FunctionBuilder function) {
    table.add(function.index());
    return table.size() - 1;
  }

  byte[] toBytes() {
    int[] entries = new int[table.size()];
    for (int i = 0; i < entries.length; i++) {
      entries[i] = table.get(i);
    }
    int index = module.table(entries.length, entries.length);
    module.elements(index, 0, entries);
    module.exportTable("table", index);
    return module.toBytes(true);
  }
}
