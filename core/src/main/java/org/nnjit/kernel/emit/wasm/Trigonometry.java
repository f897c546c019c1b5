package org.nnjit.kernel.emit.wasm;

/**
 * Circular functions and their inverses. Each method replaces x on the stack by the function's
 * value and is written once for f32, f32x4 and f64.
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
  private static final double[] SIN_NARROW = {-0.16666654611, 0.0083321608736, -0.00019515295891};
  private static final double[] SIN_WIDE = {
    -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795,
    2.7557313707070068e-6, -2.5050760253406863e-8, 1.58969099521155e-10
  };
  private static final double[] COS_NARROW = {
    0.04166664568298827, -0.001388731625493765, 2.443315711809948e-5
  };
  private static final double[] COS_WIDE = {
    0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5,
    -2.7557314351390663e-7, 2.087572321298175e-9, -1.1359647557788195e-11
  };
  private static final double[] ASIN_TOP_NARROW = {
    0.16666586697, -0.042743422091, -0.008656363003
  };
  private static final double[] ASIN_BOTTOM_NARROW = {1, -0.7066296339};
  private static final double[] ASIN_TOP_WIDE = {
    0.16666666666666666, -0.3255658186224009, 0.20121253213486293,
    -0.04005553450067941, 0.0007915349942898145, 3.479331075960212e-5
  };
  private static final double[] ASIN_BOTTOM_WIDE = {
    1,
    -2.403394911734414,
    2.0209457602335057,
    -0.6882839716054533,
    0.07703815055590194
  };
  private static final double[] ATAN_NARROW = {
    -0.3333316696496958, 0.19994137196025305, -0.1421420912350341, 0.10678940320858608,
    -0.07580578221262566, 0.04355353969380408, -0.016581183516529357, 0.002974590070960377
  };
  private static final double[] ATAN_WIDE = {
    -0.33333333333325904, 0.1999999999887067, -0.14285714225180066, 0.11111109452474202,
    -0.09090881695561034, 0.07692008088086277, -0.0666436260441855, 0.05869366819292519,
    -0.052078895862221245, 0.045802337794521475, -0.038781708763529878, 0.030295697414586147,
    -0.020738293812115904, 0.011761096016092385, -0.005193608690772413, 0.0016505211935763605,
    -0.0003326395188381842, 3.173262376857789e-5
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
    m.mulAdd(wide ? -1.5707963267341256 : -1.5703125, x);
    final int once = m.let();
    m.get(n);
    m.mulAdd(wide ? -6.077100506303966e-11 : -0.0004837512969970703, once);
    final int twice = m.let();
    m.get(n);
    m.mulAdd(wide ? -2.0222662487959506e-21 : -7.549789954891882e-8, twice);
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
