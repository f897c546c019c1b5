package org.nnjit.tune;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * Modules for the rate of an arithmetic instruction, by how many independent chains of it run side
 * by side. One chain gives the instruction's latency, enough of them the width of the processor,
 * and where the rate falls again the vector registers are used up.
 */
public enum ChainProbe {
  /** {@code f32x4.relaxed_madd}. */
  RELAXED_MADD(8),
  /** {@code f32x4.mul} and {@code f32x4.add}. */
  MUL_ADD(8),
  /** {@code i32x4.dot_i16x8_s} and {@code i32x4.add}. */
  DOT_I16(16),
  /** {@code i32x4.relaxed_dot_i8x16_i7x16_add_s}. */
  RELAXED_DOT_I8(32);

  /** Instructions of each chain in one turn of the loop: enough to hide the loop's own. */
  private static final int ROUNDS = 8;

  /** Constant factors when multiplying and adding apart; every third chain loads another. */
  private static final int FACTORS = 3;

  /** Multiplications and additions of one instruction. */
  private final int operations;

  ChainProbe(int operations) {
    this.operations = operations;
  }

  /** Operations of one turn of {@link #module}, a multiply-add being two. */
  public int operationsPerTurn(int chains) {
    return chains * ROUNDS * operations;
  }

  private boolean isFloat() {
    return this == RELAXED_MADD || this == MUL_ADD;
  }

  private boolean isFused() {
    return this == RELAXED_MADD || this == RELAXED_DOT_I8;
  }

  /** Vector registers that so many chains want, for their sums, factors and products. */
  public int registers(int chains) {
    return chains + (isFused() ? 1 : FACTORS + 2);
  }

  /**
   * A module that exports {@code run(turns: i32)}, which executes {@link #operationsPerTurn}
   * operations in each of {@code max(turns, 1)} turns and returns the sum of all chains' lanes, an
   * f32 or an i32. Each lane of chain c starts at c + 1, and each of a turn's 8 instructions adds
   * to it 2^-10 (RELAXED_MADD), 4 (RELAXED_DOT_I8), and with r = c mod 3, 2^(-10 - r) (MUL_ADD) or
   * 2 (r + 1) (DOT_I16). The running sum is the addend, as in a kernel.
   *
   * @param chains independent running sums, 1 to 32. A latency of 4 cycles and two units need 8
   */
  public byte[] module(int chains) {
    WasmModule module = new WasmModule();
    if (!isFused()) {
      int loads = ROUNDS * ((chains + FACTORS - 1) / FACTORS);
      byte[] memory = new byte[loads * 16];
      for (int at = 0; at < memory.length; at += 4) {
        if (isFloat()) {
          memory[at + 3] = 0x3d; // 2^-5 is 0x3d000000
        } else {
          memory[at] = 1;
          memory[at + 2] = 1;
        }
      }
      module.memory(1, 1, false);
      module.data(0, memory);
    }
    module.export("run", function(module, chains, 0));
    return module.toBytes();
  }

  /**
   * Adds the function that {@link #module} exports.
   *
   * @param address where the loaded factors lie, 16 bytes for every third chain and instruction
   */
  FunctionBuilder function(WasmModule module, int chains, int address) {
    if (chains < 1 || chains > 32) {
      throw new IllegalArgumentException(this + " wants 1 to 32 chains, got " + chains);
    }
    FunctionBuilder f = module.function("run", isFloat() ? "i:f" : "i:i");
    int[] sums = new int[chains];
    for (int c = 0; c < chains; c++) {
      sums[c] = f.local(ValType.V128);
      f.splat(isFloat() ? Float.floatToRawIntBits(c + 1) : c + 1);
      f.set(sums[c]);
    }
    int[] factors = new int[isFused() ? 1 : FACTORS];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = f.local(ValType.V128);
      f.splat(factor(i));
      f.set(factors[i]);
    }
    int loop = f.loop();
    if (isFused()) {
      fused(f, sums, factors[0]);
    } else {
      apart(f, sums, factors, address);
    }
    Probes.countDown(f, 0, loop);
    if (isFloat()) {
      Probes.addUp(f, sums, Op.F32X4_ADD, Op.F32X4_EXTRACT_LANE, Op.F32_ADD);
    } else {
      Probes.addUp(f, sums, Op.I32X4_ADD, Op.I32X4_EXTRACT_LANE, Op.I32_ADD);
    }
    return f;
  }

  /** Lanes of a factor. They differ: an engine keeps equal constants in one register. */
  private int factor(int i) {
    return switch (this) {
      case RELAXED_MADD, MUL_ADD -> Float.floatToRawIntBits(0x1p-5f / (1 << i));
      case DOT_I16 -> 0x00010001 * (i + 1);
      case RELAXED_DOT_I8 -> 0x01010101;
    };
  }

  private void fused(FunctionBuilder f, int[] sums, int factor) {
    Op op =
        this == RELAXED_MADD
            ? Op.F32X4_RELAXED_MADD
            : Op.I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S;
    for (int round = 0; round < ROUNDS; round++) {
      for (int sum : sums) {
        f.get(factor);
        f.get(factor);
        f.get(sum);
        f.op(op);
        f.set(sum);
      }
    }
  }

  /**
   * An engine calculates a product of the same operands once for all chains and rounds, so every
   * product here has a factor that is loaded from an address of its own.
   */
  private void apart(FunctionBuilder f, int[] sums, int[] factors, int address) {
    int loaded = f.local(ValType.V128);
    int offset = address;
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
        f.op(this == MUL_ADD ? Op.F32X4_MUL : Op.I32X4_DOT_I16X8_S);
        f.op(this == MUL_ADD ? Op.F32X4_ADD : Op.I32X4_ADD);
        f.set(sums[c]);
      }
    }
  }
}
