package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.LType;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/**
 * Integer arithmetic of i32, i64 and four i32 lanes, for every integer element type. Operands stand
 * on the Wasm stack. Values of narrow types are kept extended to 32 bits by their sign. Nothing
 * traps: dividing by zero gives 0, the least integer by -1 itself, a shift by the width or more 0.
 */
final class IntCode {
  private final FunctionBuilder code;
  private final LType type;
  private final DType on;
  private final boolean unsigned;

  /**
   * Code of one type.
   *
   * @param type I32, I64 or I32X4
   * @param on element type, whose width and signedness count
   */
  IntCode(FunctionBuilder code, LType type, DType on) {
    this.code = code;
    this.type = type;
    this.on = on;
    this.unsigned = on.isUnsigned();
  }

  private void op(Op i32, Op i32x4, Op i64) {
    code.op(type == LType.I32 ? i32 : type == LType.I64 ? i64 : i32x4);
  }

  private ValType valType() {
    return type == LType.I32 ? ValType.I32 : type == LType.I64 ? ValType.I64 : ValType.V128;
  }

  private void constant(long value) {
    switch (type) {
      case I32 -> code.i32((int) value);
      case I64 -> code.i64(value);
      default -> code.v128((int) value, (int) value, (int) value, (int) value);
    }
  }

  private int bits() {
    return on.bytes() * 8;
  }

  /** Wraps the top to the element type's width. */
  void wrap() {
    int spare = 32 - bits();
    if (spare <= 0 || on == DType.BOOL) {
      return;
    }
    if (type == LType.I32X4) {
      if (unsigned) {
        constant((1 << bits()) - 1);
        code.op(Op.V128_AND);
      } else {
        code.i32(spare);
        code.op(Op.I32X4_SHL);
        code.i32(spare);
        code.op(Op.I32X4_SHR_S);
      }
    } else if (unsigned) {
      code.i32((1 << bits()) - 1);
      code.op(Op.I32_AND);
    } else {
      code.op(bits() == 8 ? Op.I32_EXTEND8_S : Op.I32_EXTEND16_S);
    }
  }

  /** True when the operation is one instruction on the stack (and a wrap). */
  static boolean isDirect(BinaryOp op, LType type) {
    return switch (op) {
      case ADD, SUB, MUL, AND, OR, XOR, EQ, NE, LT, LE -> true;
      case MAX, MIN -> type == LType.I32X4;
      default -> false;
    };
  }

  /** Operations for which {@link #isDirect} holds, on two operands on the stack. */
  void direct(BinaryOp op) {
    switch (op) {
      case ADD -> arithmetic(Op.I32_ADD, Op.I32X4_ADD, Op.I64_ADD, BinaryOp.OR);
      case SUB -> arithmetic(Op.I32_SUB, Op.I32X4_SUB, Op.I64_SUB, BinaryOp.XOR);
      case MUL -> arithmetic(Op.I32_MUL, Op.I32X4_MUL, Op.I64_MUL, BinaryOp.AND);
      case AND -> op(Op.I32_AND, Op.V128_AND, Op.I64_AND);
      case OR -> op(Op.I32_OR, Op.V128_OR, Op.I64_OR);
      case XOR -> op(Op.I32_XOR, Op.V128_XOR, Op.I64_XOR);
      case EQ -> wide(Op.I32_EQ, Op.I32X4_EQ, Op.I64_EQ);
      case NE -> wide(Op.I32_NE, Op.I32X4_NE, Op.I64_NE);
      case LT -> {
        if (unsigned) {
          wide(Op.I32_LT_U, Op.I32X4_LT_U, Op.I64_LT_U);
        } else {
          wide(Op.I32_LT_S, Op.I32X4_LT_S, Op.I64_LT_S);
        }
      }
      case LE -> {
        if (unsigned) {
          wide(Op.I32_LE_U, Op.I32X4_LE_U, Op.I64_LE_U);
        } else {
          wide(Op.I32_LE_S, Op.I32X4_LE_S, Op.I64_LE_S);
        }
      }
      case MAX -> code.op(unsigned ? Op.I32X4_MAX_U : Op.I32X4_MAX_S);
      case MIN -> code.op(unsigned ? Op.I32X4_MIN_U : Op.I32X4_MIN_S);
      default -> throw new IllegalStateException(op + " of " + type + " is not one instruction");
    }
  }

  private void wide(Op i32, Op i32x4, Op i64) {
    op(i32, i32x4, i64);
  }

  /** Sums of bools are logical, as numpy has it. */
  private void arithmetic(Op i32, Op i32x4, Op i64, BinaryOp ofBools) {
    if (on == DType.BOOL) {
      direct(ofBools);
    } else {
      op(i32, i32x4, i64);
      wrap();
    }
  }

  /** The other operations, on scalars in locals; pushes the result. */
  void composed(BinaryOp op, int a, int b) {
    switch (op) {
      case MAX, MIN -> {
        code.get(a);
        code.get(b);
        code.get(op == BinaryOp.MAX ? b : a);
        code.get(op == BinaryOp.MAX ? a : b);
        direct(BinaryOp.LT);
        code.op(Op.SELECT);
      }
      case DIV -> quotient(a, b);
      case REM -> remainder(a, b);
      case FLOOR_DIV -> floorQuotient(a, b);
      case FLOOR_MOD -> floorRemainder(a, b);
      case SHL, SHR -> {
        code.get(a);
        code.get(b);
        if (op == BinaryOp.SHL) {
          op(Op.I32_SHL, null, Op.I64_SHL);
        } else if (unsigned) {
          op(Op.I32_SHR_U, null, Op.I64_SHR_U);
        } else {
          op(Op.I32_SHR_S, null, Op.I64_SHR_S);
        }
        constant(0);
        code.get(b);
        constant(bits());
        op(Op.I32_LT_U, null, Op.I64_LT_U);
        code.op(Op.SELECT);
        wrap();
      }
      default -> throw new IllegalStateException(op + " of " + on + " cannot be printed");
    }
  }

  private void quotient(int a, int b) {
    isZero(b);
    code.ifThen(valType());
    constant(0);
    code.elseThen();
    if (unsigned) {
      divide(a, b);
    } else {
      // Divided by -1 the least integer would trap.
      code.get(b);
      constant(-1);
      direct(BinaryOp.EQ);
      code.ifThen(valType());
      constant(0);
      code.get(a);
      op(Op.I32_SUB, null, Op.I64_SUB);
      code.elseThen();
      divide(a, b);
      code.end();
    }
    code.end();
    wrap();
  }

  private void divide(int a, int b) {
    code.get(a);
    code.get(b);
    if (unsigned) {
      op(Op.I32_DIV_U, null, Op.I64_DIV_U);
    } else {
      op(Op.I32_DIV_S, null, Op.I64_DIV_S);
    }
  }

  private void remainder(int a, int b) {
    isZero(b);
    code.ifThen(valType());
    constant(0);
    code.elseThen();
    code.get(a);
    code.get(b);
    if (unsigned) {
      op(Op.I32_REM_U, null, Op.I64_REM_U);
    } else {
      op(Op.I32_REM_S, null, Op.I64_REM_S);
    }
    code.end();
  }

  private void isZero(int b) {
    code.get(b);
    op(Op.I32_EQZ, null, Op.I64_EQZ);
  }

  /** The truncated quotient, less one where the signs differ and something remains. */
  private void floorQuotient(int a, int b) {
    quotient(a, b);
    if (unsigned) {
      return;
    }
    remainder(a, b);
    int r = code.local(valType());
    code.tee(r);
    code.get(b);
    direct(BinaryOp.XOR);
    constant(0);
    direct(BinaryOp.LT);
    code.get(r);
    constant(0);
    direct(BinaryOp.NE);
    code.op(Op.I32_AND);
    if (type == LType.I64) {
      code.op(Op.I64_EXTEND_I32_U);
    }
    op(Op.I32_SUB, null, Op.I64_SUB);
    code.release(r);
    wrap();
  }

  /** The remainder, plus the divisor where it is not 0 and its sign is not the divisor's. */
  private void floorRemainder(int a, int b) {
    remainder(a, b);
    if (unsigned) {
      return;
    }
    int r = code.local(valType());
    code.tee(r);
    code.get(b);
    constant(0);
    code.get(r);
    code.get(b);
    direct(BinaryOp.XOR);
    constant(0);
    direct(BinaryOp.LT);
    code.get(r);
    constant(0);
    direct(BinaryOp.NE);
    code.op(Op.I32_AND);
    code.op(Op.SELECT);
    op(Op.I32_ADD, null, Op.I64_ADD);
    code.release(r);
  }

  /** Division and shifts by a constant, which needs no guard; false when there is no such form. */
  boolean byConstant(BinaryOp op, long c, boolean notNegative) {
    boolean plain = unsigned || notNegative;
    boolean power = c > 0 && (c & (c - 1)) == 0;
    int log2 = power ? Long.numberOfTrailingZeros(c) : 0;
    switch (op) {
      case SHL, SHR -> {
        if (c < 0 || c >= bits()) {
          return false;
        }
        if (type == LType.I64) {
          code.i64(c);
        } else {
          code.i32((int) c);
        }
        if (op == BinaryOp.SHL) {
          op(Op.I32_SHL, Op.I32X4_SHL, Op.I64_SHL);
          wrap();
        } else {
          shiftRight(unsigned);
        }
      }
      case MUL -> {
        if (!power || bits() < 32) {
          return false;
        }
        count(log2);
        op(Op.I32_SHL, Op.I32X4_SHL, Op.I64_SHL);
      }
      case DIV, FLOOR_DIV -> {
        if (c <= 0) {
          return false;
        }
        if (power && (plain || op == BinaryOp.FLOOR_DIV)) {
          count(log2);
          shiftRight(plain);
        } else if (type == LType.I32X4 || (op == BinaryOp.FLOOR_DIV && !plain)) {
          return false;
        } else {
          constant(c);
          if (plain) {
            op(Op.I32_DIV_U, null, Op.I64_DIV_U);
          } else {
            op(Op.I32_DIV_S, null, Op.I64_DIV_S);
          }
        }
      }
      case REM, FLOOR_MOD -> {
        if (c <= 0) {
          return false;
        }
        if (power && (plain || op == BinaryOp.FLOOR_MOD)) {
          constant(c - 1);
          op(Op.I32_AND, Op.V128_AND, Op.I64_AND);
        } else if (type == LType.I32X4 || (op == BinaryOp.FLOOR_MOD && !plain)) {
          return false;
        } else {
          constant(c);
          if (plain) {
            op(Op.I32_REM_U, null, Op.I64_REM_U);
          } else {
            op(Op.I32_REM_S, null, Op.I64_REM_S);
          }
        }
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private void count(int log2) {
    if (type == LType.I64) {
      code.i64(log2);
    } else {
      code.i32(log2);
    }
  }

  private void shiftRight(boolean logical) {
    if (logical) {
      op(Op.I32_SHR_U, Op.I32X4_SHR_U, Op.I64_SHR_U);
    } else {
      op(Op.I32_SHR_S, Op.I32X4_SHR_S, Op.I64_SHR_S);
    }
  }

  /** |top| of a signed type. */
  void abs() {
    if (unsigned) {
      return;
    }
    if (type == LType.I32X4) {
      code.op(Op.I32X4_ABS);
    } else {
      // (x ^ s) - s with s = x >> 31
      int x = code.local(valType());
      int s = code.local(valType());
      code.tee(x);
      code.get(x);
      count(type == LType.I64 ? 63 : 31);
      shiftRight(false);
      code.tee(s);
      op(Op.I32_XOR, null, Op.I64_XOR);
      code.get(s);
      op(Op.I32_SUB, null, Op.I64_SUB);
      code.release(x);
      code.release(s);
    }
    wrap();
  }

  void neg() {
    constant(-1);
    op(Op.I32_XOR, Op.V128_XOR, Op.I64_XOR);
    constant(1);
    op(Op.I32_ADD, Op.I32X4_ADD, Op.I64_ADD);
    wrap();
  }

  void not() {
    constant(-1);
    op(Op.I32_XOR, Op.V128_XOR, Op.I64_XOR);
    wrap();
  }
}
