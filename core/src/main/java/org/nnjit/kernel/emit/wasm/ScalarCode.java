package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Instructions for scalar values; operands come from the stack. */
final class ScalarCode {
  private final FunctionBuilder code;
  private final MathCode math;

  ScalarCode(FunctionBuilder code) {
    this.code = code;
    this.math = new MathCode(code, false);
  }

  void load(DType t, int at) {
    switch (t) {
      case F32 -> code.memory(Op.F32_LOAD, 4, at);
      case F64 -> code.memory(Op.F64_LOAD, 8, at);
      case I64, U64 -> code.memory(Op.I64_LOAD, 8, at);
      case I32, U32 -> code.memory(Op.I32_LOAD, 4, at);
      case I16 -> code.memory(Op.I32_LOAD16_S, 2, at);
      case U16 -> code.memory(Op.I32_LOAD16_U, 2, at);
      case I8 -> code.memory(Op.I32_LOAD8_S, 1, at);
      case U8 -> code.memory(Op.I32_LOAD8_U, 1, at);
      case BOOL -> {
        code.memory(Op.I32_LOAD8_U, 1, at);
        code.i32(0);
        code.op(Op.I32_NE);
      }
      case F16 -> {
        code.memory(Op.I32_LOAD16_U, 2, at);
        Half.widen(code, false);
      }
      case BF16 -> {
        code.memory(Op.I32_LOAD16_U, 2, at);
        code.i32(16);
        code.op(Op.I32_SHL);
        code.op(Op.F32_REINTERPRET_I32);
      }
    }
  }

  void store(DType t, int at) {
    switch (t) {
      case F32 -> code.memory(Op.F32_STORE, 4, at);
      case F64 -> code.memory(Op.F64_STORE, 8, at);
      case I64, U64 -> code.memory(Op.I64_STORE, 8, at);
      case I32, U32 -> code.memory(Op.I32_STORE, 4, at);
      case I16, U16 -> code.memory(Op.I32_STORE16, 2, at);
      case I8, U8, BOOL -> code.memory(Op.I32_STORE8, 1, at);
      case F16, BF16 -> {
        Half.narrow(code, false, t == DType.BF16);
        code.memory(Op.I32_STORE16, 2, at);
      }
    }
  }

  void unary(UnaryOp op, DType on) {
    switch (Value.scalarType(on)) {
      case F32 -> unaryF32(op);
      case F64 -> unaryF64(op);
      case I64 -> {
        switch (op) {
          case NEG -> flip(Op.I64_SUB, true);
          case BIT_NOT -> {
            code.i64(-1);
            code.op(Op.I64_XOR);
          }
          case ABS -> {
            int x = code.local(ValType.I64);
            code.set(x);
            code.i64(0);
            code.get(x);
            code.op(Op.I64_SUB);
            code.get(x);
            code.get(x);
            code.i64(0);
            code.op(Op.I64_LT_S);
            code.op(Op.SELECT);
            code.release(x);
          }
          default -> throw new IllegalStateException(op + " of " + on);
        }
      }
      default -> {
        switch (op) {
          case NEG -> flip(Op.I32_SUB, false);
          case NOT -> code.op(Op.I32_EQZ);
          case BIT_NOT -> {
            code.i32(-1);
            code.op(Op.I32_XOR);
          }
          case ABS -> {
            int x = code.local(ValType.I32);
            code.set(x);
            code.i32(0);
            code.get(x);
            code.op(Op.I32_SUB);
            code.get(x);
            code.get(x);
            code.i32(0);
            code.op(Op.I32_LT_S);
            code.op(Op.SELECT);
            code.release(x);
          }
          default -> throw new IllegalStateException(op + " of " + on);
        }
        wrap(on);
      }
    }
  }

  private void flip(Op sub, boolean isLong) {
    int x = code.local(isLong ? ValType.I64 : ValType.I32);
    code.set(x);
    if (isLong) {
      code.i64(0);
    } else {
      code.i32(0);
    }
    code.get(x);
    code.op(sub);
    code.release(x);
  }

  private void unaryF32(UnaryOp op) {
    switch (op) {
      case ABS -> code.op(Op.F32_ABS);
      case NEG -> code.op(Op.F32_NEG);
      case CEIL -> code.op(Op.F32_CEIL);
      case FLOOR -> code.op(Op.F32_FLOOR);
      case ROUND -> code.op(Op.F32_NEAREST);
      case TRUNC -> code.op(Op.F32_TRUNC);
      case SQRT -> code.op(Op.F32_SQRT);
      case RSQRT -> {
        int x = code.local(ValType.F32);
        code.op(Op.F32_SQRT);
        code.set(x);
        code.f32(1);
        code.get(x);
        code.op(Op.F32_DIV);
        code.release(x);
      }
      case IS_NAN -> {
        int x = code.local(ValType.F32);
        code.tee(x);
        code.get(x);
        code.op(Op.F32_NE);
        code.release(x);
      }
      case IS_INF -> {
        code.op(Op.F32_ABS);
        code.f32(Float.POSITIVE_INFINITY);
        code.op(Op.F32_EQ);
      }
      default -> FloatFunctions.emit(math, op);
    }
  }

  /** Only what WebAssembly has; {@link Supports} sends the rest to the host. */
  private void unaryF64(UnaryOp op) {
    switch (op) {
      case ABS -> code.op(Op.F64_ABS);
      case NEG -> code.op(Op.F64_NEG);
      case CEIL -> code.op(Op.F64_CEIL);
      case FLOOR -> code.op(Op.F64_FLOOR);
      case ROUND -> code.op(Op.F64_NEAREST);
      case TRUNC -> code.op(Op.F64_TRUNC);
      case SQRT -> code.op(Op.F64_SQRT);
      case IS_NAN -> {
        int x = code.local(ValType.F64);
        code.tee(x);
        code.get(x);
        code.op(Op.F64_NE);
        code.release(x);
      }
      case IS_INF -> {
        code.op(Op.F64_ABS);
        code.f64(Double.POSITIVE_INFINITY);
        code.op(Op.F64_EQ);
      }
      default -> throw new IllegalStateException(op + " of f64");
    }
  }

  void binary(BinaryOp op, DType on) {
    switch (Value.scalarType(on)) {
      case F32 -> floats(op, true);
      case F64 -> floats(op, false);
      case I64 -> longs(op, on.isUnsigned());
      default -> {
        ints(op, on.isUnsigned());
        if (!op.isComparison()) {
          wrap(on);
        }
      }
    }
  }

  private void floats(BinaryOp op, boolean single) {
    switch (op) {
      case ADD -> code.op(single ? Op.F32_ADD : Op.F64_ADD);
      case SUB -> code.op(single ? Op.F32_SUB : Op.F64_SUB);
      case MUL -> code.op(single ? Op.F32_MUL : Op.F64_MUL);
      case DIV -> code.op(single ? Op.F32_DIV : Op.F64_DIV);
      case MIN -> code.op(single ? Op.F32_MIN : Op.F64_MIN);
      case MAX -> code.op(single ? Op.F32_MAX : Op.F64_MAX);
      case EQ -> code.op(single ? Op.F32_EQ : Op.F64_EQ);
      case NE -> code.op(single ? Op.F32_NE : Op.F64_NE);
      case LT -> code.op(single ? Op.F32_LT : Op.F64_LT);
      case LE -> code.op(single ? Op.F32_LE : Op.F64_LE);
      case REM, FLOOR_MOD -> remainder(op == BinaryOp.REM, single);
      case POW -> {
        if (!single) {
          throw new IllegalStateException("POW of f64");
        }
        pow();
      }
      default -> throw new IllegalStateException(op + " of floats");
    }
  }

  private void remainder(boolean truncated, boolean single) {
    ValType t = single ? ValType.F32 : ValType.F64;
    int b = code.local(t);
    int a = code.local(t);
    code.set(b);
    code.tee(a);
    code.get(a);
    code.get(b);
    code.op(single ? Op.F32_DIV : Op.F64_DIV);
    if (truncated) {
      code.op(single ? Op.F32_TRUNC : Op.F64_TRUNC);
    } else {
      code.op(single ? Op.F32_FLOOR : Op.F64_FLOOR);
    }
    code.get(b);
    code.op(single ? Op.F32_MUL : Op.F64_MUL);
    code.op(single ? Op.F32_SUB : Op.F64_SUB);
    code.release(a);
    code.release(b);
  }

  /** exp(y log |x|) with the sign of an odd whole y; 1 for y = 0. */
  private void pow() {
    int y = code.local(ValType.F32);
    int x = code.local(ValType.F32);
    int r = code.local(ValType.F32);
    code.set(y);
    code.set(x);
    code.get(x);
    code.op(Op.F32_ABS);
    math.log();
    code.get(y);
    code.op(Op.F32_MUL);
    math.exp();
    code.set(r);
    // A negative base: whole exponents keep or flip the sign, others have no result.
    code.get(x);
    code.f32(0);
    code.op(Op.F32_LT);
    code.ifThen();
    code.get(y);
    code.get(y);
    code.op(Op.F32_NEAREST);
    code.op(Op.F32_NE);
    code.ifThen();
    code.f32(Float.NaN);
    code.set(r);
    code.elseThen();
    code.get(y);
    code.f32(0.5f);
    code.op(Op.F32_MUL);
    code.get(y);
    code.f32(0.5f);
    code.op(Op.F32_MUL);
    code.op(Op.F32_NEAREST);
    code.op(Op.F32_NE);
    code.ifThen();
    code.get(r);
    code.op(Op.F32_NEG);
    code.set(r);
    code.end();
    code.end();
    code.end();
    code.f32(1);
    code.get(r);
    code.get(y);
    code.f32(0);
    code.op(Op.F32_EQ);
    code.op(Op.SELECT);
    code.release(x);
    code.release(y);
    code.release(r);
  }

  private void ints(BinaryOp op, boolean unsigned) {
    switch (op) {
      case ADD -> code.op(Op.I32_ADD);
      case SUB -> code.op(Op.I32_SUB);
      case MUL -> code.op(Op.I32_MUL);
      case AND -> code.op(Op.I32_AND);
      case OR -> code.op(Op.I32_OR);
      case XOR -> code.op(Op.I32_XOR);
      case EQ -> code.op(Op.I32_EQ);
      case NE -> code.op(Op.I32_NE);
      case LT -> code.op(unsigned ? Op.I32_LT_U : Op.I32_LT_S);
      case LE -> code.op(unsigned ? Op.I32_LE_U : Op.I32_LE_S);
      case MIN -> choose(unsigned ? Op.I32_LT_U : Op.I32_LT_S, ValType.I32);
      case MAX -> choose(unsigned ? Op.I32_GT_U : Op.I32_GT_S, ValType.I32);
      case DIV -> divide(unsigned ? Op.I32_DIV_U : Op.I32_DIV_S, unsigned, false, false);
      case REM -> divide(unsigned ? Op.I32_REM_U : Op.I32_REM_S, unsigned, false, true);
      case FLOOR_DIV, FLOOR_MOD -> floorDivide(op == BinaryOp.FLOOR_MOD, unsigned, false);
      case SHL -> shift(Op.I32_SHL, false);
      case SHR -> shift(unsigned ? Op.I32_SHR_U : Op.I32_SHR_S, false);
      case POW -> throw new IllegalStateException("POW of integers");
    }
  }

  private void longs(BinaryOp op, boolean unsigned) {
    switch (op) {
      case ADD -> code.op(Op.I64_ADD);
      case SUB -> code.op(Op.I64_SUB);
      case MUL -> code.op(Op.I64_MUL);
      case AND -> code.op(Op.I64_AND);
      case OR -> code.op(Op.I64_OR);
      case XOR -> code.op(Op.I64_XOR);
      case EQ -> code.op(Op.I64_EQ);
      case NE -> code.op(Op.I64_NE);
      case LT -> code.op(unsigned ? Op.I64_LT_U : Op.I64_LT_S);
      case LE -> code.op(unsigned ? Op.I64_LE_U : Op.I64_LE_S);
      case MIN -> choose(unsigned ? Op.I64_LT_U : Op.I64_LT_S, ValType.I64);
      case MAX -> choose(unsigned ? Op.I64_GT_U : Op.I64_GT_S, ValType.I64);
      case DIV -> divide(unsigned ? Op.I64_DIV_U : Op.I64_DIV_S, unsigned, true, false);
      case REM -> divide(unsigned ? Op.I64_REM_U : Op.I64_REM_S, unsigned, true, true);
      case FLOOR_DIV, FLOOR_MOD -> floorDivide(op == BinaryOp.FLOOR_MOD, unsigned, true);
      case SHL -> shift(Op.I64_SHL, true);
      case SHR -> shift(unsigned ? Op.I64_SHR_U : Op.I64_SHR_S, true);
      case POW -> throw new IllegalStateException("POW of integers");
    }
  }

  /** The smaller or larger of two, by the comparison. */
  private void choose(Op compare, ValType t) {
    int b = code.local(t);
    int a = code.local(t);
    code.set(b);
    code.tee(a);
    code.get(b);
    code.get(a);
    code.get(b);
    code.op(compare);
    code.op(Op.SELECT);
    code.release(a);
    code.release(b);
  }

  private void zero(boolean isLong, long v) {
    if (isLong) {
      code.i64(v);
    } else {
      code.i32((int) v);
    }
  }

  /** Division that cannot trap: by zero gives 0, the least integer by -1 wraps. */
  private void divide(Op op, boolean unsigned, boolean isLong, boolean remainder) {
    ValType t = isLong ? ValType.I64 : ValType.I32;
    int b = code.local(t);
    int a = code.local(t);
    code.set(b);
    code.set(a);
    code.get(b);
    code.op(isLong ? Op.I64_EQZ : Op.I32_EQZ);
    code.ifThen(t);
    zero(isLong, 0);
    code.elseThen();
    if (!unsigned && !remainder) {
      code.get(b);
      zero(isLong, -1);
      code.op(isLong ? Op.I64_EQ : Op.I32_EQ);
      code.ifThen(t);
      zero(isLong, 0);
      code.get(a);
      code.op(isLong ? Op.I64_SUB : Op.I32_SUB);
      code.elseThen();
    }
    code.get(a);
    code.get(b);
    code.op(op);
    if (!unsigned && !remainder) {
      code.end();
    }
    code.end();
    code.release(a);
    code.release(b);
  }

  private void floorDivide(boolean modulo, boolean unsigned, boolean isLong) {
    if (unsigned) {
      Op div = isLong ? Op.I64_DIV_U : Op.I32_DIV_U;
      divide(modulo ? (isLong ? Op.I64_REM_U : Op.I32_REM_U) : div, true, isLong, modulo);
      return;
    }
    ValType t = isLong ? ValType.I64 : ValType.I32;
    int b = code.local(t);
    int a = code.local(t);
    int r = code.local(t);
    code.set(b);
    code.tee(a);
    code.get(b);
    divide(isLong ? Op.I64_REM_S : Op.I32_REM_S, false, isLong, true);
    code.set(r);
    if (!modulo) {
      code.get(a);
      code.get(b);
      divide(isLong ? Op.I64_DIV_S : Op.I32_DIV_S, false, isLong, false);
      // One less when the remainder is not zero and the signs differ.
      signsDiffer(r, b, isLong);
      if (isLong) {
        code.op(Op.I64_EXTEND_I32_S);
      }
      code.op(isLong ? Op.I64_SUB : Op.I32_SUB);
    } else {
      code.get(r);
      code.get(b);
      zero(isLong, 0);
      signsDiffer(r, b, isLong);
      code.op(Op.SELECT);
      code.op(isLong ? Op.I64_ADD : Op.I32_ADD);
    }
    code.release(a);
    code.release(b);
    code.release(r);
  }

  private void signsDiffer(int r, int b, boolean isLong) {
    code.get(r);
    zero(isLong, 0);
    code.op(isLong ? Op.I64_NE : Op.I32_NE);
    code.get(r);
    code.get(b);
    code.op(isLong ? Op.I64_XOR : Op.I32_XOR);
    zero(isLong, 0);
    code.op(isLong ? Op.I64_LT_S : Op.I32_LT_S);
    code.op(Op.I32_AND);
  }

  /** Shifts by the width or more give 0. */
  private void shift(Op op, boolean isLong) {
    ValType t = isLong ? ValType.I64 : ValType.I32;
    int by = code.local(t);
    code.tee(by);
    code.op(op);
    zero(isLong, 0);
    code.get(by);
    zero(isLong, isLong ? 64 : 32);
    code.op(isLong ? Op.I64_LT_U : Op.I32_LT_U);
    code.op(Op.SELECT);
    code.release(by);
  }

  /** Brings an i32 back into the range of a narrower type. */
  private void wrap(DType t) {
    switch (t) {
      case I8 -> code.op(Op.I32_EXTEND8_S);
      case I16 -> code.op(Op.I32_EXTEND16_S);
      case U8 -> {
        code.i32(0xff);
        code.op(Op.I32_AND);
      }
      case U16 -> {
        code.i32(0xffff);
        code.op(Op.I32_AND);
      }
      default -> {
        // 32-bit types fill the register, bool stays 0 or 1.
      }
    }
  }

  void convert(DType from, DType to) {
    LType a = Value.scalarType(from);
    LType b = Value.scalarType(to);
    if (to == DType.BOOL) {
      if (from != DType.BOOL) {
        switch (a) {
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
      }
      return;
    }
    boolean fromUnsigned = from.isUnsigned();
    if (b == LType.F32 || b == LType.F64) {
      toFloat(a, b, fromUnsigned);
      if (b == LType.F32 && to != DType.F32) {
        Half.round(code, false, to == DType.BF16);
      }
      return;
    }
    if (a == LType.F32 || a == LType.F64) {
      boolean single = a == LType.F32;
      if (b == LType.I64) {
        if (to == DType.U64) {
          code.op(single ? Op.I64_TRUNC_SAT_F32_U : Op.I64_TRUNC_SAT_F64_U);
        } else {
          code.op(single ? Op.I64_TRUNC_SAT_F32_S : Op.I64_TRUNC_SAT_F64_S);
        }
      } else if (to == DType.U32) {
        code.op(single ? Op.I32_TRUNC_SAT_F32_U : Op.I32_TRUNC_SAT_F64_U);
      } else {
        code.op(single ? Op.I32_TRUNC_SAT_F32_S : Op.I32_TRUNC_SAT_F64_S);
        wrap(to);
      }
      return;
    }
    if (a == LType.I64 && b == LType.I32) {
      code.op(Op.I32_WRAP_I64);
      wrap(to);
    } else if (a == LType.I32 && b == LType.I64) {
      code.op(fromUnsigned ? Op.I64_EXTEND_I32_U : Op.I64_EXTEND_I32_S);
    } else if (b == LType.I32) {
      wrap(to);
    }
  }

  private void toFloat(LType a, LType b, boolean unsigned) {
    boolean single = b == LType.F32;
    switch (a) {
      case F32 -> {
        if (!single) {
          code.op(Op.F64_PROMOTE_F32);
        }
      }
      case F64 -> {
        if (single) {
          code.op(Op.F32_DEMOTE_F64);
        }
      }
      case I64 -> {
        if (single) {
          code.op(unsigned ? Op.F32_CONVERT_I64_U : Op.F32_CONVERT_I64_S);
        } else {
          code.op(unsigned ? Op.F64_CONVERT_I64_U : Op.F64_CONVERT_I64_S);
        }
      }
      default -> {
        if (single) {
          code.op(unsigned ? Op.F32_CONVERT_I32_U : Op.F32_CONVERT_I32_S);
        } else {
          code.op(unsigned ? Op.F64_CONVERT_I32_U : Op.F64_CONVERT_I32_S);
        }
      }
    }
  }
}
