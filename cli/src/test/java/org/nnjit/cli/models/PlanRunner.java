package org.nnjit.cli.models;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Compute;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopInterpreter;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Runs a plan for {@link Target#common} at its own addresses, each kernel in the loop interpreter.
 * What memory no step wrote holds NaN, and so does the slack after each value when a step begins:
 * a value read too early or too far shows. Nothing may be stored beyond a value.
 */
final class PlanRunner {
  /** As far as vectors may reach past a value, in bytes. */
  private static final int SLACK_BYTES = 64;

  /** In which order the parts of a kernel are done. */
  enum Order {
    /** All at once, first to last, as one thread does them. */
    FORWARD,
    /** One by one, last to first: no part may lean on another, nor write what another writes. */
    BACKWARD
  }

  private final Plan plan;
  private final Order order;
  private final byte[] memory;

  private PlanRunner(Plan plan, Order order) {
    this.plan = plan;
    this.order = order;
    this.memory = new byte[Math.toIntExact(plan.endAddress()) + SLACK_BYTES];
    Arrays.fill(memory, (byte) 0xff);
  }

  /** A model compiled for these feeds, to be run here. */
  static Compiler.Compiled compiled(byte[] model, Map<String, Tensor> feeds) {
    return compiled(model, feeds, PlanContext.plain(Target.common()), null);
  }

  /** The same for any backend. */
  static Compiler.Compiled compiled(
      byte[] model, Map<String, Tensor> feeds, PlanContext context, Compiler.Backend backend) {
    ByteSource file = ByteSource.of(model);
    Map<String, TensorType> types = new LinkedHashMap<>();
    feeds.forEach((name, tensor) -> types.put(name, tensor.type()));
    Specialiser.Values values =
        Specialiser.Values.of(feeds, constant -> OnnxTensors.load(file, constant));
    return Compiler.compile(OnnxReader.read(file).graph(), types, values, context, backend);
  }

  /**
   * The plan's outputs by name.
   *
   * @param file holds the stored weights
   */
  static Map<String, Tensor> run(
      Plan plan, Map<String, Tensor> feeds, ByteSource file, Order order) {
    PlanRunner runner = new PlanRunner(plan, order);
    runner.load(file);
    return runner.run(feeds);
  }

  private void load(ByteSource file) {
    for (Plan.Range r : plan.zeroed()) {
      Arrays.fill(memory, r.address(), r.address() + r.bytes(), (byte) 0);
    }
    for (Plan.LoadStep step : plan.load()) {
      switch (step) {
        case Plan.LoadConstant c ->
            write(
                switch (c.constant()) {
                  case Constant.Inline i -> i.tensor();
                  case Constant.Stored s -> OnnxTensors.load(file, s);
                },
                c.address());
        case Plan.LoadKernel k -> call(plan.kernels().get(k.tableIndex()), k.args(), true);
      }
    }
  }

  /** A plan whose caches are empty. */
  static PlanRunner loaded(Plan plan, ByteSource file, Order order) {
    PlanRunner runner = new PlanRunner(plan, order);
    runner.load(file);
    return runner;
  }

  /** Another plan of the session, loaded behind this one; what it runs on is a copy of the memory. */
  PlanRunner and(Plan other, ByteSource file) {
    PlanRunner runner = new PlanRunner(other, order);
    System.arraycopy(memory, 0, runner.memory, 0, Math.min(memory.length, runner.memory.length));
    runner.load(file);
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
    for (Plan.Place p : plan.inputs()) {
      if (growing.containsKey(p.name())) {
        whole.put(p.name(), padded(feeds.get(p.name()), p.type(), growing.get(p.name())));
      }
    }
    write(SmallModel.scalar(DType.I32, length), plan.length());
    return run(whole);
  }

  /** Rows along an axis, then what no one shall look at. */
  static Tensor padded(Tensor t, TensorType type, int axis) {
    Tensor out = Tensor.zeros(type.dtype(), type.shape());
    Arrays.fill(out.bytes(), (byte) 0xff);
    int inner = type.dtype().bytes();
    for (int d = axis + 1; d < type.shape().rank(); d++) {
      inner *= type.shape().dim(d);
    }
    int rows = inner * t.shape().dim(axis);
    int room = inner * type.shape().dim(axis);
    for (int i = 0; i < t.bytes().length / rows; i++) {
      System.arraycopy(t.bytes(), i * rows, out.bytes(), i * room, rows);
    }
    return out;
  }

  private Map<String, Tensor> run(Map<String, Tensor> feeds) {
    for (Plan.Place p : plan.inputs()) {
      write(feeds.get(p.name()), p.address());
    }
    ByteBuffer words = ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN);
    for (Plan.Command c : plan.commands()) {
      if (c.kernel() < 0) {
        throw new IllegalStateException("a host call in the plan: " + c.label());
      }
      int[] args = c.args().clone();
      args[args.length - 3] += c.step() == 0 ? 0 : c.step() * words.getInt(plan.length());
      call(plan.kernels().get(c.kernel()), args, c.step() == 0);
    }
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (Plan.Place p : plan.outputs()) {
      Tensor t = Tensor.zeros(p.type().dtype(), p.type().shape());
      System.arraycopy(memory, p.address(), t.bytes(), 0, t.bytes().length);
      outputs.put(p.name(), t);
    }
    return outputs;
  }

  private void write(Tensor t, int address) {
    System.arraycopy(t.bytes(), 0, memory, address, t.bytes().length);
    poison(address + t.bytes().length);
  }

  private void poison(int end) {
    Arrays.fill(memory, end, end + SLACK_BYTES, (byte) 0xff);
  }

  private void call(Plan.KernelInfo kernel, int[] args, boolean poisoned) {
    LoopNest nest = kernel.loops();
    LoopVerifier.verify(nest);
    Compute compute = kernel.workload().compute();
    List<TensorType> types = new ArrayList<>(compute.inputs());
    KernelSpace space = Families.of(compute, Target.common());
    for (KernelSpace.Packing p : space.packings(kernel.schedule())) {
      types.set(p.argument(), p.compute().output());
    }
    int inputs = types.size();
    if (nest.scratch() > 0) {
      types.add(TensorType.of(DType.F32, nest.scratch()));
    }
    types.add(compute.output());
    LoopInterpreter interpreter = new LoopInterpreter(memory);
    for (int i = 0; i < nest.buffers().size(); i++) {
      int bytes = bytes(args[i], types.get(i));
      int size = nest.buffers().get(i).dtype().bytes();
      interpreter.bind(nest.buffers().get(i), args[i], bytes / size, SLACK_BYTES / size);
      // Behind the new rows of one head of a cache lie those of the next.
      if (i >= inputs && poisoned) {
        poison(args[i] + bytes);
      }
    }
    int begin = args[args.length - 2];
    int end = args[args.length - 1];
    if (order == Order.FORWARD) {
      interpreter.run(nest, begin, end);
      return;
    }
    for (int part = end - 1; part >= begin; part--) {
      interpreter.run(nest, part, part + 1);
    }
  }

  /** Bytes of a value, halo included, from its address. */
  private int bytes(int address, TensorType type) {
    for (Plan.Range r : plan.zeroed()) {
      if (r.address() == address) {
        return r.bytes();
      }
    }
    long last = type.layout().offset();
    for (int i = 0; i < type.shape().rank(); i++) {
      last += (long) type.layout().stride(i) * (type.shape().dim(i) - 1);
    }
    return Math.toIntExact(Math.max(type.bytes(), (last + 1) * type.dtype().bytes()));
  }
}
