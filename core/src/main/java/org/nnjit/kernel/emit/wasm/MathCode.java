package org.nnjit.kernel.emit.wasm;

import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/**
 * Elementary functions as straight-line code, for one f32 or four. One description serves both:
 * every step goes through an instruction pair chosen by {@code wide}. Each method takes its operand
 * from the stack and leaves the result there.
 *
 * <p>Error bounds (against double precision, over the tested range): exp 2 ulp, log 2 ulp, tanh and
 * sigmoid 4 ulp, erf 3e-7 absolute, sin and cos 2e-7 absolute for |x| up to 1e4, atan and asin 4
 * ulp. Polynomials: Cephes (Moshier), erf: Abramowitz and Stegun form fitted as x * P / Q by
 * Eigen's float rational.
 */
final class MathCode {
  private final FunctionBuilder code;
  private final boolean wide;

  MathCode(FunctionBuilder code, boolean wide) {
    this.code = code;
    this.wide = wide;
  }

  // --- pairs ---

  private void op(Op scalar, Op vector) {
    code.op(wide ? vector : scalar);
  }

  private void add() {
    op(Op.F32_ADD, Op.F32X4_ADD);
  }

  private void sub() {
    op(Op.F32_SUB, Op.F32X4_SUB);
  }

  private void mul() {
    op(Op.F32_MUL, Op.F32X4_MUL);
  }

  private void div() {
    op(Op.F32_DIV, Op.F32X4_DIV);
  }

  private void min() {
    op(Op.F32_MIN, Op.F32X4_MIN);
  }

  private void max() {
    op(Op.F32_MAX, Op.F32X4_MAX);
  }

  private void abs() {
    op(Op.F32_ABS, Op.F32X4_ABS);
  }

  private void c(double v) {
    if (wide) {
      code.splat(Float.floatToRawIntBits((float) v));
    } else {
      code.f32((float) v);
    }
  }

  private void ci(int v) {
    if (wide) {
      code.splat(v);
    } else {
      code.i32(v);
    }
  }

  private void asBits() {
    if (!wide) {
      code.op(Op.I32_REINTERPRET_F32);
    }
  }

  private void asFloat() {
    if (!wide) {
      code.op(Op.F32_REINTERPRET_I32);
    }
  }

  private int local() {
    return code.local(wide ? ValType.V128 : ValType.F32);
  }

  private int intLocal() {
    return code.local(wide ? ValType.V128 : ValType.I32);
  }

  private int store() {
    int l = local();
    code.set(l);
    return l;
  }

  /** Whole-number shift of integer lanes. */
  private void shift(Op scalar, Op vector, int by) {
    code.i32(by);
    op(scalar, vector);
  }

  /** Picks a where the condition on the stack holds, else b: stack a, b, condition. */
  private void pick() {
    op(Op.SELECT, Op.V128_BITSELECT);
  }

  /** {@code ((c0 * x + c1) * x + ...)} of the local. */
  private void horner(int x, double... coefficients) {
    c(coefficients[0]);
    for (int i = 1; i < coefficients.length; i++) {
      code.get(x);
      mul();
      c(coefficients[i]);
      add();
    }
  }

  // --- functions ---

  /** e to the x: 2^n times a polynomial on the rest; 0 and infinity at the ends, NaN stays. */
  void exp() {
    int x = store();
    int n = local();
    int r = local();
    int t = local();
    code.get(x);
    c(88.8);
    min();
    c(-104);
    max();
    code.tee(r);
    c(1.44269504088896341);
    mul();
    op(Op.F32_NEAREST, Op.F32X4_NEAREST);
    code.set(n);
    code.get(r);
    code.get(n);
    c(0.693359375);
    mul();
    sub();
    code.get(n);
    c(-2.12194440e-4);
    mul();
    sub();
    code.set(r);
    horner(
        r,
        1.9875691500E-4,
        1.3981999507E-3,
        8.3334519073E-3,
        4.1665795894E-2,
        1.6666665459E-1,
        5.0000001201E-1);
    code.get(r);
    mul();
    code.get(r);
    mul();
    code.get(r);
    add();
    c(1);
    add();
    code.set(t);
    // 2^n in two halves, so that results near both ends of the range come out right.
    int half = intLocal();
    int whole = intLocal();
    code.get(n);
    op(Op.I32_TRUNC_SAT_F32_S, Op.I32X4_TRUNC_SAT_F32X4_S);
    code.tee(whole);
    shift(Op.I32_SHR_S, Op.I32X4_SHR_S, 1);
    code.set(half);
    code.get(t);
    code.get(half);
    power();
    mul();
    code.get(whole);
    code.get(half);
    op(Op.I32_SUB, Op.I32X4_SUB);
    power();
    mul();
    code.release(half);
    code.release(whole);
    release(x, n, r, t);
  }

  /** 2 to the integer on the stack, by its exponent bits. */
  private void power() {
    ci(127);
    op(Op.I32_ADD, Op.I32X4_ADD);
    shift(Op.I32_SHL, Op.I32X4_SHL, 23);
    asFloat();
  }

  /** Natural logarithm; NaN below zero, minus infinity at zero, infinity stays. */
  void log() {
    int x = store();
    int e = local();
    int m = local();
    int bits = intLocal();
    int y = local();
    // Subnormals are scaled up first.
    int scaled = local();
    code.get(x);
    c(0x1p25);
    mul();
    code.get(x);
    code.get(x);
    c(0x1p-126);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    code.set(scaled);
    code.get(scaled);
    asBits();
    code.tee(bits);
    ci(0x3f3504f3);
    op(Op.I32_SUB, Op.I32X4_SUB);
    shift(Op.I32_SHR_S, Op.I32X4_SHR_S, 23);
    op(Op.F32_CONVERT_I32_S, Op.F32X4_CONVERT_I32X4_S);
    code.set(e);
    code.get(bits);
    code.get(e);
    op(Op.I32_TRUNC_SAT_F32_S, Op.I32X4_TRUNC_SAT_F32X4_S);
    shift(Op.I32_SHL, Op.I32X4_SHL, 23);
    op(Op.I32_SUB, Op.I32X4_SUB);
    asFloat();
    c(1);
    sub();
    code.set(m);
    code.get(e);
    c(25);
    sub();
    code.get(e);
    code.get(x);
    c(0x1p-126);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    code.set(e);
    horner(
        m,
        7.0376836292E-2,
        -1.1514610310E-1,
        1.1676998740E-1,
        -1.2420140846E-1,
        1.4249322787E-1,
        -1.6668057665E-1,
        2.0000714765E-1,
        -2.4999993993E-1,
        3.3333331174E-1);
    code.get(m);
    mul();
    code.get(m);
    code.get(m);
    mul();
    code.tee(y);
    mul();
    code.get(e);
    c(-2.12194440e-4);
    mul();
    add();
    code.get(y);
    c(0.5);
    mul();
    sub();
    code.get(m);
    add();
    code.get(e);
    c(0.693359375);
    mul();
    add();
    code.set(y);
    // Ends of the range.
    c(Double.NEGATIVE_INFINITY);
    code.get(y);
    code.get(x);
    c(0);
    op(Op.F32_EQ, Op.F32X4_EQ);
    pick();
    code.set(y);
    c(Double.NaN);
    code.get(y);
    code.get(x);
    c(0);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    code.set(y);
    code.get(x);
    code.get(y);
    code.get(x);
    c(Float.MAX_VALUE);
    op(Op.F32_LE, Op.F32X4_LE);
    not();
    pick();
    code.release(bits);
    release(x, e, m, y, scaled);
  }

  private void not() {
    op(Op.I32_EQZ, Op.V128_NOT);
  }

  /** 1 / (1 + exp(-x)). */
  void sigmoid() {
    op(Op.F32_NEG, Op.F32X4_NEG);
    exp();
    int t = store();
    c(1);
    code.get(t);
    c(1);
    add();
    div();
    release(t);
  }

  /** Hyperbolic tangent, a rational of degree 13/6 on |x| below 8 (Eigen's fit). */
  void tanh() {
    int raw = store();
    int x = local();
    int q = local();
    code.get(raw);
    c(7.90531110763549805);
    min();
    c(-7.90531110763549805);
    max();
    code.tee(x);
    code.get(x);
    mul();
    code.set(q);
    code.get(x);
    horner(
        q,
        -2.76076847742355e-16,
        2.00018790482477e-13,
        -8.60467152213735e-11,
        5.12229709037114e-08,
        1.48572235717979e-05,
        6.37261928875436e-04,
        4.89352455891786e-03);
    mul();
    horner(
        q,
        1.19825839466702e-06,
        1.18534705686654e-04,
        2.26843463243900e-03,
        4.89352518554385e-03);
    div();
    int y = store();
    // Tiny arguments are their own tangent.
    code.get(raw);
    code.get(y);
    code.get(raw);
    abs();
    c(0.0004);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    release(raw, x, q, y);
  }

  /** Error function, x * P(x^2) / Q(x^2) on |x| below 4 (Eigen's fit). */
  void erf() {
    int x = store();
    int q = local();
    code.get(x);
    c(4);
    min();
    c(-4);
    max();
    code.tee(x);
    code.get(x);
    mul();
    code.set(q);
    code.get(x);
    horner(
        q,
        -2.72614225801306e-10,
        2.77068142495902e-08,
        -2.10102402082508e-06,
        -5.69250639462346e-05,
        -7.34990630326855e-04,
        -2.95459980854025e-03,
        -1.60960333262415e-02);
    mul();
    horner(
        q,
        -1.45660718464996e-05,
        -2.13374055278905e-04,
        -1.68282697438203e-03,
        -7.37332916720468e-03,
        -1.42647390514189e-02);
    div();
    c(1);
    min();
    c(-1);
    max();
    release(x, q);
  }

  /** Sine, or cosine as the sine a quarter further. */
  void sin(boolean cosine) {
    int x = store();
    int n = local();
    int r = local();
    int q = local();
    int quadrant = intLocal();
    code.get(x);
    c(0.63661977236758134);
    mul();
    op(Op.F32_NEAREST, Op.F32X4_NEAREST);
    code.set(n);
    code.get(x);
    code.get(n);
    c(1.5703125);
    mul();
    sub();
    code.get(n);
    c(4.837512969970703125e-4);
    mul();
    sub();
    code.get(n);
    c(7.549789948768648e-8);
    mul();
    sub();
    code.set(r);
    code.get(n);
    op(Op.I32_TRUNC_SAT_F32_S, Op.I32X4_TRUNC_SAT_F32X4_S);
    if (cosine) {
      ci(1);
      op(Op.I32_ADD, Op.I32X4_ADD);
    }
    code.set(quadrant);
    code.get(r);
    code.get(r);
    mul();
    code.set(q);
    // Cosine of the rest.
    horner(q, 2.443315711809948E-5, -1.388731625493765E-3, 4.166664568298827E-2);
    code.get(q);
    mul();
    code.get(q);
    mul();
    code.get(q);
    c(0.5);
    mul();
    sub();
    c(1);
    add();
    // Sine of the rest.
    horner(q, -1.9515295891E-4, 8.3321608736E-3, -1.6666654611E-1);
    code.get(q);
    mul();
    code.get(r);
    mul();
    code.get(r);
    add();
    code.get(quadrant);
    ci(1);
    op(Op.I32_AND, Op.V128_AND);
    ci(1);
    op(Op.I32_EQ, Op.I32X4_EQ);
    pick();
    asBits();
    code.get(quadrant);
    ci(2);
    op(Op.I32_AND, Op.V128_AND);
    shift(Op.I32_SHL, Op.I32X4_SHL, 30);
    op(Op.I32_XOR, Op.V128_XOR);
    asFloat();
    code.release(quadrant);
    release(x, n, r, q);
  }

  /** sin / cos. */
  void tan() {
    int x = store();
    code.get(x);
    sin(false);
    code.get(x);
    sin(true);
    div();
    release(x);
  }

  /** Arc tangent: |x| is brought below tan(pi/8). */
  void atan() {
    int x = store();
    int a = local();
    int r = local();
    int base = local();
    int q = local();
    code.get(x);
    abs();
    code.set(a);
    c(-1);
    code.get(a);
    div();
    code.get(a);
    c(1);
    sub();
    code.get(a);
    c(1);
    add();
    div();
    code.get(a);
    code.get(a);
    c(0.4142135623730950);
    gt();
    pick();
    code.get(a);
    c(2.414213562373095);
    gt();
    pick();
    code.set(r);
    c(Math.PI / 2);
    c(Math.PI / 4);
    c(0);
    code.get(a);
    c(0.4142135623730950);
    gt();
    pick();
    code.get(a);
    c(2.414213562373095);
    gt();
    pick();
    code.set(base);
    code.get(r);
    code.get(r);
    mul();
    code.set(q);
    horner(q, 8.05374449538e-2, -1.38776856032E-1, 1.99777106478E-1, -3.33329491539E-1);
    code.get(q);
    mul();
    code.get(r);
    mul();
    code.get(r);
    add();
    code.get(base);
    add();
    copySign(x);
    release(x, a, r, base, q);
  }

  private void gt() {
    op(Op.F32_GT, Op.F32X4_GT);
  }

  /** The magnitude on the stack with the sign of the local. */
  private void copySign(int signOf) {
    if (!wide) {
      code.get(signOf);
      code.op(Op.F32_COPYSIGN);
      return;
    }
    code.get(signOf);
    ci(0x80000000);
    code.op(Op.V128_AND);
    code.op(Op.V128_OR);
  }

  /** Arc sine by atan(x / sqrt(1 - x^2)). */
  void asin() {
    int x = store();
    code.get(x);
    c(1);
    code.get(x);
    sub();
    c(1);
    code.get(x);
    add();
    mul();
    op(Op.F32_SQRT, Op.F32X4_SQRT);
    div();
    atan();
    release(x);
  }

  /** Arc cosine: pi / 2 - asin(x), with 2 atan form near 1. */
  void acos() {
    int x = store();
    c(1);
    code.get(x);
    sub();
    c(1);
    code.get(x);
    add();
    div();
    op(Op.F32_SQRT, Op.F32X4_SQRT);
    atan();
    c(2);
    mul();
    release(x);
  }

  /** (e^x - e^-x) / 2, with a series near 0. */
  void sinh() {
    int x = store();
    int q = local();
    int e = local();
    code.get(x);
    code.get(x);
    mul();
    code.set(q);
    horner(q, 2.03721912945E-4, 8.33028376239E-3, 1.66667160211E-1);
    code.get(q);
    mul();
    code.get(x);
    mul();
    code.get(x);
    add();
    code.get(x);
    exp();
    code.set(e);
    code.get(e);
    c(0.5);
    mul();
    c(0.5);
    code.get(e);
    div();
    sub();
    code.get(x);
    abs();
    c(1);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    release(x, q, e);
  }

  /** (e^x + e^-x) / 2. */
  void cosh() {
    exp();
    int e = store();
    code.get(e);
    c(0.5);
    mul();
    c(0.5);
    code.get(e);
    div();
    add();
    release(e);
  }

  /** sign(x) log(|x| + sqrt(x^2 + 1)), with a series near 0. */
  void asinh() {
    int x = store();
    int a = local();
    int q = local();
    code.get(x);
    abs();
    code.tee(a);
    code.get(a);
    mul();
    code.set(q);
    horner(q, 2.0122003309E-2, -4.2699340972E-2, 7.4847586088E-2, -1.6666288134E-1);
    code.get(q);
    mul();
    code.get(a);
    mul();
    code.get(a);
    add();
    code.get(a);
    code.get(q);
    c(1);
    add();
    op(Op.F32_SQRT, Op.F32X4_SQRT);
    add();
    log();
    code.get(a);
    c(0.5);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    copySign(x);
    release(x, a, q);
  }

  /** log(x + sqrt(x^2 - 1)). */
  void acosh() {
    int x = store();
    code.get(x);
    code.get(x);
    c(1);
    sub();
    code.get(x);
    c(1);
    add();
    mul();
    op(Op.F32_SQRT, Op.F32X4_SQRT);
    add();
    log();
    release(x);
  }

  /** log((1 + x) / (1 - x)) / 2, with a series near 0. */
  void atanh() {
    int x = store();
    int q = local();
    code.get(x);
    code.get(x);
    mul();
    code.set(q);
    horner(q, 1.81740078349E-1, 8.24370301058E-2, 1.46691431730E-1, 1.99782164500E-1,
        3.33337300303E-1);
    code.get(q);
    mul();
    code.get(x);
    mul();
    code.get(x);
    add();
    c(1);
    code.get(x);
    add();
    c(1);
    code.get(x);
    sub();
    div();
    log();
    c(0.5);
    mul();
    code.get(x);
    abs();
    c(0.5);
    op(Op.F32_LT, Op.F32X4_LT);
    pick();
    release(x, q);
  }

  private void release(int... locals) {
    for (int l : locals) {
      code.release(l);
    }
  }
}
