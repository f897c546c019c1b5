package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/**
 * Stack code over floats of one kind: f32, four f32 lanes, or f64. What is written once with these
 * methods prints for all three. Operands stand on the Wasm stack, the first one deepest.
 *
 * <p>"Bits" are integers as wide as the float (i32, i32x4, i64); a "mask" is what a comparison
 * gives and {@link #select} takes: an i32 of 0 or 1 for scalars, a mask of lanes for vectors.
 * Locals made by {@link #let} live until {@link #done}.
 */
final class FloatCode {
  private static final int MAX_LOCALS = 40;

  private final FunctionBuilder code;
  private final LType type;
  private final boolean fused;
  private final int kind;
  private final ValType valType;
  private final int[] locals = new int[MAX_LOCALS];
  private int count;

  /**
   * Code of one kind.
   *
   * @param type F32, F32X4 or F64
   * @param fused whether relaxed SIMD may be used
   */
  FloatCode(FunctionBuilder code, LType type, boolean fused) {
    this.code = code;
    this.type = type;
    this.fused = fused && type == LType.F32X4;
    switch (type) {
      case F32 -> {
        kind = 0;
        valType = ValType.F32;
      }
      case F32X4 -> {
        kind = 1;
        valType = ValType.V128;
      }
      case F64 -> {
        kind = 2;
        valType = ValType.F64;
      }
      default -> throw new IllegalStateException("float code of " + type);
    }
  }

  FunctionBuilder code() {
    return code;
  }

  LType type() {
    return type;
  }

  /** True for f64: constants and polynomials are then the long ones. */
  boolean isWide() {
    return kind == 2;
  }

  /** Gives back all locals of this code. */
  void done() {
    while (count > 0) {
      code.release(locals[--count]);
    }
  }

  private void op(Op f32, Op f32x4, Op f64) {
    code.op(kind == 0 ? f32 : kind == 1 ? f32x4 : f64);
  }

  // Locals.

  /** Pops a float into a new local. */
  int let() {
    return let(valType);
  }

  /** Pops bits into a new local. */
  int letBits() {
    return let(kind == 0 ? ValType.I32 : kind == 1 ? ValType.V128 : ValType.I64);
  }

  /** Pops a mask into a new local. */
  int letMask() {
    return let(kind == 1 ? ValType.V128 : ValType.I32);
  }

  private int let(ValType valType) {
    int local = code.local(valType);
    if (count == MAX_LOCALS) {
      throw new IllegalStateException("an expansion needs more than " + MAX_LOCALS + " locals");
    }
    locals[count++] = local;
    code.set(local);
    return local;
  }

  void get(int local) {
    code.get(local);
  }

  // Floats.

  void constant(double value) {
    switch (kind) {
      case 0 -> code.f32((float) value);
      case 1 -> code.v128Floats((float) value, (float) value, (float) value, (float) value);
      default -> code.f64(value);
    }
  }

  /** The first constant for f32, the second for f64. */
  void constant(double narrow, double wide) {
    constant(kind == 2 ? wide : narrow);
  }

  void add() {
    op(Op.F32_ADD, Op.F32X4_ADD, Op.F64_ADD);
  }

  void sub() {
    op(Op.F32_SUB, Op.F32X4_SUB, Op.F64_SUB);
  }

  void mul() {
    op(Op.F32_MUL, Op.F32X4_MUL, Op.F64_MUL);
  }

  void div() {
    op(Op.F32_DIV, Op.F32X4_DIV, Op.F64_DIV);
  }

  void add(double c) {
    constant(c);
    add();
  }

  void mul(double c) {
    constant(c);
    mul();
  }

  /** top * factor + addend, rounded once or twice. */
  void mulAdd(double factor, int addend) {
    constant(factor);
    fuse(addend, 0);
  }

  /** top * factor + addend, rounded once or twice. */
  void mulAdd(int factor, double addend) {
    code.get(factor);
    fuse(-1, addend);
  }

  /** top * factor + addend, rounded once or twice. */
  void mulAdd(double factor, double addend) {
    constant(factor);
    fuse(-1, addend);
  }

  /** top * factor + addend, rounded once or twice. */
  void mulAdd(int factor, int addend) {
    code.get(factor);
    fuse(addend, 0);
  }

  private void fuse(int addendLocal, double addend) {
    if (!fused) {
      mul();
    }
    if (addendLocal >= 0) {
      code.get(addendLocal);
    } else {
      constant(addend);
    }
    if (fused) {
      code.op(Op.F32X4_RELAXED_MADD);
    } else {
      add();
    }
  }

  /** Pushes {@code c[0] + c[1] x + c[2] x^2 + ...} by Horner's rule. */
  void polynomial(int x, double[] c) {
    constant(c[c.length - 1]);
    for (int i = c.length - 2; i >= 0; i--) {
      mulAdd(x, c[i]);
    }
  }

  /** {@link #polynomial(int, double[])} with the first coefficients for f32, the second for f64. */
  void polynomial(int x, double[] narrow, double[] wide) {
    polynomial(x, kind == 2 ? wide : narrow);
  }

  void abs() {
    op(Op.F32_ABS, Op.F32X4_ABS, Op.F64_ABS);
  }

  void neg() {
    op(Op.F32_NEG, Op.F32X4_NEG, Op.F64_NEG);
  }

  void sqrt() {
    op(Op.F32_SQRT, Op.F32X4_SQRT, Op.F64_SQRT);
  }

  void ceil() {
    op(Op.F32_CEIL, Op.F32X4_CEIL, Op.F64_CEIL);
  }

  void floor() {
    op(Op.F32_FLOOR, Op.F32X4_FLOOR, Op.F64_FLOOR);
  }

  void trunc() {
    op(Op.F32_TRUNC, Op.F32X4_TRUNC, Op.F64_TRUNC);
  }

  void nearest() {
    op(Op.F32_NEAREST, Op.F32X4_NEAREST, Op.F64_NEAREST);
  }

  void min() {
    join(Op.F32_MIN, Op.F32X4_PMIN, Op.F64_MIN);
  }

  void max() {
    join(Op.F32_MAX, Op.F32X4_PMAX, Op.F64_MAX);
  }

  /**
   * The greater or smaller of two, NaN if either is. Engines print eight instructions for
   * f32x4.max on x64, where pmax is one, but gives the first operand where the second is NaN.
   */
  private void join(Op narrow, Op vector, Op wide) {
    if (kind != 1) {
      op(narrow, vector, wide);
      return;
    }
    int b = let();
    code.get(b);
    code.op(vector);
    code.get(b);
    code.get(b);
    ne();
    maskOr();
  }

  /** min(top, c) for c not NaN; NaN stays. */
  void atMost(double c) {
    constant(c);
    op(Op.F32_MIN, Op.F32X4_PMIN, Op.F64_MIN);
  }

  /** max(top, c) for c not NaN; NaN stays. */
  void atLeast(double c) {
    constant(c);
    op(Op.F32_MAX, Op.F32X4_PMAX, Op.F64_MAX);
  }

  // Comparisons and masks.

  void eq() {
    op(Op.F32_EQ, Op.F32X4_EQ, Op.F64_EQ);
  }

  void ne() {
    op(Op.F32_NE, Op.F32X4_NE, Op.F64_NE);
  }

  void lt() {
    op(Op.F32_LT, Op.F32X4_LT, Op.F64_LT);
  }

  void le() {
    op(Op.F32_LE, Op.F32X4_LE, Op.F64_LE);
  }

  void gt() {
    op(Op.F32_GT, Op.F32X4_GT, Op.F64_GT);
  }

  void lt(double c) {
    constant(c);
    lt();
  }

  void gt(double c) {
    constant(c);
    gt();
  }

  void eq(double c) {
    constant(c);
    eq();
  }

  void maskAnd() {
    code.op(kind == 1 ? Op.V128_AND : Op.I32_AND);
  }

  void maskOr() {
    code.op(kind == 1 ? Op.V128_OR : Op.I32_OR);
  }

  /** Of (a, b, mask): a where the mask is set, else b. */
  void select() {
    code.op(kind == 1 ? Op.V128_BITSELECT : Op.SELECT);
  }

  // Bits.

  /** Float to the bits it is made of. */
  void toBits() {
    if (kind != 1) {
      code.op(kind == 0 ? Op.I32_REINTERPRET_F32 : Op.I64_REINTERPRET_F64);
    }
  }

  void fromBits() {
    if (kind != 1) {
      code.op(kind == 0 ? Op.F32_REINTERPRET_I32 : Op.F64_REINTERPRET_I64);
    }
  }

  void bits(int narrow, long wide) {
    switch (kind) {
      case 0 -> code.i32(narrow);
      case 1 -> code.v128(narrow, narrow, narrow, narrow);
      default -> code.i64(wide);
    }
  }

  void bits(int value) {
    bits(value, value);
  }

  void bitsAdd() {
    op(Op.I32_ADD, Op.I32X4_ADD, Op.I64_ADD);
  }

  void bitsSub() {
    op(Op.I32_SUB, Op.I32X4_SUB, Op.I64_SUB);
  }

  void bitsAnd() {
    op(Op.I32_AND, Op.V128_AND, Op.I64_AND);
  }

  void bitsOr() {
    op(Op.I32_OR, Op.V128_OR, Op.I64_OR);
  }

  void bitsXor() {
    op(Op.I32_XOR, Op.V128_XOR, Op.I64_XOR);
  }

  void shl(int narrow, int wide) {
    count(narrow, wide);
    op(Op.I32_SHL, Op.I32X4_SHL, Op.I64_SHL);
  }

  /** Arithmetic shift right. */
  void shr(int narrow, int wide) {
    count(narrow, wide);
    op(Op.I32_SHR_S, Op.I32X4_SHR_S, Op.I64_SHR_S);
  }

  /** Logical shift right. */
  void shrUnsigned(int narrow, int wide) {
    count(narrow, wide);
    op(Op.I32_SHR_U, Op.I32X4_SHR_U, Op.I64_SHR_U);
  }

  private void count(int narrow, int wide) {
    if (kind == 2) {
      code.i64(wide);
    } else {
      code.i32(narrow);
    }
  }

  /** Signed comparison of bits. */
  void bitsLt() {
    op(Op.I32_LT_S, Op.I32X4_LT_S, Op.I64_LT_S);
  }

  /** Mask: bits are not 0. */
  void bitsSet() {
    switch (kind) {
      case 0 -> {
        code.i32(0);
        code.op(Op.I32_NE);
      }
      case 1 -> {
        code.v128(0, 0, 0, 0);
        code.op(Op.I32X4_NE);
      }
      default -> {
        code.i64(0);
        code.op(Op.I64_NE);
      }
    }
  }

  /** Signed integer to float. */
  void convert() {
    op(Op.F32_CONVERT_I32_S, Op.F32X4_CONVERT_I32X4_S, Op.F64_CONVERT_I64_S);
  }

  /** Sign bit of a float, as bits. */
  void sign(int x) {
    code.get(x);
    toBits();
    bits(Integer.MIN_VALUE, Long.MIN_VALUE);
    bitsAnd();
  }

  /** Gives the top, which is not negative, the sign of x. */
  void withSignOf(int x) {
    toBits();
    sign(x);
    bitsOr();
    fromBits();
  }
}
