package org.nnjit.kernel.emit.wasm;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Conversions of 16-bit floats in registers, scalar or four lanes. */
final class Half {
  private Half() {}

  private static void ci(FunctionBuilder code, boolean wide, int v) {
    if (wide) {
      code.splat(v);
    } else {
      code.i32(v);
    }
  }

  private static void shift(FunctionBuilder code, boolean wide, boolean left, int by) {
    code.i32(by);
    if (left) {
      code.op(wide ? Op.I32X4_SHL : Op.I32_SHL);
    } else {
      code.op(wide ? Op.I32X4_SHR_U : Op.I32_SHR_U);
    }
  }

  private static void op(FunctionBuilder code, boolean wide, Op scalar, Op vector) {
    code.op(wide ? vector : scalar);
  }

  private static void asFloat(FunctionBuilder code, boolean wide) {
    if (!wide) {
      code.op(Op.F32_REINTERPRET_I32);
    }
  }

  private static void asBits(FunctionBuilder code, boolean wide) {
    if (!wide) {
      code.op(Op.I32_REINTERPRET_F32);
    }
  }

  /** binary16 bits (zero-extended) to f32: scale by 2^112, infinities and NaN mended. */
  static void widen(FunctionBuilder code, boolean wide) {
    ValType t = wide ? ValType.V128 : ValType.I32;
    int h = code.local(t);
    int m = code.local(t);
    code.tee(h);
    ci(code, wide, 0x7fff);
    op(code, wide, Op.I32_AND, Op.V128_AND);
    code.tee(m);
    shift(code, wide, true, 13);
    asFloat(code, wide);
    if (wide) {
      code.splat(Float.floatToRawIntBits(0x1p112f));
    } else {
      code.f32(0x1p112f);
    }
    op(code, wide, Op.F32_MUL, Op.F32X4_MUL);
    asBits(code, wide);
    // Exponent 31 means infinity or NaN: set all exponent bits.
    ci(code, wide, 0x7f800000);
    ci(code, wide, 0);
    code.get(m);
    ci(code, wide, 0x7bff);
    op(code, wide, Op.I32_GT_S, Op.I32X4_GT_S);
    op(code, wide, Op.SELECT, Op.V128_BITSELECT);
    op(code, wide, Op.I32_OR, Op.V128_OR);
    code.get(h);
    ci(code, wide, 0x8000);
    op(code, wide, Op.I32_AND, Op.V128_AND);
    shift(code, wide, true, 16);
    op(code, wide, Op.I32_OR, Op.V128_OR);
    asFloat(code, wide);
    code.release(h);
    code.release(m);
  }

  /** f32 to 16 bits in the low half of each lane, rounding to nearest even. */
  static void narrow(FunctionBuilder code, boolean wide, boolean brain) {
    ValType t = wide ? ValType.V128 : ValType.I32;
    int bits = code.local(t);
    asBits(code, wide);
    code.set(bits);
    if (brain) {
      // NaN keeps a set mantissa bit; everything else rounds by an integer sum.
      code.get(bits);
      shift(code, wide, false, 16);
      ci(code, wide, 0x40);
      op(code, wide, Op.I32_OR, Op.V128_OR);
      code.get(bits);
      ci(code, wide, 0x7fff);
      op(code, wide, Op.I32_ADD, Op.I32X4_ADD);
      code.get(bits);
      shift(code, wide, false, 16);
      ci(code, wide, 1);
      op(code, wide, Op.I32_AND, Op.V128_AND);
      op(code, wide, Op.I32_ADD, Op.I32X4_ADD);
      shift(code, wide, false, 16);
      code.get(bits);
      ci(code, wide, 0x7fffffff);
      op(code, wide, Op.I32_AND, Op.V128_AND);
      ci(code, wide, 0x7f800000);
      op(code, wide, Op.I32_GT_S, Op.I32X4_GT_S);
      op(code, wide, Op.SELECT, Op.V128_BITSELECT);
      code.release(bits);
      return;
    }
    int sign = code.local(t);
    int mag = code.local(t);
    code.get(bits);
    shift(code, wide, false, 16);
    ci(code, wide, 0x8000);
    op(code, wide, Op.I32_AND, Op.V128_AND);
    code.set(sign);
    code.get(bits);
    ci(code, wide, 0x7fffffff);
    op(code, wide, Op.I32_AND, Op.V128_AND);
    code.set(mag);
    // Subnormal results: adding 0.5 aligns the bits and rounds them.
    code.get(mag);
    asFloat(code, wide);
    if (wide) {
      code.splat(Float.floatToRawIntBits(0.5f));
    } else {
      code.f32(0.5f);
    }
    op(code, wide, Op.F32_ADD, Op.F32X4_ADD);
    asBits(code, wide);
    ci(code, wide, 0x3f000000);
    op(code, wide, Op.I32_SUB, Op.I32X4_SUB);
    // Normal results.
    code.get(mag);
    ci(code, wide, 0x38000000 - 0xfff);
    op(code, wide, Op.I32_SUB, Op.I32X4_SUB);
    code.get(mag);
    shift(code, wide, false, 13);
    ci(code, wide, 1);
    op(code, wide, Op.I32_AND, Op.V128_AND);
    op(code, wide, Op.I32_ADD, Op.I32X4_ADD);
    shift(code, wide, false, 13);
    code.get(mag);
    ci(code, wide, 0x38800000);
    op(code, wide, Op.I32_LT_S, Op.I32X4_LT_S);
    op(code, wide, Op.SELECT, Op.V128_BITSELECT);
    int r = code.local(t);
    code.set(r);
    // Too large is infinity, NaN stays NaN.
    ci(code, wide, 0x7c00);
    code.get(r);
    code.get(mag);
    ci(code, wide, 0x477fefff);
    op(code, wide, Op.I32_GT_S, Op.I32X4_GT_S);
    op(code, wide, Op.SELECT, Op.V128_BITSELECT);
    code.set(r);
    ci(code, wide, 0x7e00);
    code.get(r);
    code.get(mag);
    ci(code, wide, 0x7f800000);
    op(code, wide, Op.I32_GT_S, Op.I32X4_GT_S);
    op(code, wide, Op.SELECT, Op.V128_BITSELECT);
    code.get(sign);
    op(code, wide, Op.I32_OR, Op.V128_OR);
    code.release(bits);
    code.release(sign);
    code.release(mag);
    code.release(r);
  }

  /** Rounds f32 to what a 16-bit float holds, and back. */
  static void round(FunctionBuilder code, boolean wide, boolean brain) {
    narrow(code, wide, brain);
    if (brain) {
      shift(code, wide, true, 16);
      asFloat(code, wide);
    } else {
      widen(code, wide);
    }
  }
}
