package org.nnjit.cli.models;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Compute;
import org.nnjit.fuse.Growth;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridInterpreter;
import org.nnjit.loop.GridNest;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Target;
import org.nnjit.session.GpuBackend;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Runs a plan for a GPU, each kernel in the interpreter of grids, slices as {@link PlanRunner} does.
 * What no step wrote holds NaN, also in buffers that a kernel gets anew. Narrow types lie packed
 * throughout: how they lie on a GPU is for tests in browsers.
 */
final class GpuPlanRunner {
  private final GpuPlan plan;
  private final ByteSource file;
  private final int[] at;
  private final byte[] memory;
  private final int shared;
  private final Map<String, Tensor> elsewhere = new HashMap<>();

  private GpuPlanRunner(GpuPlan plan, ByteSource file) {
    this.plan = plan;
    this.file = file;
    this.at = new int[plan.buffers().size()];
    int end = 0;
    for (int i = 0; i < at.length; i++) {
      at[i] = end;
      end += Math.toIntExact(plan.buffers().get(i).bytes());
    }
    int most = 0;
    for (GpuPlan.Pipeline p : plan.pipelines()) {
      int bytes = 0;
      for (GridNest.Shared s : p.nest().shared()) {
        bytes += s.elements() * s.buffer().dtype().bytes();
      }
      most = Math.max(most, bytes);
    }
    this.shared = end;
    this.memory = new byte[end + most];
    Arrays.fill(memory, (byte) 0xff);
  }

  /** The plan of a model for these feeds and a device. */
  static GpuPlan compiled(byte[] model, Map<String, Tensor> feeds, GpuTarget target) {
    PlanContext context = PlanContext.plain(Target.common());
    return PlanRunner.compiled(model, feeds, context, new GpuBackend(target)).gpu();
  }

  /** The plan's outputs by name. */
  static Map<String, Tensor> run(GpuPlan plan, Map<String, Tensor> feeds, ByteSource file) {
    GpuPlanRunner runner = new GpuPlanRunner(plan, file);
    runner.load();
    return runner.run(feeds);
  }

  /** A plan whose caches are empty. */
  static GpuPlanRunner loaded(GpuPlan plan, ByteSource file) {
    GpuPlanRunner runner = new GpuPlanRunner(plan, file);
    runner.load();
    for (GpuPlan.Cache c : plan.caches()) {
      TensorType t = c.place().type();
      runner.write(Tensor.zeros(t.dtype(), t.shape()), c.place().buffer());
    }
    return runner;
  }

  /**
   * A run on caches that earlier runs have left.
   *
   * @param growing feeds that have fewer rows than there is room for, and the axis
   * @param length rows in the caches
   */
  Map<String, Tensor> run(Map<String, Tensor> feeds, Map<String, Integer> growing, int length) {
    Map<String, Tensor> whole = new LinkedHashMap<>(feeds);
    for (GpuPlan.Place p : plan.inputs()) {
      if (growing.containsKey(p.name())) {
        Tensor rows = feeds.get(p.name());
        whole.put(p.name(), PlanRunner.padded(rows, p.type(), growing.get(p.name())));
      }
    }
    whole.put(Growth.LENGTH, SmallModel.scalar(DType.I32, length));
    return run(whole);
  }

  private void load() {
    for (GpuPlan.LoadStep step : plan.load()) {
      switch (step) {
        case GpuPlan.Upload u ->
            write(
                switch (u.constant()) {
                  case Constant.Inline i -> i.tensor();
                  case Constant.Stored s -> OnnxTensors.load(file, s);
                },
                u.buffer());
        case GpuPlan.LoadDispatch d -> dispatch(plan.pipelines().get(d.pipeline()), d.buffers());
        case GpuPlan.Free f -> poison(f.buffer());
      }
    }
  }

  private Map<String, Tensor> run(Map<String, Tensor> feeds) {
    elsewhere.putAll(feeds);
    for (GpuPlan.Place p : plan.inputs()) {
      if (p.buffer() >= 0) {
        write(feeds.get(p.name()), p.buffer());
      }
    }
    for (GpuPlan.Command c : plan.commands()) {
      if (c.pipeline() >= 0) {
        dispatch(plan.pipelines().get(c.pipeline()), c.buffers());
      } else {
        slice(plan.slices().get(c.slice()));
      }
    }
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (GpuPlan.Place p : plan.outputs()) {
      outputs.put(p.name(), read(p));
    }
    return outputs;
  }

  private void slice(GpuPlan.Slice slice) {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    for (GpuPlan.Place p : slice.inputs()) {
      feeds.put(p.name(), read(p));
    }
    Map<String, Tensor> results =
        PlanRunner.run(slice.plan(), feeds, file, PlanRunner.Order.FORWARD);
    elsewhere.putAll(results);
    for (GpuPlan.Place p : slice.outputs()) {
      if (p.buffer() >= 0) {
        write(results.get(p.name()), p.buffer());
      }
    }
  }

  private Tensor read(GpuPlan.Place p) {
    if (p.buffer() < 0) {
      return elsewhere.get(p.name());
    }
    Tensor t = Tensor.zeros(p.type().dtype(), p.type().shape());
    System.arraycopy(memory, at[p.buffer()], t.bytes(), 0, t.bytes().length);
    return t;
  }

  private void write(Tensor t, int buffer) {
    poison(buffer);
    System.arraycopy(t.bytes(), 0, memory, at[buffer], t.bytes().length);
  }

  private void poison(int buffer) {
    int end = at[buffer] + Math.toIntExact(plan.buffers().get(buffer).bytes());
    Arrays.fill(memory, at[buffer], end, (byte) 0xff);
  }

  private void dispatch(GpuPlan.Pipeline pipeline, List<Integer> buffers) {
    Compute c = pipeline.workload().compute();
    GridInterpreter interpreter = new GridInterpreter(memory);
    for (int i = 0; i < buffers.size(); i++) {
      TensorType type = i < c.inputs().size() ? c.inputs().get(i) : c.output();
      Buffer buffer = pipeline.nest().buffers().get(i);
      // A kernel may read narrow elements by words.
      int bytes = Math.toIntExact(type.shape().elements() * type.dtype().bytes());
      int elements = bytes / buffer.dtype().bytes();
      interpreter.bind(buffer, at[buffers.get(i)], elements);
    }
    interpreter.run(pipeline.nest(), shared);
  }
}
