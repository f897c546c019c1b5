package org.nnjit.tune;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/** Modules for the rates of reading memory in the ways that kernels do, and for its latency. */
public enum MemoryProbe {
  /** {@code v128.load} of every 16 bytes: what streams to a kernel. */
  VECTORS,
  /** {@code v128.load32_splat} of the first word of every 16 bytes: as many loads. */
  SPLATS;

  /** Sums side by side, so that additions do not wait for each other. */
  private static final int SUMS = 8;

  /** Parts of the memory that are read at once: caches fetch one stream slower than several. */
  private static final int STREAMS = 4;

  /** Bytes that one turn of the loop passes; the number of bytes is a multiple of it. */
  public static final int BLOCK_BYTES = SUMS * 16;

  private static final int LINE_BYTES = 64;

  /**
   * A module that imports {@code env.memory} and exports {@code run(address: i32, bytes: i32,
   * repeats: i32) -> i32}, which passes {@code bytes} bytes from {@code address} on {@code repeats}
   * times (at least once) and returns the sum of the 32-bit lanes that it loaded, modulo 2^32.
   * {@code bytes} must be a positive multiple of {@link #BLOCK_BYTES}. Memory that was never written
   * reads too fast: fill it first.
   */
  public byte[] module() {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 0, -1, false);
    FunctionBuilder f = module.function("run", "iii:i");
    module.export("run", f);
    int address = f.param(0);
    int bytes = f.param(1);
    int repeats = f.param(2);
    int part = f.local(ValType.I32);
    int left = f.local(ValType.I32);
    int[] sums = new int[SUMS];
    for (int s = 0; s < SUMS; s++) {
      sums[s] = f.local(ValType.V128);
    }
    int[] at = new int[STREAMS];
    for (int s = 0; s < STREAMS; s++) {
      at[s] = f.local(ValType.I32);
    }
    f.get(bytes);
    f.i32(STREAMS);
    f.op(Op.I32_DIV_U);
    f.set(part);
    int again = f.loop();
    f.get(address);
    f.set(at[0]);
    for (int s = 1; s < STREAMS; s++) {
      f.get(at[s - 1]);
      f.get(part);
      f.op(Op.I32_ADD);
      f.set(at[s]);
    }
    f.get(part);
    f.set(left);
    int loop = f.loop();
    for (int s = 0; s < SUMS; s++) {
      f.get(sums[s]);
      f.get(at[s % STREAMS]);
      f.memory(this == SPLATS ? Op.V128_LOAD32_SPLAT : Op.V128_LOAD, 16 * (s / STREAMS));
      f.op(Op.I32X4_ADD);
      f.set(sums[s]);
    }
    for (int pointer : at) {
      f.get(pointer);
      f.i32(BLOCK_BYTES / STREAMS);
      f.op(Op.I32_ADD);
      f.set(pointer);
    }
    f.get(left);
    f.i32(BLOCK_BYTES / STREAMS);
    f.op(Op.I32_SUB);
    f.tee(left);
    f.brIfTo(loop);
    f.end();
    Probes.countDown(f, repeats, again);
    Probes.addUp(f, sums, Op.I32X4_ADD, Op.I32X4_EXTRACT_LANE, Op.I32_ADD);
    return module.toBytes();
  }

  /**
   * A module for the latency of memory. It imports {@code env.memory} and exports {@code run(state:
   * i32, lines: i32, steps: i32) -> i32}, which loads one word after another from random cache
   * lines among the memory's first {@code lines}. No load can begin before the one before it has
   * ended: the next state is {@code state * 1664525 + 1013904223 + word}, and its line {@code state
   * * lines / 2^32}. The result is the last state, from which the next call goes on. A step takes
   * about 8 cycles besides the load.
   */
  public static byte[] latency() {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 0, -1, false);
    FunctionBuilder f = module.function("run", "iii:i");
    module.export("run", f);
    int state = f.param(0);
    int lines = f.param(1);
    int wide = f.local(ValType.I64);
    f.get(lines);
    f.op(Op.I64_EXTEND_I32_U);
    f.set(wide);
    int loop = f.loop();
    f.get(state);
    f.op(Op.I64_EXTEND_I32_U);
    f.get(wide);
    f.op(Op.I64_MUL);
    f.i64(32);
    f.op(Op.I64_SHR_U);
    f.op(Op.I32_WRAP_I64);
    f.i32(LINE_BYTES);
    f.op(Op.I32_MUL);
    f.memory(Op.I32_LOAD, 0);
    f.get(state);
    f.i32(1664525);
    f.op(Op.I32_MUL);
    f.op(Op.I32_ADD);
    f.i32(1013904223);
    f.op(Op.I32_ADD);
    f.set(state);
    Probes.countDown(f, f.param(2), loop);
    f.get(state);
    return module.toBytes();
  }
}
