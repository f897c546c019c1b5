package org.nnjit.plan;

import java.util.List;
import java.util.Set;
import org.nnjit.compute.Workload;
import org.nnjit.fuse.Program.Call;
import org.nnjit.graph.Constant;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.TensorType;

/**
 * A compiled model for fixed shapes: one module and everything that has an address.
 *
 * @param module WebAssembly bytes; imports {@code env.memory}, exports {@code table},
 *     {@code run0}, {@code run1}, ... of type (thread, threads), one for each segment, and where
 *     memory is shared {@code barrier} of type (threads)
 * @param endAddress memory must reach at least here, in bytes
 * @param load what is done once, in order
 * @param zeroed address ranges that must be zero before the first run
 * @param inputs where feeds go
 * @param outputs where results lie after a run
 * @param segments what a run does, in order
 * @param commands every kernel call and host call, in order, for tables
 * @param kernels every distinct kernel
 * @param weightBytes bytes of weights in memory
 * @param arenaBytes bytes of everything that lives during a run
 * @param weightKeys what it needs of {@link Weights}
 * @param caches values that stay between runs and grow by some rows in each
 * @param length where the rows that the caches have before a run are counted, an i32; 0 without
 *     caches
 */
public record Plan(
    byte[] module,
    long endAddress,
    List<LoadStep> load,
    List<Range> zeroed,
    List<Place> inputs,
    List<Place> outputs,
    List<Segment> segments,
    List<Command> commands,
    List<KernelInfo> kernels,
    long weightBytes,
    long arenaBytes,
    Set<String> weightKeys,
    List<Cache> caches,
    int length) {

  /** An address range in bytes. */
  public record Range(int address, int bytes) {}

  /** A named value at an address, dense row-major. */
  public record Place(String name, TensorType type, int address) {}

  /**
   * A value that stays between runs.
   *
   * @param place by the name of the model's input, with all the room there is
   * @param axis along which it grows
   * @param rows that a run adds
   */
  public record Cache(Place place, int axis, int rows) {}

  /** One step of loading. */
  public sealed interface LoadStep {}

  /** A constant is copied to an address. */
  public record LoadConstant(String name, Constant constant, int address) implements LoadStep {}

  /**
   * A kernel is called: its index in {@link Plan#kernels()} and in the table, its addresses, then 0
   * and its parts.
   */
  public record LoadKernel(int tableIndex, int[] args) implements LoadStep {}

  /** A part of a run without host calls inside. */
  public sealed interface Segment {}

  /** The exported function {@code run<index>}, called by every thread. */
  public record Kernels(int index) implements Segment {}

  /** A call on the host: values are read from and written to these places. */
  public record Host(Call call, List<Place> args, List<Place> results) implements Segment {}

  /**
   * One line of the plan's table.
   *
   * @param label nodes of the model it does
   * @param kernel index in {@link Plan#kernels()}, or -1 for a host call
   * @param tableIndex function (thread, threads) in the module's table, or -1
   * @param args as of {@link LoadKernel}; empty for a host call
   * @param step bytes that the result lies further for each row that the caches have
   * @param output type of the result
   * @param flops floating-point operations, a fused multiply-add counting two
   * @param parallel all threads share it
   * @param waits the threads meet before it
   */
  public record Command(
      String label,
      int kernel,
      int tableIndex,
      int[] args,
      int step,
      TensorType output,
      double flops,
      boolean parallel,
      boolean waits) {
    @Override
    public String toString() {
      return label;
    }
  }

  /**
   * A kernel with what it was made from.
   *
   * @param workload what it calculates
   * @param bytes of its code
   * @param tableIndex function (addresses, begin, end) in the module's table
   * @param calls commands that call it
   * @param millis from schedule to code, by the clock of the {@link PlanContext}
   */
  public record KernelInfo(
      String name,
      String family,
      Schedule schedule,
      Workload workload,
      LoopNest loops,
      int bytes,
      int tableIndex,
      int calls,
      double millis)
      implements Tunable {
    @Override
    public String toString() {
      return name;
    }
  }
}
