package org.nnjit.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nnjit.compute.Compute;
import org.nnjit.kernel.emit.wasm.EmitOptions;
import org.nnjit.kernel.emit.wasm.WasmEmitter;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.TensorType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * One kernel alone in a module, to be checked and timed.
 *
 * @param module imports {@code env.memory}; exports {@code pack()}, which must be called after the
 *     inputs are written, and {@code run(times)}, which calls the kernel over and over on one
 *     thread
 * @param inputs where the inputs go, as they lie in a plan
 * @param output where the result appears
 * @param end memory must reach this far, in bytes
 */
public record Trial(byte[] module, List<Place> inputs, Place output, int end) {
  private static final int ALIGN = 64;

  /** A buffer of {@code bytes} at an address. */
  public record Place(TensorType type, int address, int bytes) {}

  /** The kernel that a schedule makes of a compute. */
  public static Trial of(Compute compute, Schedule schedule, Target target) {
    KernelSpace space = Families.of(compute, target);
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, -1, false);
    WasmEmitter emitter = new WasmEmitter(module, EmitOptions.of(target));
    int top = ALIGN;
    List<Place> inputs = new ArrayList<>();
    for (TensorType t : compute.inputs()) {
      inputs.add(new Place(t, top, bytes(t)));
      top = next(inputs.get(inputs.size() - 1));
    }
    Place output = new Place(compute.output(), top, bytes(compute.output()));
    top = next(output);
    int[] args = new int[inputs.size() + 3];
    for (int i = 0; i < inputs.size(); i++) {
      args[i] = inputs.get(i).address();
    }
    args[inputs.size()] = output.address();
    FunctionBuilder pack = module.function("pack", ":");
    KernelSpace.Packing packing = space.packing(schedule);
    if (packing != null) {
      KernelSpace plain = Families.of(packing.compute(), target);
      Place packed = new Place(packing.compute().output(), top, bytes(packing.compute().output()));
      top = next(packed);
      int from = args[packing.argument()];
      args[packing.argument()] = packed.address();
      LoopNest nest = plain.lower(plain.defaultSchedule(Set.of()));
      call(pack, emitter.emit(nest), from, packed.address(), 0, nest.blocks());
    }
    LoopNest nest = space.lower(schedule);
    args[inputs.size() + 2] = nest.blocks();
    FunctionBuilder run = module.function("run", "i:");
    int left = run.local(ValType.I32);
    run.get(0);
    run.set(left);
    run.loop();
    call(run, emitter.emit(nest), args);
    run.get(left);
    run.i32(1);
    run.op(Op.I32_SUB);
    run.tee(left);
    run.brIf(0);
    run.end();
    module.export("pack", pack);
    module.export("run", run);
    return new Trial(module.toBytes(false), inputs, output, top);
  }

  private static void call(FunctionBuilder from, FunctionBuilder kernel, int... args) {
    for (int a : args) {
      from.i32(a);
    }
    from.call(kernel.index());
  }

  /** Room that a tensor takes with its layout. */
  private static int bytes(TensorType t) {
    long top = t.layout().offset();
    for (int i = 0; i < t.shape().rank(); i++) {
      top += (long) t.layout().stride(i) * (t.shape().dim(i) - 1);
    }
    return (int) (Math.max(t.shape().elements(), top + 1) * t.dtype().bytes());
  }

  private static int next(Place p) {
    return (p.address() + p.bytes() + 2 * ALIGN - 1) / ALIGN * ALIGN;
  }
}
