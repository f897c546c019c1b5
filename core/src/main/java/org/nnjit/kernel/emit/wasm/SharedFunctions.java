package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/**
 * Functions too long to expand where they are used: powers and float remainders, in f64, so that
 * f32 results are right to 1 ulp. Each is printed once for a module, when first asked for.
 */
final class SharedFunctions {
  private final WasmEmitter emitter;
  private int power = -1;
  private int remainder = -1;
  private int floorMod = -1;
  private int integerPower = -1;

  SharedFunctions(WasmEmitter emitter) {
    this.emitter = emitter;
  }

  /**
   * C's pow as {@code (f64, f64) -> f64}: exp(y log |x|), relative error 1e-13 at the ends of the
   * range and 1e-15 near 1. All special cases follow C99 F.9.4.4.
   */
  int power() {
    if (power < 0) {
      FunctionBuilder code = emitter.function("pow", "dd:d");
      power = code.index();
      printPower(new FloatCode(code, LType.F64, false));
    }
    return power;
  }

  private static void printPower(FloatCode m) {
    final FunctionBuilder code = m.code();
    final int x = 0;
    final int y = 1;
    m.get(x);
    m.abs();
    FloatMath.log(m);
    m.get(y);
    m.mul();
    FloatMath.exp(m);
    final int magnitude = m.let();
    m.get(y);
    m.trunc();
    m.get(y);
    m.eq();
    final int whole = m.letMask();

    // 1 for y = 0, x = 1 and (-1)^(+-infinity).
    m.constant(1);
    // The sign of x, -0 too, goes over when y is odd.
    m.get(magnitude);
    m.toBits();
    m.sign(x);
    m.bitsOr();
    m.fromBits();
    // A negative finite x to a broken power is NaN.
    m.constant(Double.NaN);
    m.get(magnitude);
    m.get(whole);
    code.op(Op.I32_EQZ);
    m.get(x);
    m.lt(0);
    m.maskAnd();
    m.get(x);
    m.gt(Double.NEGATIVE_INFINITY);
    m.maskAnd();
    m.select();
    m.get(whole);
    m.get(y);
    m.mul(0.5);
    final int half = m.let();
    m.get(half);
    m.trunc();
    m.get(half);
    m.ne();
    m.maskAnd();
    m.select();
    m.get(y);
    m.eq(0);
    m.get(x);
    m.eq(1);
    m.maskOr();
    m.get(x);
    m.abs();
    m.eq(1);
    m.get(y);
    m.abs();
    m.eq(Double.POSITIVE_INFINITY);
    m.maskAnd();
    m.maskOr();
    m.select();
  }

  /** C's fmod as {@code (f64, f64) -> f64}, exact. */
  int remainder() {
    if (remainder < 0) {
      FunctionBuilder code = emitter.function("fmod", "dd:d");
      remainder = code.index();
      printRemainder(new FloatCode(code, LType.F64, false));
    }
    return remainder;
  }

  /** Long division: doubles the divisor up to the dividend, then subtracts and halves. */
  private static void printRemainder(FloatCode m) {
    final FunctionBuilder code = m.code();
    final int x = 0;
    m.get(x);
    m.abs();
    final int rest = m.let();
    m.get(1);
    m.abs();
    final int divisor = m.let();
    m.get(rest);
    m.lt(Double.POSITIVE_INFINITY);
    m.get(divisor);
    m.gt(0);
    m.maskAnd();
    code.ifThen();
    m.get(divisor);
    final int shifted = m.let();

    code.block();
    code.loop();
    m.get(shifted);
    m.get(shifted);
    m.add();
    final int doubled = m.let();
    m.get(doubled);
    m.get(rest);
    m.le();
    code.op(Op.I32_EQZ);
    code.brIf(1);
    m.get(doubled);
    code.set(shifted);
    code.br(0);
    code.end();
    code.end();

    m.get(divisor);
    m.get(rest);
    m.le();
    code.ifThen();
    code.loop();
    m.get(shifted);
    m.get(rest);
    m.le();
    code.ifThen();
    m.get(rest);
    m.get(shifted);
    m.sub();
    code.set(rest);
    code.end();
    m.get(shifted);
    m.mul(0.5);
    code.tee(shifted);
    m.get(divisor);
    code.op(Op.F64_GE);
    code.brIf(0);
    code.end();
    code.end();

    code.elseThen();
    m.constant(Double.NaN);
    code.set(rest);
    code.end();
    m.get(rest);
    m.withSignOf(x);
  }

  /** Python's % as {@code (f64, f64) -> f64}: fmod, plus the divisor where the signs differ. */
  int floorMod() {
    if (floorMod < 0) {
      final int fmod = remainder();
      FunctionBuilder code = emitter.function("floormod", "dd:d");
      floorMod = code.index();
      FloatCode m = new FloatCode(code, LType.F64, false);
      m.get(0);
      m.get(1);
      code.call(fmod);
      final int rest = m.let();
      m.get(rest);
      m.get(1);
      m.constant(0);
      m.get(rest);
      m.lt(0);
      m.get(1);
      m.lt(0);
      code.op(Op.I32_NE);
      m.get(rest);
      m.constant(0);
      m.ne();
      m.maskAnd();
      m.select();
      m.add();
    }
    return floorMod;
  }

  /**
   * Whole powers as {@code (i64, i64) -> i64}, wrapping. A negative exponent gives what rounding
   * towards zero leaves: 1 or -1 for those bases, else 0.
   */
  int integerPower() {
    if (integerPower < 0) {
      FunctionBuilder code = emitter.function("ipow", "ll:l");
      integerPower = code.index();
      printIntegerPower(code);
    }
    return integerPower;
  }

  private static void printIntegerPower(FunctionBuilder code) {
    final int base = 0;
    final int exponent = 1;
    final int result = code.newLocal(ValType.I64);
    code.i64(1);
    code.set(result);
    code.get(exponent);
    code.i64(0);
    code.op(Op.I64_LT_S);
    code.ifThen();
    // Other bases than 1 and -1 give 0, as 0^1 does; of those two the exponent's parity counts.
    code.get(base);
    code.i64(0);
    code.get(base);
    code.i64(1);
    code.op(Op.I64_ADD);
    code.i64(3);
    code.op(Op.I64_LT_U);
    code.op(Op.SELECT);
    code.tee(base);
    code.op(Op.I64_EQZ);
    code.op(Op.I64_EXTEND_I32_U);
    code.get(exponent);
    code.i64(1);
    code.op(Op.I64_AND);
    code.op(Op.I64_OR);
    code.set(exponent);
    code.end();
    code.block();
    code.loop();
    code.get(exponent);
    code.op(Op.I64_EQZ);
    code.brIf(1);
    code.get(result);
    code.get(base);
    code.i64(1);
    code.get(exponent);
    code.i64(1);
    code.op(Op.I64_AND);
    code.op(Op.I32_WRAP_I64);
    code.op(Op.SELECT);
    code.op(Op.I64_MUL);
    code.set(result);
    code.get(base);
    code.get(base);
    code.op(Op.I64_MUL);
    code.set(base);
    code.get(exponent);
    code.i64(1);
    code.op(Op.I64_SHR_U);
    code.set(exponent);
    code.br(0);
    code.end();
    code.end();
    code.get(result);
  }
}
