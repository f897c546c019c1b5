package org.nnjit.kernel.emit.wasm;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * How the threads of a module divide the blocks of a kernel. The first half is divided evenly; of
 * the other half each thread takes pieces until none is left, so that a thread on a slower or
 * busier core does less. The number of the next piece lies in the module's shared memory; it is zero
 * between kernels.
 */
public final class Shares {
  /** Address of the number of the next piece, an i32. */
  public static final int NEXT = 192;

  /** Pieces of the second half for each thread. */
  private static final int PIECES = 3;

  /** More blocks are divided evenly: their number times that of the pieces might not fit. */
  private static final int MOST_BLOCKS = 1 << 21;

  private Shares() {}

  /**
   * Adds {@code divide(thread, threads, blocks, range: i32)}: calls entry {@code range} of table 0,
   * which takes a first block and the one after the last, until this thread's part is done. Threads
   * must meet between two calls.
   *
   * @param shared whether the memory is shared; otherwise there is one thread
   */
  public static FunctionBuilder add(WasmModule module, boolean shared) {
    FunctionBuilder c = module.function("divide", "iiii:");
    int type = module.type("ii:");
    if (!shared) {
      c.i32(0);
      c.get(2);
      c.get(3);
      c.callIndirect(type, 0);
      return c;
    }
    int first = c.local(ValType.I32);
    int count = c.local(ValType.I32);
    int begin = c.local(ValType.I32);
    int end = c.local(ValType.I32);
    int piece = c.local(ValType.I32);
    int pieces = c.local(ValType.I32);
    // Evenly: the first half, or all where nobody else is there.
    c.get(2);
    c.get(2);
    c.i32(1);
    c.op(Op.I32_SHR_U);
    c.get(1);
    c.i32(1);
    c.op(Op.I32_EQ);
    c.get(2);
    c.i32(MOST_BLOCKS);
    c.op(Op.I32_GT_S);
    c.op(Op.I32_OR);
    c.op(Op.SELECT);
    c.set(count);
    part(c, first, count, 0, 1, type, begin, end);
    c.get(count);
    c.get(2);
    c.op(Op.I32_EQ);
    c.ifThen();
    c.ret();
    c.end();
    c.get(count);
    c.set(first);
    c.get(2);
    c.get(count);
    c.op(Op.I32_SUB);
    c.set(count);
    c.get(1);
    c.i32(PIECES);
    c.op(Op.I32_MUL);
    c.set(pieces);
    int again = c.loop();
    c.i32(0);
    c.i32(1);
    c.memory(Op.I32_ATOMIC_RMW_ADD, 4, NEXT);
    c.tee(piece);
    c.get(pieces);
    c.op(Op.I32_LT_S);
    c.ifThen();
    part(c, first, count, piece, pieces, type, begin, end);
    c.brTo(again);
    c.end();
    c.end();
    // Every thread asks once in vain; the last one to do so clears the way for the next kernel.
    c.get(piece);
    c.i32(1);
    c.op(Op.I32_ADD);
    c.get(pieces);
    c.get(1);
    c.op(Op.I32_ADD);
    c.op(Op.I32_EQ);
    c.ifThen();
    c.i32(0);
    c.i32(0);
    c.memory(Op.I32_ATOMIC_STORE, 4, NEXT);
    c.end();
    return c;
  }

  /** Calls the range for part {@code i} of {@code of} of {@code count} blocks from {@code first}. */
  private static void part(
      FunctionBuilder c, int first, int count, int i, int of, int type, int begin, int end) {
    for (int plus = 0; plus < 2; plus++) {
      c.get(count);
      c.get(i);
      if (plus > 0) {
        c.i32(1);
        c.op(Op.I32_ADD);
      }
      c.op(Op.I32_MUL);
      c.get(of);
      c.op(Op.I32_DIV_U);
      c.get(first);
      c.op(Op.I32_ADD);
      c.set(plus == 0 ? begin : end);
    }
    c.get(begin);
    c.get(end);
    c.op(Op.I32_LT_S);
    c.ifThen();
    c.get(begin);
    c.get(end);
    c.get(3);
    c.callIndirect(type, 0);
    c.end();
  }
}
