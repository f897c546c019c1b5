package org.nnjit.kernel.emit.wasm;

/**
 * Circular functions and their inverses. Each method replaces x on the stack by the function's value
 * and is written once for f32, f32x4 and f64.
 *
 * <p>Largest errors seen in tests: sin, cos absolute 1e-7 (f32, |x| up to 10 000) and 2e-16 (f64,
 * |x| up to 10^5), tan 4 ulp away from its poles; beyond, values lose digits but stay in their
 * range. asin, acos, atan 3 ulp in f32, 1e-15 relative in f64. Arguments outside the domain give
 * NaN.
 *
 * <p>Sources: reduction by Cody and Waite; coefficients of sin, cos in f32 from Cephes (Moshier),
 * of sin, cos in f64 and asin from FreeBSD's msun (k_sin.c, k_cos.c, e_asin.c, e_asinf.c); atan is
 * a minimax fit made for this project.
 */
final class Trigonometry {
  private static final double[] SIN_NARROW = {-1.6666654611E-1, 8.3321608736E-3, -1.9515295891E-4};
  private static final double[] SIN_WIDE = {
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
    2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
  };
  private static final double[] COS_NARROW = {
    4.166664568298827E-002, -1.388731625493765E-003, 2.443315711809948E-005
  };
  private static final double[] COS_WIDE = {
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
    -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11
  };
  private static final double[] ASIN_TOP_NARROW = {
    1.6666586697e-01, -4.2743422091e-02, -8.6563630030e-03
  };
  private static final double[] ASIN_BOTTOM_NARROW = {1, -7.0662963390e-01};
  private static final double[] ASIN_TOP_WIDE = {
    1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
    -4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05
  };
  private static final double[] ASIN_BOTTOM_WIDE = {
    1, -2.40339491173441421878e+00, 2.02094576023350569471e+00, -6.88283971605453293030e-01,
    7.70381505559019352791e-02
  };
  private static final double[] ATAN_NARROW = {
    -0.333331669649695786, 0.199941371960253061, -0.142142091235034114, 0.106789403208586087,
    -0.0758057822126256614, 0.0435535396938040786, -0.0165811835165293582, 0.00297459007096037675
  };
  private static final double[] ATAN_WIDE = {
    -0.333333333333259039, 0.199999999988706699, -0.142857142251800649, 0.111111094524742026,
    -0.0909088169556103451, 0.0769200808808627692, -0.0666436260441854971, 0.0586936681929251851,
    -0.052078895862221245, 0.0458023377945214716, -0.038781708763529878, 0.0302956974145861457,
    -0.0207382938121159043, 0.0117610960160923856, -0.00519360869077241326, 0.00165052119357636062,
    -0.000332639518838184213, 0.0000317326237685778903
  };

  private final FloatCode m;

  /** Locals: sine and cosine of the reduced argument, and the quadrant as bits. */
  private int sin;

  private int cos;
  private int quadrant;

  Trigonometry(FloatCode m) {
    this.m = m;
  }

  /** x = quadrant pi / 2 + r; then sin r and cos r. */
  private void reduce() {
    boolean wide = m.isWide();
    final int x = m.let();
    m.get(x);
    m.mulAdd(2 / Math.PI, wide ? 0x1.8p52 : 0x1.8p23);
    final int rounded = m.let();
    m.get(rounded);
    m.toBits();
    quadrant = m.letBits();
    m.get(rounded);
    m.add(wide ? -0x1.8p52 : -0x1.8p23);
    final int n = m.let();
    // pi / 2 in three parts, the first ones so short that n times them is exact.
    m.get(n);
    m.mulAdd(wide ? -1.57079632673412561417e+00 : -1.5703125, x);
    final int once = m.let();
    m.get(n);
    m.mulAdd(wide ? -6.07710050630396597660e-11 : -4.837512969970703125e-4, once);
    final int twice = m.let();
    m.get(n);
    m.mulAdd(wide ? -2.02226624879595063154e-21 : -7.54978995489188216e-8, twice);
    // Huge x leaves no digits; hold the result in range all the same.
    m.atMost(1);
    m.atLeast(-1);
    final int r = m.let();
    m.get(r);
    m.get(r);
    m.mul();
    final int z = m.let();
    m.polynomial(z, SIN_NARROW, SIN_WIDE);
    m.get(z);
    m.mul();
    m.mulAdd(r, r);
    sin = m.let();
    m.polynomial(z, COS_NARROW, COS_WIDE);
    m.get(z);
    m.mul();
    m.add(-0.5);
    m.mulAdd(z, 1.0);
    cos = m.let();
  }

  /** Pushes the mask of odd quadrants. */
  private void isOdd() {
    m.get(quadrant);
    m.bits(1);
    m.bitsAnd();
    m.bitsSet();
  }

  /** Flips the top's sign when quadrant + shift is 2 or 3 (mod 4). */
  private void signByQuadrant(int shift) {
    m.toBits();
    m.get(quadrant);
    if (shift != 0) {
      m.bits(shift);
      m.bitsAdd();
    }
    m.shl(30, 62);
    m.bits(Integer.MIN_VALUE, Long.MIN_VALUE);
    m.bitsAnd();
    m.bitsXor();
    m.fromBits();
  }

  void sin() {
    reduce();
    m.get(cos);
    m.get(sin);
    isOdd();
    m.select();
    signByQuadrant(0);
  }

  void cos() {
    reduce();
    m.get(sin);
    m.get(cos);
    isOdd();
    m.select();
    signByQuadrant(1);
  }

  /** sin / cos, or -cos / sin in odd quadrants. */
  void tan() {
    reduce();
    isOdd();
    final int odd = m.letMask();
    m.get(cos);
    m.neg();
    m.get(sin);
    m.get(odd);
    m.select();
    m.get(sin);
    m.get(cos);
    m.get(odd);
    m.select();
    m.div();
  }

  /** Locals of asin and acos: x, 1 where |x| > 1/2, and asin of |x| or of sqrt((1 - |x|) / 2). */
  private record Arc(int x, int outer, int value) {}

  private Arc arc() {
    final int x = m.let();
    m.get(x);
    m.abs();
    final int a = m.let();
    m.get(a);
    m.gt(0.5);
    final int outer = m.letMask();
    m.constant(1);
    m.get(a);
    m.sub();
    m.mul(0.5);
    final int outerSquare = m.let();
    m.get(outerSquare);
    m.get(a);
    m.get(a);
    m.mul();
    m.get(outer);
    m.select();
    final int z = m.let();
    m.get(outerSquare);
    m.sqrt();
    m.get(a);
    m.get(outer);
    m.select();
    final int s = m.let();
    m.polynomial(z, ASIN_TOP_NARROW, ASIN_TOP_WIDE);
    m.get(z);
    m.mul();
    m.polynomial(z, ASIN_BOTTOM_NARROW, ASIN_BOTTOM_WIDE);
    m.div();
    m.mulAdd(s, s);
    return new Arc(x, outer, m.let());
  }

  /** asin s, or pi / 2 - 2 asin s for the outer part, with the sign of x. */
  void asin() {
    Arc arc = arc();
    m.constant(Math.PI / 2);
    m.get(arc.value);
    m.get(arc.value);
    m.add();
    m.sub();
    m.get(arc.value);
    m.get(arc.outer);
    m.select();
    m.withSignOf(arc.x);
  }

  /** pi / 2 - asin x inside; outside 2 asin s or pi minus that. */
  void acos() {
    Arc arc = arc();
    m.get(arc.value);
    m.get(arc.value);
    m.add();
    final int twice = m.let();
    m.constant(Math.PI);
    m.get(twice);
    m.sub();
    m.get(twice);
    m.get(arc.x);
    m.lt(0);
    m.select();
    m.constant(Math.PI / 2);
    m.get(arc.value);
    m.withSignOf(arc.x);
    m.sub();
    m.get(arc.outer);
    m.select();
  }

  /** A polynomial in t = min(|x|, 1 / |x|), then pi / 2 minus that for |x| > 1. */
  void atan() {
    final int x = m.let();
    m.get(x);
    m.abs();
    final int a = m.let();
    m.get(a);
    m.gt(1);
    final int outer = m.letMask();
    m.constant(1);
    m.get(a);
    m.div();
    m.get(a);
    m.get(outer);
    m.select();
    final int t = m.let();
    m.get(t);
    m.get(t);
    m.mul();
    final int z = m.let();
    m.polynomial(z, ATAN_NARROW, ATAN_WIDE);
    m.get(z);
    m.mul();
    m.mulAdd(t, t);
    final int p = m.let();
    m.constant(Math.PI / 2);
    m.get(p);
    m.sub();
    m.get(p);
    m.get(outer);
    m.select();
    m.withSignOf(x);
  }
}
