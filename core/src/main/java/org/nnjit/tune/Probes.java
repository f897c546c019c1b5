package org.nnjit.tune;

import org.nnjit.wasm.Feature;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * WebAssembly modules that tell a host what its engine and device can do.
 *
 * <p>The micro-benchmarks give upper bounds: no kernel computes faster than {@link #fmaPeak} or
 * streams faster than {@link #readBandwidth}. An engine may keep a running function in its first,
 * slow tier, so call {@code run} often and briefly before the call that is timed.
 */
public final class Probes {
  /** Multiply-adds of each chain per loop turn: enough to hide the loop's own instructions. */
  private static final int ROUNDS = 8;

  /** Constant factors when multiplying and adding apart; every third chain loads another. */
  private static final int FACTORS = 3;

  /** Accumulators of the bandwidth probe, so that additions do not wait for each other. */
  private static final int STREAMS = 8;

  /** Bytes that one turn of the bandwidth probe reads; the number of bytes is a multiple of it. */
  public static final int BANDWIDTH_BLOCK_BYTES = STREAMS * 16;

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

  /** Floating-point operations of one iteration of {@link #fmaPeak}: 64 for each chain. */
  public static int flopsPerIteration(int chains) {
    return chains * ROUNDS * 4 * 2;
  }

  /**
   * A module for the rate of multiply-adds. It exports {@code run(iterations: i32) -> f32}, which
   * executes {@link #flopsPerIteration} operations in each of {@code max(iterations, 1)} turns and
   * returns the sum of all chains' lanes: lane l of chain c starts at c + 1 and adds 2^-10 (2^-5
   * times 2^-5) in each of 8 rounds a turn. The running sum is the addend, as in a kernel.
   *
   * @param relaxed use {@code f32x4.relaxed_madd} instead of a multiplication and an addition
   * @param chains independent running sums, 1 to 32. A latency of 4 cycles and two units need 8.
   *     The 15 registers of V8 on x64 hold 13 relaxed chains and two factors, or 9 others with
   *     three factors, one loaded factor and a product
   */
  public static byte[] fmaPeak(boolean relaxed, int chains) {
    if (chains < 1 || chains > 32) {
      throw new IllegalArgumentException("fmaPeak wants 1 to 32 chains, got " + chains);
    }
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("run", "i:f");
    module.export("run", f);
    int[] sums = new int[chains];
    for (int c = 0; c < chains; c++) {
      sums[c] = f.local(ValType.V128);
      f.v128Floats(c + 1, c + 1, c + 1, c + 1);
      f.set(sums[c]);
    }
    int[] factors = new int[relaxed ? 2 : FACTORS];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = f.local(ValType.V128);
      f.v128Floats(0x1p-5f, 0x1p-5f, 0x1p-5f, 0x1p-5f);
      f.set(factors[i]);
    }
    int loop = f.loop();
    if (relaxed) {
      relaxedRounds(f, sums, factors);
    } else {
      plainRounds(module, f, sums, factors);
    }
    f.get(0);
    f.i32(1);
    f.op(Op.I32_SUB);
    f.tee(0);
    f.i32(0);
    f.op(Op.I32_GT_S);
    f.brIfTo(loop);
    f.end();
    addUp(f, sums, Op.F32X4_ADD, Op.F32X4_EXTRACT_LANE, Op.F32_ADD);
    return module.toBytes();
  }

  private static void relaxedRounds(FunctionBuilder f, int[] sums, int[] factors) {
    for (int round = 0; round < ROUNDS; round++) {
      for (int sum : sums) {
        f.get(factors[0]);
        f.get(factors[1]);
        f.get(sum);
        f.op(Op.F32X4_RELAXED_MADD);
        f.set(sum);
      }
    }
  }

  /**
   * An engine calculates a product of the same operands once for all chains and rounds, so every
   * product here has a factor that is loaded from an address of its own.
   */
  private static void plainRounds(WasmModule module, FunctionBuilder f, int[] sums, int[] factors) {
    int loaded = f.local(ValType.V128);
    int offset = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (int c = 0; c < sums.length; c++) {
        if (c % FACTORS == 0) {
          f.i32(0);
          f.memory(Op.V128_LOAD, offset);
          f.set(loaded);
          offset += 16;
        }
        f.get(sums[c]);
        f.get(factors[c % FACTORS]);
        f.get(loaded);
        f.op(Op.F32X4_MUL);
        f.op(Op.F32X4_ADD);
        f.set(sums[c]);
      }
    }
    byte[] memory = new byte[offset];
    for (int at = 0; at < offset; at += 4) {
      memory[at + 3] = 0x3d; // 2^-5 is 0x3d000000
    }
    module.memory(1, 1, false);
    module.data(0, memory);
  }

  /**
   * A module for the rate of reading. It imports {@code env.memory} and exports {@code run(address:
   * i32, bytes: i32, repeats: i32) -> i32}, which reads {@code bytes} bytes from {@code address} on
   * {@code repeats} times (at least once) and returns the sum of their 32-bit words, modulo 2^32.
   * {@code bytes} must be a positive multiple of {@link #BANDWIDTH_BLOCK_BYTES}. Memory that was
   * never written reads too fast: fill it first.
   *
   * @param shared whether the memory is shared
   */
  public static byte[] readBandwidth(boolean shared) {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 0, shared ? 65536 : -1, shared);
    FunctionBuilder f = module.function("run", "iii:i");
    module.export("run", f);
    int address = f.param(0);
    int bytes = f.param(1);
    int repeats = f.param(2);
    int at = f.local(ValType.I32);
    int end = f.local(ValType.I32);
    int[] sums = new int[STREAMS];
    for (int s = 0; s < STREAMS; s++) {
      sums[s] = f.local(ValType.V128);
    }
    f.get(address);
    f.get(bytes);
    f.op(Op.I32_ADD);
    f.set(end);
    int again = f.loop();
    f.get(address);
    f.set(at);
    int loop = f.loop();
    for (int s = 0; s < STREAMS; s++) {
      f.get(sums[s]);
      f.get(at);
      f.memory(Op.V128_LOAD, 16 * s);
      f.op(Op.I32X4_ADD);
      f.set(sums[s]);
    }
    f.get(at);
    f.i32(BANDWIDTH_BLOCK_BYTES);
    f.op(Op.I32_ADD);
    f.tee(at);
    f.get(end);
    f.op(Op.I32_NE);
    f.brIfTo(loop);
    f.end();
    f.get(repeats);
    f.i32(1);
    f.op(Op.I32_SUB);
    f.tee(repeats);
    f.i32(0);
    f.op(Op.I32_GT_S);
    f.brIfTo(again);
    f.end();
    addUp(f, sums, Op.I32X4_ADD, Op.I32X4_EXTRACT_LANE, Op.I32_ADD);
    return module.toBytes();
  }

  /** Leaves the sum of all lanes of these vectors on the stack; the first is overwritten. */
  private static void addUp(FunctionBuilder f, int[] vectors, Op addVectors, Op lane, Op add) {
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
