package org.nnjit.cli.models;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Compute;
import org.nnjit.graph.Constant;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopInterpreter;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.onnx.ByteSource;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Runs a plan for {@link Target#common} at its own addresses, each kernel in the loop interpreter. What memory no step wrote
 * holds NaN, so that a value read too early or too far shows.
 */
final class PlanRunner {
  /** As far as vectors may reach past a value, in bytes. */
  private static final int SLACK_BYTES = 64;

  private final Plan plan;
  private final byte[] memory;

  private PlanRunner(Plan plan) {
    this.plan = plan;
    this.memory = new byte[Math.toIntExact(plan.endAddress()) + SLACK_BYTES];
    Arrays.fill(memory, (byte) 0xff);
  }

  /**
   * The plan's outputs by name.
   *
   * @param file holds the stored weights
   */
  static Map<String, Tensor> run(Plan plan, Map<String, Tensor> feeds, ByteSource file) {
    PlanRunner runner = new PlanRunner(plan);
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
        case Plan.LoadKernel k -> call(plan.kernels().get(k.tableIndex()), k.args());
      }
    }
  }

  private Map<String, Tensor> run(Map<String, Tensor> feeds) {
    for (Plan.Place p : plan.inputs()) {
      write(feeds.get(p.name()), p.address());
    }
    for (Plan.Command c : plan.commands()) {
      if (c.kernel() < 0) {
        throw new IllegalStateException("a host call in the plan: " + c.label());
      }
      call(plan.kernels().get(c.kernel()), c.args());
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
  }

  private void call(Plan.KernelInfo kernel, int[] args) {
    LoopNest nest = kernel.loops();
    LoopVerifier.verify(nest);
    Compute compute = kernel.workload().compute();
    KernelSpace.Packing packing =
        Families.of(compute, Target.common()).packing(kernel.schedule());
    LoopInterpreter interpreter = new LoopInterpreter(memory);
    for (int i = 0; i < nest.buffers().size(); i++) {
      List<TensorType> inputs = compute.inputs();
      TensorType type = i < inputs.size() ? inputs.get(i) : compute.output();
      if (packing != null && packing.argument() == i) {
        type = packing.compute().output();
      }
      int bytes = room(args[i], type, i < inputs.size());
      interpreter.bind(nest.buffers().get(i), args[i], bytes / nest.buffers().get(i).dtype().bytes());
    }
    interpreter.run(nest, args[args.length - 2], args[args.length - 1]);
  }

  /** Bytes from an address that a kernel may touch there. */
  private int room(int address, TensorType type, boolean read) {
    for (Plan.Range r : plan.zeroed()) {
      if (r.address() == address) {
        return r.bytes() + (read ? SLACK_BYTES : 0);
      }
    }
    long last = type.layout().offset();
    for (int i = 0; i < type.shape().rank(); i++) {
      last += (long) type.layout().stride(i) * (type.shape().dim(i) - 1);
    }
    long bytes = Math.max(type.bytes(), (last + 1) * type.dtype().bytes());
    return Math.toIntExact(bytes) + (read ? SLACK_BYTES : 0);
  }
}
