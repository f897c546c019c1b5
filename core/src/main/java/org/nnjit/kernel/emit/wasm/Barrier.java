package org.nnjit.kernel.emit.wasm;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * Where the threads of a module meet: the last one to come opens the next generation, the others
 * spin a while and then sleep. Who spun in vain, because the other thread has no core of its own,
 * spins a quarter as long the next time; who did not, twice as long. It lives in the module's shared
 * memory, which must hold zeros there at first.
 */
public final class Barrier {
  /** Address of the number of threads that wait, an i32. */
  public static final int COUNT = 64;

  /** Address of the number of meetings so far, an i32. */
  public static final int GENERATION = 128;

  /** Address of how often the time of a spin is halved, an i32. */
  private static final int HALVINGS = 256;

  /**
   * Spins before a thread sleeps: about half a millisecond. Sleeping and waking up take longer than most
   * waits, and of two threads that wake each other up an operating system may think that one core is
   * enough for them.
   */
  private static final int SPINS = 1 << 18;

  private static final int MOST_HALVINGS = 6;

  /** A thread that waits longer than this for another, in nanoseconds, gives up. */
  private static final long LOST = 60_000_000_000L;

  private Barrier() {}

  /**
   * Adds {@code barrier(threads: i32)}, from which no thread returns before {@code threads} have
   * called it. A thread that waits a minute for another traps.
   */
  public static FunctionBuilder add(WasmModule module) {
    FunctionBuilder c = module.function("barrier", "i:");
    int generation = c.local(ValType.I32);
    int spins = c.local(ValType.I32);
    int halvings = c.local(ValType.I32);
    c.get(0);
    c.i32(1);
    c.op(Op.I32_LE_S);
    c.ifThen();
    c.op(Op.RETURN);
    c.end();
    c.i32(0);
    c.memory(Op.I32_ATOMIC_LOAD, 4, GENERATION);
    c.set(generation);
    c.i32(0);
    c.i32(1);
    c.memory(Op.I32_ATOMIC_RMW_ADD, 4, COUNT);
    c.get(0);
    c.i32(1);
    c.op(Op.I32_SUB);
    c.op(Op.I32_EQ);
    c.ifThen();
    c.i32(0);
    c.i32(0);
    c.memory(Op.I32_ATOMIC_STORE, 4, COUNT);
    c.i32(0);
    c.i32(1);
    c.memory(Op.I32_ATOMIC_RMW_ADD, 4, GENERATION);
    c.op(Op.DROP);
    c.i32(0);
    c.i32(-1);
    c.memory(Op.MEMORY_ATOMIC_NOTIFY, 4, GENERATION);
    c.op(Op.DROP);
    c.op(Op.RETURN);
    c.end();
    c.i32(0);
    c.memory(Op.I32_LOAD, 4, HALVINGS);
    c.set(halvings);
    c.block();
    c.i32(SPINS);
    c.get(halvings);
    c.op(Op.I32_SHR_U);
    c.set(spins);
    c.loop();
    c.i32(0);
    c.memory(Op.I32_ATOMIC_LOAD, 4, GENERATION);
    c.get(generation);
    c.op(Op.I32_NE);
    c.brIf(1);
    c.get(spins);
    c.i32(1);
    c.op(Op.I32_SUB);
    c.tee(spins);
    c.brIf(0);
    spinLess(c, halvings);
    c.i32(0);
    c.get(generation);
    c.i64(LOST);
    c.memory(Op.MEMORY_ATOMIC_WAIT32, 4, GENERATION);
    c.i32(2);
    c.op(Op.I32_EQ);
    c.ifThen();
    c.op(Op.UNREACHABLE);
    c.end();
    c.i32(SPINS >> MOST_HALVINGS);
    c.set(spins);
    c.br(0);
    c.end();
    c.end();
    spinMore(c, halvings);
    return c;
  }

  /** After a spin in vain; the local of halvings is zero then, which {@link #spinMore} leaves alone. */
  private static void spinLess(FunctionBuilder c, int halvings) {
    c.i32(0);
    c.i32(MOST_HALVINGS);
    c.get(halvings);
    c.i32(2);
    c.op(Op.I32_ADD);
    c.tee(halvings);
    c.get(halvings);
    c.i32(MOST_HALVINGS);
    c.op(Op.I32_GT_S);
    c.op(Op.SELECT);
    c.memory(Op.I32_STORE, 4, HALVINGS);
    c.i32(0);
    c.set(halvings);
  }

  private static void spinMore(FunctionBuilder c, int halvings) {
    c.get(halvings);
    c.ifThen();
    c.i32(0);
    c.get(halvings);
    c.i32(1);
    c.op(Op.I32_SUB);
    c.memory(Op.I32_STORE, 4, HALVINGS);
    c.end();
  }
}
