package org.nnjit.tune;

import org.nnjit.wasm.Feature;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * The smallest WebAssembly modules that tell a host about its engine: which features it has, and how
 * fast its processor's clock runs. {@link ChainProbe}, {@link MemoryProbe} and {@link TeamProbe}
 * give the ceilings that kernels are compared with.
 *
 * <p>An engine may keep a running function in its first, slow tier, so call {@code run} often and
 * briefly before the call that is timed.
 */
public final class Probes {
  /** Cycles of one turn of {@link #clock}: its operations wait for each other. */
  public static final int CLOCK_CYCLES = 64;

  private static final String TEAM = "TEAM_";

  private Probes() {}

  /**
   * The smallest module that needs a feature: the engine has it when {@code WebAssembly.validate}
   * says yes. For {@link Feature#THREADS} the page must be cross-origin isolated besides.
   */
  public static byte[] feature(Feature feature) {
    WasmModule module = new WasmModule();
    switch (feature) {
      case MUTABLE_GLOBALS -> module.exportGlobal("g", module.global(ValType.I32, true, 0));
      case SIGN_EXTENSION -> unary(module, Op.I32_EXTEND8_S);
      case SATURATING_FLOAT_TO_INT -> unary(module, Op.I32_TRUNC_SAT_F32_S);
      case MULTI_VALUE -> {
        FunctionBuilder f = module.function("f", ":ii");
        f.i32(0);
        f.i32(0);
      }
      case BULK_MEMORY -> {
        module.memory(1, 1, false);
        FunctionBuilder f = module.function("f", "iii:");
        operands(f, 3);
        f.indexed(Op.MEMORY_COPY, 0, 0);
        operands(f, 3);
        f.indexed(Op.MEMORY_FILL, 0);
      }
      case REFERENCE_TYPES -> {
        FunctionBuilder f = module.function("f", ":i");
        f.refNull();
        f.op(Op.REF_IS_NULL);
      }
      // Popcnt came late in the proposal: engines with a draft of it lack it.
      case SIMD -> unary(module, Op.I8X16_POPCNT);
      case RELAXED_SIMD -> {
        FunctionBuilder f = module.function("f", "vvv:v");
        operands(f, 3);
        f.op(Op.F32X4_RELAXED_MADD);
        operands(f, 2);
        f.op(Op.I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S);
      }
      case THREADS -> {
        module.memory(1, 1, true);
        FunctionBuilder f = module.function("f", "iil:i");
        operands(f, 3);
        f.memory(Op.MEMORY_ATOMIC_WAIT32, 0);
      }
    }
    return module.toBytes(false);
  }

  private static void unary(WasmModule module, Op op) {
    FunctionBuilder f = module.function("f", op.signature());
    f.get(0);
    f.op(op);
  }

  private static void operands(FunctionBuilder f, int n) {
    for (int i = 0; i < n; i++) {
      f.get(i);
    }
  }

  /**
   * The module of a micro-benchmark by name: CLOCK, LATENCY, a {@link MemoryProbe}, a {@link
   * ChainProbe}, or TEAM_ and a chain probe's name.
   *
   * @param chains for chain probes and teams
   */
  public static byte[] module(String name, int chains) {
    return switch (name) {
      case "CLOCK" -> clock();
      case "LATENCY" -> MemoryProbe.latency();
      case "VECTORS", "SPLATS" -> MemoryProbe.valueOf(name).module();
      default ->
          name.startsWith(TEAM)
              ? TeamProbe.module(ChainProbe.valueOf(name.substring(TEAM.length())), chains)
              : ChainProbe.valueOf(name).module(chains);
    };
  }

  /**
   * A module for the clock's rate. It exports {@code run(turns: i32, a: i32, b: i32) -> i32}, which
   * in each of {@code max(turns, 1)} turns does {@link #CLOCK_CYCLES} additions of {@code a} and
   * exclusive ors with {@code b} in turn, each on the result of the one before it: one cycle each
   * on any processor of today.
   */
  public static byte[] clock() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("run", "iii:i");
    module.export("run", f);
    int x = f.local(ValType.I32);
    int loop = f.loop();
    f.get(x);
    for (int i = 0; i < CLOCK_CYCLES; i += 2) {
      f.get(1);
      f.op(Op.I32_ADD);
      f.get(2);
      f.op(Op.I32_XOR);
    }
    f.set(x);
    countDown(f, 0, loop);
    f.get(x);
    return module.toBytes();
  }

  /** Ends a loop that counts a local down to zero. */
  static void countDown(FunctionBuilder f, int local, int loop) {
    f.get(local);
    f.i32(1);
    f.op(Op.I32_SUB);
    f.tee(local);
    f.i32(0);
    f.op(Op.I32_GT_S);
    f.brIfTo(loop);
    f.end();
  }

  /** Leaves the sum of all lanes of these vectors on the stack; the first is overwritten. */
  static void addUp(FunctionBuilder f, int[] vectors, Op addVectors, Op lane, Op add) {
    f.get(vectors[0]);
    for (int i = 1; i < vectors.length; i++) {
      f.get(vectors[i]);
      f.op(addVectors);
    }
    f.set(vectors[0]);
    for (int i = 0; i < 4; i++) {
      f.get(vectors[0]);
      f.lane(lane, i);
      if (i > 0) {
        f.op(add);
      }
    }
  }
}
