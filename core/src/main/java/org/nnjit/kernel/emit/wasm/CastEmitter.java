package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;

/**
 * Prints conversions of the value on the stack between element types, as ONNX Cast has them:
 * integers wrap, floats truncate (NaN gives 0; out of range saturates at 32 or 64 bits, then
 * wraps), to bool compares with 0, to f16 and bf16 rounds to nearest even.
 */
final class CastEmitter {
  private CastEmitter() {}

  /**
   * Converts the top.
   *
   * @param mask whether a vector operand is known to be a mask
   */
  static void convert(FunctionBuilder code, Value.Convert c, boolean mask) {
    DType from = c.from();
    DType to = c.to();
    LType source = c.x().type();
    if (from == to) {
      return;
    }
    if (source.isVector()) {
      vector(code, from, to, source, mask);
    } else {
      scalar(code, from, to, source);
    }
    if (to == DType.F16 || to == DType.BF16) {
      round(code, to, c.type());
    }
  }

  /** Rounds an f32 to what the shorter type can hold; it stays an f32. */
  private static void round(FunctionBuilder code, DType to, LType type) {
    FloatCode m = new FloatCode(code, type, false);
    if (to == DType.F16) {
      HalfCode.narrowF16(m);
      HalfCode.widenF16(m);
    } else {
      HalfCode.narrowBf16(m);
      HalfCode.widenBf16(m);
    }
    m.done();
  }

  private static void vector(
      FunctionBuilder code, DType from, DType to, LType source, boolean mask) {
    boolean fromFloat = source == LType.F32X4;
    if (to == DType.BOOL) {
      code.v128(0, 0, 0, 0);
      code.op(fromFloat ? Op.F32X4_NE : Op.I32X4_NE);
    } else if (from == DType.BOOL || (mask && !fromFloat)) {
      int one = to.isFloat() ? 0x3f800000 : 1;
      code.v128(one, one, one, one);
      code.op(Op.V128_AND);
    } else if (Value.scalarType(to) == LType.F32) {
      if (!fromFloat) {
        code.op(from == DType.U32 ? Op.F32X4_CONVERT_I32X4_U : Op.F32X4_CONVERT_I32X4_S);
      }
    } else if (Value.scalarType(to) == LType.I32) {
      if (fromFloat) {
        if (to == DType.U32) {
          unsignedLanes(code);
        } else {
          code.op(Op.I32X4_TRUNC_SAT_F32X4_S);
        }
      }
      new IntCode(code, LType.I32X4, to).wrap();
    } else {
      throw new IllegalStateException(code.name() + ": vector conversion of " + from + " to " + to);
    }
  }

  /** Floats to u32; negative values wrap as those of the signed type do. */
  private static void unsignedLanes(FunctionBuilder code) {
    FloatCode m = new FloatCode(code, LType.F32X4, false);
    final int x = m.let();
    m.get(x);
    code.op(Op.I32X4_TRUNC_SAT_F32X4_S);
    m.get(x);
    code.op(Op.I32X4_TRUNC_SAT_F32X4_U);
    m.get(x);
    m.lt(0);
    m.select();
    m.done();
  }

  private static void scalar(FunctionBuilder code, DType from, DType to, LType source) {
    if (to == DType.BOOL) {
      switch (source) {
        case F32 -> {
          code.f32(0);
          code.op(Op.F32_NE);
        }
        case F64 -> {
          code.f64(0);
          code.op(Op.F64_NE);
        }
        case I64 -> {
          code.i64(0);
          code.op(Op.I64_NE);
        }
        default -> {
          code.i32(0);
          code.op(Op.I32_NE);
        }
      }
      return;
    }
    switch (Value.scalarType(to)) {
      case F32 -> toF32(code, from, source);
      case F64 -> toF64(code, from, source);
      case I64 -> toI64(code, from, to, source);
      default -> toI32(code, to, source);
    }
  }

  private static void toF32(FunctionBuilder code, DType from, LType source) {
    switch (source) {
      case F32 -> {}
      case F64 -> code.op(Op.F32_DEMOTE_F64);
      case I64 -> code.op(from == DType.U64 ? Op.F32_CONVERT_I64_U : Op.F32_CONVERT_I64_S);
      default -> code.op(from == DType.U32 ? Op.F32_CONVERT_I32_U : Op.F32_CONVERT_I32_S);
    }
  }

  private static void toF64(FunctionBuilder code, DType from, LType source) {
    switch (source) {
      case F32 -> code.op(Op.F64_PROMOTE_F32);
      case F64 -> {}
      case I64 -> code.op(from == DType.U64 ? Op.F64_CONVERT_I64_U : Op.F64_CONVERT_I64_S);
      default -> code.op(from == DType.U32 ? Op.F64_CONVERT_I32_U : Op.F64_CONVERT_I32_S);
    }
  }

  private static void toI64(FunctionBuilder code, DType from, DType to, LType source) {
    switch (source) {
      case F32, F64 -> {
        if (to == DType.U64) {
          unsignedTruncation(code, source);
        } else {
          code.op(source == LType.F32 ? Op.I64_TRUNC_SAT_F32_S : Op.I64_TRUNC_SAT_F64_S);
        }
      }
      case I64 -> {}
      default -> code.op(from.isUnsigned() ? Op.I64_EXTEND_I32_U : Op.I64_EXTEND_I32_S);
    }
  }

  /** Float to u64; negative values wrap as those of the signed type do. */
  private static void unsignedTruncation(FunctionBuilder code, LType source) {
    FloatCode m = new FloatCode(code, source, false);
    boolean narrow = source == LType.F32;
    final int x = m.let();
    m.get(x);
    code.op(narrow ? Op.I64_TRUNC_SAT_F32_S : Op.I64_TRUNC_SAT_F64_S);
    m.get(x);
    code.op(narrow ? Op.I64_TRUNC_SAT_F32_U : Op.I64_TRUNC_SAT_F64_U);
    m.get(x);
    m.lt(0);
    code.op(Op.SELECT);
    m.done();
  }

  private static void toI32(FunctionBuilder code, DType to, LType source) {
    switch (source) {
      case F32, F64 -> {
        if (to == DType.U32) {
          code.op(source == LType.F32 ? Op.I64_TRUNC_SAT_F32_S : Op.I64_TRUNC_SAT_F64_S);
          code.op(Op.I32_WRAP_I64);
        } else {
          code.op(source == LType.F32 ? Op.I32_TRUNC_SAT_F32_S : Op.I32_TRUNC_SAT_F64_S);
        }
      }
      case I64 -> code.op(Op.I32_WRAP_I64);
      default -> {}
    }
    new IntCode(code, LType.I32, to).wrap();
  }
}
