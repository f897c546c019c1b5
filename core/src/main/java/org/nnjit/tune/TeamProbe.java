package org.nnjit.tune;

import org.nnjit.kernel.emit.wasm.Barrier;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * The module for threads that work at once. Threads are called as for a plan: the exports are
 * {@code meet(thread: i32, threads: i32)}, which passes the {@link Barrier} {@link #TIMES} times,
 * and {@code work(thread, threads)}, in which all threads meet, do as many turns of a {@link
 * ChainProbe} and meet again. The result of each goes to {@link #RESULTS}.
 */
public final class TeamProbe {
  /** Address of an i32: how often to meet, or how many turns to work, at least 1. */
  public static final int TIMES = 0;

  /** Address of thread 0's result, an f32; each thread's lies in a cache line of its own. */
  public static final int RESULTS = 4096;

  /** Where {@link ChainProbe#MUL_ADD} loads factors. */
  private static final int FACTORS = 1024;

  private static final int LINE_BYTES = 64;

  private TeamProbe() {}

  /**
   * The module, which imports the shared {@code env.memory} of one page or more.
   *
   * @param chain RELAXED_MADD or MUL_ADD; the latter's loaded factors are those of the memory
   */
  public static byte[] module(ChainProbe chain, int chains) {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, 65536, true);
    FunctionBuilder barrier = Barrier.add(module);
    FunctionBuilder turns = chain.function(module, chains, FACTORS);

    FunctionBuilder meet = module.function("meet", "ii:");
    module.export("meet", meet);
    int left = meet.local(ValType.I32);
    meet.i32(0);
    meet.memory(Op.I32_LOAD, TIMES);
    meet.set(left);
    int loop = meet.loop();
    meet.get(1);
    meet.call(barrier.index());
    Probes.countDown(meet, left, loop);

    FunctionBuilder work = module.function("work", "ii:");
    module.export("work", work);
    work.get(1);
    work.call(barrier.index());
    work.get(0);
    work.i32(LINE_BYTES);
    work.op(Op.I32_MUL);
    work.i32(0);
    work.memory(Op.I32_LOAD, TIMES);
    work.call(turns.index());
    work.memory(Op.F32_STORE, RESULTS);
    work.get(1);
    work.call(barrier.index());
    return module.toBytes();
  }
}
