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
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * One kernel alone in a module, to be checked and timed.
 *
 * @param module imports {@code env.memory}; exports {@code pack(begin, end)}, which must be called
 *     for all of its {@link #PACKS} parts after the inputs are written, {@code run(times)}, which
 *     calls the kernel over and over on one thread, and {@code part(begin, end)}, which does some
 *     of its blocks
 * @param inputs where the inputs go, as they lie in a plan
 * @param output where the result appears
 * @param blocks parts that {@code part} counts
 * @param end memory must reach this far, in bytes
 */
public record Trial(byte[] module, List<Place> inputs, Place output, int blocks, long end) {
  private static final int ALIGN = 64;

  /** Parts that packing is divided into. */
  public static final int PACKS = 64;

  /** A buffer of {@code bytes} at an address. */
  public record Place(TensorType type, int address, int bytes) {}

  /**
   * The kernel that a schedule makes of a compute.
   *
   * @param gap bytes to leave free before its packed argument
   */
  public static Trial of(Compute compute, Schedule schedule, Target target, long gap) {
    return make(compute, Families.of(compute, target), schedule, target, gap);
  }

  /**
   * The same compute by the plainest loops, which share no code with other families and no vector
   * code with their own. Its inputs lie as in {@link #of}, its result elsewhere.
   */
  public static Trial reference(Compute compute, Target target) {
    KernelSpace space = Families.plain(compute, target);
    Schedule scalar = space.defaultSchedule(Set.of()).with("lanes", 1).with("tile", 1);
    return make(compute, space, scalar, target, -1);
  }

  /**
   * @param gap bytes before the packed argument; -1: the result goes beside the others' result
   */
  private static Trial make(
      Compute compute, KernelSpace space, Schedule schedule, Target target, long gap) {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, -1, false);
    WasmEmitter emitter = new WasmEmitter(module, EmitOptions.of(target));
    long top = ALIGN;
    List<Place> inputs = new ArrayList<>();
    for (TensorType t : compute.inputs()) {
      inputs.add(place(t, top));
      top = next(inputs.get(inputs.size() - 1));
    }
    Place output = place(compute.output(), top);
    top = next(output);
    if (gap < 0) {
      output = place(compute.output(), top);
    }
    top = next(place(compute.output(), top)) + Math.max(0, gap);
    LoopNest nest = space.lower(schedule);
    int[] args = new int[inputs.size() + (nest.scratch() > 0 ? 2 : 1)];
    for (int i = 0; i < inputs.size(); i++) {
      args[i] = inputs.get(i).address();
    }
    args[args.length - 1] = output.address();
    FunctionBuilder pack = module.function("pack", "ii:");
    for (KernelSpace.Packing packing : space.packings(schedule)) {
      KernelSpace plain = Families.of(packing.compute(), target);
      Place packed = place(packing.compute().output(), top);
      top = next(packed);
      LoopNest copy = plain.lower(plain.defaultSchedule(Set.of()));
      for (int i : packing.reads()) {
        push(pack, args[i]);
      }
      push(pack, packed.address());
      args[packing.argument()] = packed.address();
      blockOf(pack, 0, copy.blocks());
      blockOf(pack, 1, copy.blocks());
      pack.call(emitter.emit(copy).index());
    }
    if (nest.scratch() > 0) {
      Place room = place(TensorType.of(DType.F32, nest.scratch()), top);
      args[inputs.size()] = room.address();
      top = next(room);
    }
    FunctionBuilder kernel = emitter.emit(nest);
    FunctionBuilder part = module.function("part", "ii:");
    push(part, args);
    part.get(0);
    part.get(1);
    part.call(kernel.index());
    FunctionBuilder run = module.function("run", "i:");
    int left = run.local(ValType.I32);
    run.get(0);
    run.set(left);
    run.loop();
    push(run, args);
    push(run, 0, nest.blocks());
    run.call(kernel.index());
    run.get(left);
    run.i32(1);
    run.op(Op.I32_SUB);
    run.tee(left);
    run.brIf(0);
    run.end();
    module.export("pack", pack);
    module.export("part", part);
    module.export("run", run);
    return new Trial(module.toBytes(false), inputs, output, nest.blocks(), top);
  }

  /** Leaves the block at which a part of packing, the parameter of this number, begins. */
  private static void blockOf(FunctionBuilder pack, int parameter, int blocks) {
    pack.get(parameter);
    pack.i32(blocks);
    pack.op(Op.I32_MUL);
    pack.i32(PACKS);
    pack.op(Op.I32_DIV_U);
  }

  private static void push(FunctionBuilder to, int... values) {
    for (int v : values) {
      to.i32(v);
    }
  }

  private static Place place(TensorType t, long address) {
    return new Place(t, (int) address, bytes(t));
  }

  /** Room that a tensor takes with its layout. */
  private static int bytes(TensorType t) {
    long top = t.layout().offset();
    for (int i = 0; i < t.shape().rank(); i++) {
      top += (long) t.layout().stride(i) * (t.shape().dim(i) - 1);
    }
    return (int) (Math.max(t.shape().elements(), top + 1) * t.dtype().bytes());
  }

  private static long next(Place p) {
    return ((p.address() & 0xffffffffL) + p.bytes() + 2 * ALIGN - 1) / ALIGN * ALIGN;
  }
}
