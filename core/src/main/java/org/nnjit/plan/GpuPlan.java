package org.nnjit.plan;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.nnjit.compute.Workload;
import org.nnjit.graph.Constant;
import org.nnjit.loop.GridNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.TensorType;

/**
 * A compiled model for fixed shapes on a GPU. Values lie in buffers, which values that do not live
 * at the same time share; what no GPU kernel can do is done by plans of WebAssembly, the slices,
 * between which and the GPU values are copied.
 *
 * @param buffers every buffer
 * @param pipelines every distinct kernel
 * @param load what is done once, in order
 * @param inputs where feeds go that GPU kernels read; narrow types lie packed
 * @param outputs where results lie after a run
 * @param commands every dispatch and slice, in order
 * @param caches what stays between runs, in the buffers that a run is given: they are not the plan's
 * @param slices parts that run in WebAssembly, as the commands count them
 * @param weightBytes bytes of buffers that outlive runs
 * @param arenaBytes bytes of all other buffers
 */
public record GpuPlan(
    List<Room> buffers,
    List<Pipeline> pipelines,
    List<LoadStep> load,
    List<Place> inputs,
    List<Place> outputs,
    List<Command> commands,
    List<Slice> slices,
    List<Cache> caches,
    long weightBytes,
    long arenaBytes) {

  /** What the slices need of {@link Weights}. */
  public Set<String> weightKeys() {
    Set<String> keys = new HashSet<>();
    for (Slice s : slices) {
      keys.addAll(s.plan().weightKeys());
    }
    return keys;
  }

  /**
   * A buffer.
   *
   * @param key plans of a session share the weight of that key; "" for what only runs of this plan
   *     use
   */
  public record Room(String key, long bytes) {}

  /**
   * A value, dense row-major.
   *
   * @param buffer index in {@link GpuPlan#buffers()}, or -1 where a slice alone has it
   * @param wide each element of a narrow type is in four bytes of its own: an i32, or an f32 for a
   *     float
   */
  public record Place(String name, TensorType type, int buffer, boolean wide) {}

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

  /** A constant is copied to a buffer. */
  public record Upload(Constant constant, int buffer) implements LoadStep {}

  /** A kernel runs on buffers: its arguments, then its result. */
  public record LoadDispatch(int pipeline, List<Integer> buffers) implements LoadStep {
    public LoadDispatch {
      buffers = List.copyOf(buffers);
    }
  }

  /** No later step needs the buffer, nor does a run. */
  public record Free(int buffer) implements LoadStep {}

  /**
   * A kernel.
   *
   * @param code WGSL; a storage buffer for each of its bindings in group 0, the last is written to;
   *     entry point {@code main}
   * @param wide for each buffer, whether elements of narrow types lie wide
   * @param groups workgroups of a dispatch: x * y may be more
   * @param millis from schedule to code
   */
  public record Pipeline(
      Workload workload,
      Schedule schedule,
      GridNest nest,
      String code,
      List<Boolean> wide,
      int groups,
      double millis)
      implements Tunable {
    public Pipeline {
      wide = List.copyOf(wide);
    }

    @Override
    public String name() {
      return nest.name();
    }

    @Override
    public String toString() {
      return nest.name();
    }
  }

  /**
   * One line of the plan's table.
   *
   * @param label nodes of the model it does
   * @param pipeline index in {@link GpuPlan#pipelines()}, or -1 for a slice
   * @param slice index in {@link GpuPlan#slices()}, or -1
   * @param buffers arguments, then the result
   * @param flops floating-point operations, a fused multiply-add counting two
   */
  public record Command(
      String label, int pipeline, int slice, List<Integer> buffers, TensorType output, double flops) {
    public Command {
      buffers = List.copyOf(buffers);
    }

    @Override
    public String toString() {
      return label;
    }
  }

  /**
   * Calls that run in WebAssembly.
   *
   * @param inputs in the order of the plan's; a buffer of -1 is fed, or comes from an earlier slice
   * @param outputs in the order of the plan's; a buffer of -1 is not needed on the GPU
   */
  public record Slice(Plan plan, List<Place> inputs, List<Place> outputs) {}
}
