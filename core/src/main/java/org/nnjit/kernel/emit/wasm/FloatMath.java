package org.nnjit.kernel.emit.wasm;

/**
 * Exponentials, logarithms and what is made of them. Each method replaces x on the stack by the
 * function's value and is written once for f32, f32x4 and f64.
 *
 * <p>Largest errors seen in tests, f32 in units in the last place (ulp) and f64 relative: exp 1.1
 * and 3e-16; log 1.0 and 3e-16; sigmoid 2.5 and 5e-16; tanh 6 and 8e-16; erf 6 (4e-7 absolute) and
 * 4e-15; sinh, cosh 3 and 8e-16; asinh, acosh, atanh 4 and 1e-15. NaN gives NaN, overflow the
 * infinity, underflow subnormals and then 0.
 *
 * <p>Sources: logarithm and its coefficients from FreeBSD's msun (e_log.c, e_logf.c, Sun
 * Microsystems 1993); the other polynomials are minimax fits made for this project (Remez, 40
 * digits).
 */
final class FloatMath {
  private static final double LN2 = 0.6931471805599453;

  private static final double[] EXP_NARROW = {
    0.5000000096279948,
    0.16666517711473658,
    0.041666202282940726,
    0.008369024860887482,
    0.001395072586120445
  };
  private static final double[] EXP_WIDE = {
    0.5,
    0.16666666666666685,
    0.04166666666666673,
    0.008333333333316484,
    0.0013888888888858094,
    0.00019841269897699607,
    2.4801587374348357e-5,
    2.755723358733884e-6,
    2.7557232882714557e-7,
    2.5112469217693225e-8,
    2.0927081937494806e-9
  };
  private static final double[] LOG_NARROW = {
    0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841
  };
  private static final double[] LOG_WIDE = {
    0.6666666666666735, 0.3999999999940942, 0.2857142874366239,
    0.22222198432149784, 0.1818357216161805, 0.15313837699209373,
    0.14798198605116586
  };
  private static final double[] TANH_TOP = {
    0.9999999796279133,
    0.13380982618274234,
    0.003495536268808306,
    2.0608212642212533e-5,
    1.335344998502975e-8
  };
  private static final double[] TANH_BOTTOM = {
    1, 0.4671429827655071, 0.025876786706602886, 0.0003285549132074556, 7.776062643655471e-7
  };
  private static final double[] ERF_TOP = {
    1.1283791395359317,
    0.19353627019794453,
    0.053100302275161194,
    0.003882882471348094,
    0.0002845421324691224,
    1.9866834348736978e-6
  };
  private static final double[] ERF_BOTTOM = {
    1,
    0.5048496127839912,
    0.1153461111041243,
    0.01520634630022842,
    0.0011854335333223928,
    3.7417883030321957e-5
  };

  /** erf(x) / x for |x| <= 1 by powers of x^2. */
  private static final double[] ERF_SMALL = {
    1.1283791670955122,
    -0.3761263890317469,
    0.11283791670589856,
    -0.02686617058770307,
    0.0052239771619384204,
    -0.0008548305163985183,
    0.00012054688554600955,
    -1.4913394193821586e-5,
    1.631114901843858e-6,
    -1.5192008831819635e-7,
    9.436048798584371e-9
  };

  /** exp(x^2) erfc(x) for 1 <= x <= 6 by powers of 9.6 / (2 + x) - 2.2. */
  private static final double[] ERFC_SCALED = {
    0.22142954022993358,
    0.16189356804100524,
    0.038560570424994806,
    0.005588816282397641,
    0.00019713918090191954,
    -8.079220874324961e-5,
    -7.340537860482712e-6,
    1.9795771528821524e-6,
    1.6355862257306583e-7,
    -7.007854280533383e-8,
    -6.791292708102858e-10,
    2.643942671174651e-9,
    -1.9929318456260686e-10,
    -7.957981165660851e-11
  };

  /** sinh(x) = x + x^3 (...), |x| <= 1, by powers of x^2: Taylor's coefficients. */
  private static final double[] SINH_NARROW = {1.0 / 6, 1.0 / 120, 1.0 / 5040, 1.0 / 362880};

  private static final double[] SINH_WIDE = {
    1.0 / 6,
    1.0 / 120,
    1.0 / 5040,
    1.0 / 362880,
    1.0 / 39916800,
    1.0 / 6227020800.0,
    1.0 / 1307674368000.0,
    1.0 / 355687428096000.0,
    1.0 / 121645100408832000.0
  };

  private FloatMath() {}

  static void exp(FloatCode m) {
    scaledExp(m, 0);
  }

  /** exp(x) 2^shift without overflow in between: x = n ln 2 + r, a polynomial in r, times 2^n. */
  private static void scaledExp(FloatCode m, int shift) {
    boolean wide = m.isWide();
    m.atMost(wide ? 712 : 90);
    m.atLeast(wide ? -746 : -104);
    final int x = m.let();
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    double magic = wide ? 0x1.8p52 : 0x1.8p23;
    m.get(x);
    m.mulAdd(1 / LN2, magic);
    final int rounded = m.let();
    m.get(rounded);
    m.add(-magic);
    final int n = m.let();
    m.get(n);
    m.mulAdd(wide ? -0.6931471803691238 : -0.693359375, x);
    final int reduced = m.let();
    m.get(n);
    m.mulAdd(wide ? -1.9082149292705877e-10 : 2.12194440054690583e-4, reduced);
    final int r = m.let();
    m.polynomial(r, EXP_NARROW, EXP_WIDE);
    m.get(r);
    m.mul();
    m.mulAdd(r, r);
    m.add(1);

    m.get(rounded);
    m.toBits();
    m.bits(0x4b400000, 0x4338000000000000L);
    m.bitsSub();
    final int whole = m.letBits();
    m.get(whole);
    m.shr(1, 1);
    final int half = m.letBits();
    m.get(half);
    powerOfTwo(m, 0);
    m.mul();
    m.get(whole);
    m.get(half);
    m.bitsSub();
    powerOfTwo(m, shift);
    m.mul();
  }

  /** Bits n to the float 2^(n + shift). */
  private static void powerOfTwo(FloatCode m, int shift) {
    m.bits(127 + shift, 1023 + shift);
    m.bitsAdd();
    m.shl(23, 52);
    m.fromBits();
  }

  /** x = 2^k (1 + f) with f near 0, then log(1 + f) by s = f / (2 + f). */
  static void log(FloatCode m) {
    final int x = m.let();
    boolean wide = m.isWide();
    double lift = wide ? 54 : 25;
    m.get(x);
    m.lt(wide ? 0x1p-1022 : 0x1p-126);
    final int subnormal = m.letMask();
    m.get(x);
    m.mul(wide ? 0x1p54 : 0x1p25);
    m.get(x);
    m.get(subnormal);
    m.select();
    m.toBits();
    int offset = 0x3f3504f3;
    long wideOffset = 0x3fe6a09e667f3bcdL;
    m.bits(offset, wideOffset);
    m.bitsSub();
    final int scaled = m.letBits();
    m.get(scaled);
    m.shr(23, 52);
    m.convert();
    m.constant(lift);
    m.constant(0);
    m.get(subnormal);
    m.select();
    m.sub();
    final int k = m.let();
    m.get(scaled);
    m.bits(0x7fffff, 0xfffffffffffffL);
    m.bitsAnd();
    m.bits(offset, wideOffset);
    m.bitsAdd();
    m.fromBits();
    m.add(-1);
    final int f = m.let();
    m.get(f);
    m.get(f);
    m.add(2);
    m.div();
    final int s = m.let();
    m.get(s);
    m.get(s);
    m.mul();
    final int z = m.let();
    m.get(f);
    m.get(f);
    m.mul();
    m.mul(0.5);
    final int halfSquare = m.let();

    // k ln2hi - ((f^2/2 - (s (f^2/2 + R) + k ln2lo)) - f)
    m.get(k);
    m.mul(wide ? 0.6931471803691238 : 0.69313812256);
    m.get(halfSquare);
    m.polynomial(z, LOG_NARROW, LOG_WIDE);
    m.mulAdd(z, halfSquare);
    m.get(s);
    m.mul();
    m.get(k);
    m.mul(wide ? 1.9082149292705877e-10 : 9.0580006145e-6);
    m.add();
    m.sub();
    m.get(f);
    m.sub();
    m.sub();

    m.get(x);
    m.get(x);
    m.lt(Double.POSITIVE_INFINITY);
    m.select();
    m.constant(Double.NEGATIVE_INFINITY);
    m.constant(Double.NaN);
    m.get(x);
    m.eq(0);
    m.select();
    m.get(x);
    m.gt(0);
    m.select();
  }

  /** log(1 + y) for y >= -1: the rounding of 1 + y is made good to first order. */
  private static void log1p(FloatCode m) {
    final int y = m.let();
    m.get(y);
    m.add(1);
    final int u = m.let();
    m.get(u);
    log(m);
    m.get(y);
    m.get(u);
    m.add(-1);
    m.sub();
    m.get(u);
    m.div();
    m.constant(0);
    m.get(u);
    m.lt(Double.POSITIVE_INFINITY);
    m.get(u);
    m.gt(0);
    m.maskAnd();
    m.select();
    m.add();
  }

  static void sigmoid(FloatCode m) {
    m.neg();
    exp(m);
    m.add(1);
    final int d = m.let();
    m.constant(1);
    m.get(d);
    m.div();
  }

  static void tanh(FloatCode m) {
    if (m.isWide()) {
      m.atMost(22);
      m.atLeast(-22);
      sinhAndCosh(m, true, true);
      m.div();
    } else {
      oddRational(m, 9, TANH_TOP, TANH_BOTTOM);
    }
  }

  static void erf(FloatCode m) {
    if (m.isWide()) {
      wideErf(m);
    } else {
      oddRational(m, 4, ERF_TOP, ERF_BOTTOM);
    }
  }

  /** x P(x^2) / Q(x^2) with x held within the limit and the result within 1. */
  private static void oddRational(FloatCode m, double limit, double[] top, double[] bottom) {
    m.atMost(limit);
    m.atLeast(-limit);
    final int x = m.let();
    m.get(x);
    m.get(x);
    m.mul();
    final int z = m.let();
    m.polynomial(z, top);
    m.get(x);
    m.mul();
    m.polynomial(z, bottom);
    m.div();
    m.atMost(1);
    m.atLeast(-1);
  }

  private static void wideErf(FloatCode m) {
    m.atMost(6);
    m.atLeast(-6);
    final int x = m.let();
    m.get(x);
    m.get(x);
    m.mul();
    final int z = m.let();
    m.polynomial(z, ERF_SMALL);
    m.get(x);
    m.mul();
    m.constant(9.6);
    m.get(x);
    m.abs();
    m.add(2);
    m.div();
    m.add(-2.2);
    final int t = m.let();
    m.constant(1);
    m.polynomial(t, ERFC_SCALED);
    m.get(z);
    m.neg();
    exp(m);
    m.mul();
    m.sub();
    m.withSignOf(x);
    m.get(z);
    m.lt(1);
    m.select();
  }

  static void sinh(FloatCode m) {
    sinhAndCosh(m, true, false);
  }

  static void cosh(FloatCode m) {
    sinhAndCosh(m, false, true);
  }

  /** Pushes what is asked for, from h = exp(|x|) / 2: h -+ 1 / (4 h). */
  private static void sinhAndCosh(FloatCode m, boolean sinh, boolean cosh) {
    final int x = m.let();
    m.get(x);
    m.abs();
    scaledExp(m, -1);
    final int h = m.let();
    m.constant(0.25);
    m.get(h);
    m.div();
    final int inverse = m.let();
    if (sinh) {
      m.get(x);
      m.get(x);
      m.mul();
      final int z = m.let();
      m.polynomial(z, SINH_NARROW, SINH_WIDE);
      m.get(z);
      m.mul();
      m.mulAdd(x, x);
      m.get(h);
      m.get(inverse);
      m.sub();
      m.withSignOf(x);
      m.get(z);
      m.lt(1);
      m.select();
    }
    if (cosh) {
      m.get(h);
      m.get(inverse);
      m.add();
    }
  }

  /** sign(x) log1p(a + a^2 / (1 + sqrt(a^2 + 1))) with a = |x|; log(a) + log(2) for large a. */
  static void asinh(FloatCode m) {
    final int x = m.let();
    m.get(x);
    m.abs();
    final int a = m.let();
    m.get(a);
    m.get(a);
    m.mul();
    final int square = m.let();
    m.get(square);
    m.get(square);
    m.add(1);
    m.sqrt();
    m.add(1);
    m.div();
    m.get(a);
    m.add();
    logOfLarge(m, a);
    m.withSignOf(x);
  }

  /** log1p(t + sqrt(2 t + t^2)) with t = x - 1; NaN below 1. */
  static void acosh(FloatCode m) {
    final int x = m.let();
    m.get(x);
    m.add(-1);
    final int t = m.let();
    m.get(t);
    m.get(t);
    m.add(2);
    m.get(t);
    m.mul();
    m.sqrt();
    m.add();
    logOfLarge(m, x);
    m.constant(Double.NaN);
    m.constant(1);
    m.get(x);
    m.le();
    m.select();
  }

  /** Of y on the stack, log1p(y); or log(a) + log(2) when a is so large that a^2 may overflow. */
  private static void logOfLarge(FloatCode m, int a) {
    final int y = m.let();
    m.get(a);
    m.gt(m.isWide() ? 0x1p60 : 0x1p30);
    final int large = m.letMask();
    m.get(a);
    m.get(y);
    m.get(large);
    m.select();
    log1p(m);
    m.constant(LN2);
    m.constant(0);
    m.get(large);
    m.select();
    m.add();
  }

  /** sign(x) log1p(2 a / (1 - a)) / 2 with a = |x|. */
  static void atanh(FloatCode m) {
    final int x = m.let();
    m.get(x);
    m.abs();
    final int a = m.let();
    m.get(a);
    m.get(a);
    m.add();
    m.constant(1);
    m.get(a);
    m.sub();
    m.div();
    log1p(m);
    m.mul(0.5);
    m.withSignOf(x);
  }
}
