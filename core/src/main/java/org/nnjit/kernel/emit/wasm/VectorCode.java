package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Instructions for values of four lanes; operands come from the stack. */
final class VectorCode {
  private final FunctionBuilder code;
  private final MathCode math;

  VectorCode(FunctionBuilder code) {
    this.code = code;
    this.math = new MathCode(code, true);
  }

  /** Four consecutive elements, widened to 32 bits; a bool becomes a mask. */
  void load(DType t, int at) {
    switch (t) {
      case F32, I32, U32 -> code.memory(Op.V128_LOAD, 4, at);
      case U8, BOOL -> {
        code.memory(Op.V128_LOAD32_ZERO, 1, at);
        code.op(Op.I16X8_EXTEND_LOW_I8X16_U);
        code.op(Op.I32X4_EXTEND_LOW_I16X8_U);
        if (t == DType.BOOL) {
          code.splat(0);
          code.op(Op.I32X4_NE);
        }
      }
      case I8 -> {
        code.memory(Op.V128_LOAD32_ZERO, 1, at);
        code.op(Op.I16X8_EXTEND_LOW_I8X16_S);
        code.op(Op.I32X4_EXTEND_LOW_I16X8_S);
      }
      case I16 -> code.memory(Op.V128_LOAD16X4_S, 2, at);
      case U16 -> code.memory(Op.V128_LOAD16X4_U, 2, at);
      case BF16 -> {
        code.memory(Op.V128_LOAD16X4_U, 2, at);
        code.i32(16);
        code.op(Op.I32X4_SHL);
      }
      case F16 -> {
        code.memory(Op.V128_LOAD16X4_U, 2, at);
        Half.widen(code, true);
      }
      default -> throw new IllegalStateException("no vector load of " + t);
    }
  }

  /** Address and vector are on the stack; the first {@code lanes} lanes are stored. */
  void store(DType t, int at, int lanes) {
    switch (t) {
      case F32, I32, U32 -> words(at, lanes);
      case BOOL -> {
        code.splat(1);
        code.op(Op.V128_AND);
        narrowBytes();
        bytes(at, lanes);
      }
      case U8, I8 -> {
        code.splat(255);
        code.op(Op.V128_AND);
        narrowBytes();
        bytes(at, lanes);
      }
      case F16, BF16 -> {
        Half.narrow(code, true, t == DType.BF16);
        code.splat(0);
        code.op(Op.I16X8_NARROW_I32X4_U);
        if (lanes == 4) {
          code.memoryLane(Op.V128_STORE64_LANE, 2, at, 0);
          return;
        }
        int v = code.local(ValType.V128);
        int a = code.local(ValType.I32);
        code.set(v);
        code.set(a);
        for (int i = 0; i < lanes; i++) {
          code.get(a);
          code.get(v);
          code.memoryLane(Op.V128_STORE16_LANE, 2, at + 2 * i, i);
        }
        code.release(v);
        code.release(a);
      }
      default -> throw new IllegalStateException("no vector store of " + t);
    }
  }

  private void narrowBytes() {
    code.splat(0);
    code.op(Op.I16X8_NARROW_I32X4_U);
    code.splat(0);
    code.op(Op.I8X16_NARROW_I16X8_U);
  }

  private void bytes(int at, int lanes) {
    if (lanes == 4) {
      code.memoryLane(Op.V128_STORE32_LANE, 1, at, 0);
      return;
    }
    int word = code.local(ValType.I32);
    int a = code.local(ValType.I32);
    code.lane(Op.I32X4_EXTRACT_LANE, 0);
    code.set(word);
    code.set(a);
    for (int i = 0; i < lanes; i++) {
      code.get(a);
      code.get(word);
      code.i32(8 * i);
      code.op(Op.I32_SHR_U);
      code.memory(Op.I32_STORE8, 1, at + i);
    }
    code.release(word);
    code.release(a);
  }

  private void words(int at, int lanes) {
    switch (lanes) {
      case 4 -> code.memory(Op.V128_STORE, 4, at);
      case 1 -> code.memoryLane(Op.V128_STORE32_LANE, 4, at, 0);
      case 2 -> code.memoryLane(Op.V128_STORE64_LANE, 4, at, 0);
      default -> {
        int v = code.local(ValType.V128);
        int a = code.local(ValType.I32);
        code.set(v);
        code.tee(a);
        code.get(v);
        code.memoryLane(Op.V128_STORE64_LANE, 4, at, 0);
        code.get(a);
        code.get(v);
        code.memoryLane(Op.V128_STORE32_LANE, 4, at + 8, 2);
        code.release(v);
        code.release(a);
      }
    }
  }

  void unary(UnaryOp op, DType on) {
    if (!on.isFloat()) {
      switch (op) {
        case ABS -> code.op(Op.I32X4_ABS);
        case NEG -> code.op(Op.I32X4_NEG);
        case NOT, BIT_NOT -> code.op(Op.V128_NOT);
        default -> throw new IllegalStateException(op + " of " + on + " lanes");
      }
      return;
    }
    switch (op) {
      case ABS -> code.op(Op.F32X4_ABS);
      case NEG -> code.op(Op.F32X4_NEG);
      case CEIL -> code.op(Op.F32X4_CEIL);
      case FLOOR -> code.op(Op.F32X4_FLOOR);
      case ROUND -> code.op(Op.F32X4_NEAREST);
      case TRUNC -> code.op(Op.F32X4_TRUNC);
      case SQRT -> code.op(Op.F32X4_SQRT);
      case RSQRT -> {
        int x = code.local(ValType.V128);
        code.op(Op.F32X4_SQRT);
        code.set(x);
        code.splat(0x3f800000);
        code.get(x);
        code.op(Op.F32X4_DIV);
        code.release(x);
      }
      case IS_NAN -> same(Op.F32X4_NE);
      case IS_INF -> {
        code.op(Op.F32X4_ABS);
        code.splat(0x7f800000);
        code.op(Op.F32X4_EQ);
      }
      default -> FloatFunctions.emit(math, op);
    }
  }

  private void same(Op op) {
    int x = code.local(ValType.V128);
    code.tee(x);
    code.get(x);
    code.op(op);
    code.release(x);
  }

  void binary(BinaryOp op, DType on) {
    if (on.isFloat()) {
      switch (op) {
        case ADD -> code.op(Op.F32X4_ADD);
        case SUB -> code.op(Op.F32X4_SUB);
        case MUL -> code.op(Op.F32X4_MUL);
        case DIV -> code.op(Op.F32X4_DIV);
        case MIN -> code.op(Op.F32X4_MIN);
        case MAX -> code.op(Op.F32X4_MAX);
        case EQ -> code.op(Op.F32X4_EQ);
        case NE -> code.op(Op.F32X4_NE);
        case LT -> code.op(Op.F32X4_LT);
        case LE -> code.op(Op.F32X4_LE);
        case REM, FLOOR_MOD -> {
          int b = code.local(ValType.V128);
          int a = code.local(ValType.V128);
          code.set(b);
          code.tee(a);
          code.get(a);
          code.get(b);
          code.op(Op.F32X4_DIV);
          code.op(op == BinaryOp.REM ? Op.F32X4_TRUNC : Op.F32X4_FLOOR);
          code.get(b);
          code.op(Op.F32X4_MUL);
          code.op(Op.F32X4_SUB);
          code.release(a);
          code.release(b);
        }
        default -> throw new IllegalStateException(op + " of float lanes");
      }
      return;
    }
    boolean unsigned = on.isUnsigned();
    switch (op) {
      case ADD -> code.op(Op.I32X4_ADD);
      case SUB -> code.op(Op.I32X4_SUB);
      case MUL -> code.op(Op.I32X4_MUL);
      case MIN -> code.op(unsigned ? Op.I32X4_MIN_U : Op.I32X4_MIN_S);
      case MAX -> code.op(unsigned ? Op.I32X4_MAX_U : Op.I32X4_MAX_S);
      case EQ -> code.op(Op.I32X4_EQ);
      case NE -> code.op(Op.I32X4_NE);
      case LT -> code.op(unsigned ? Op.I32X4_LT_U : Op.I32X4_LT_S);
      case LE -> code.op(unsigned ? Op.I32X4_LE_U : Op.I32X4_LE_S);
      case AND -> code.op(Op.V128_AND);
      case OR -> code.op(Op.V128_OR);
      case XOR -> code.op(Op.V128_XOR);
      default -> throw new IllegalStateException(op + " of " + on + " lanes");
    }
  }

  void convert(DType from, DType to) {
    boolean fromFloat = from.isFloat();
    if (to == DType.BOOL) {
      if (from != DType.BOOL) {
        code.splat(0);
        code.op(fromFloat ? Op.F32X4_NE : Op.I32X4_NE);
      }
      return;
    }
    if (from == DType.BOOL) {
      code.splat(to.isFloat() ? 0x3f800000 : 1);
      code.op(Op.V128_AND);
      return;
    }
    if (to.isFloat()) {
      if (!fromFloat) {
        boolean unsigned = from == DType.U32;
        code.op(unsigned ? Op.F32X4_CONVERT_I32X4_U : Op.F32X4_CONVERT_I32X4_S);
      }
      if (to != DType.F32 && from == DType.F32) {
        Half.round(code, true, to == DType.BF16);
      }
      return;
    }
    if (fromFloat) {
      code.op(
          to == DType.U32 ? Op.I32X4_TRUNC_SAT_F32X4_U : Op.I32X4_TRUNC_SAT_F32X4_S);
    }
  }

  /** Joins four lanes into a scalar. */
  void horizontal(Combiner combiner, boolean floats) {
    int x = code.local(ValType.V128);
    code.set(x);
    code.get(x);
    code.get(x);
    code.get(x);
    code.shuffle(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    DType on = floats ? DType.F32 : DType.I32;
    binary(combiner.op(), on);
    code.set(x);
    code.get(x);
    code.get(x);
    code.get(x);
    code.shuffle(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    binary(combiner.op(), on);
    code.lane(floats ? Op.F32X4_EXTRACT_LANE : Op.I32X4_EXTRACT_LANE, 0);
    code.release(x);
  }
}
