package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A product with a weight of 16-bit floats, as the product with one of f32 that a kernel makes of it
 * in registers. The bits of an f16, shifted to where those of an f32 are, mean it times {@code 2^-112};
 * half of the missing power is multiplied to the other operand and half to the sum, so that neither
 * leaves its range (as long as the other operand is below {@code 2^71}). Exponent 31 is taken for a number: {@link org.nnjit.fuse.ScaleHalves} sees to it
 * that there is none.
 *
 * @param compute reads f32 in the weight's place; its body has what undoes the factor
 * @param argument of the weight
 * @param type f16 or bf16
 * @param factor that a packed copy is multiplied by, of other arguments; null for 1
 */
record HalfProduct(Compute compute, int argument, DType type, Expr factor) {
  /** Square root of what the bits of an f16 are too small by. */
  private static final double ROOT = 0x1p56;

  /** Sign, exponent and fraction of an f16 that has been shifted to an f32's place. */
  private static final int F16_BITS = 0x8fffe000;

  private static final int HIGH_BITS = 0xffff0000;

  /** The product that a compute is, or null. */
  static HalfProduct of(Compute c) {
    boolean product =
        c.stages().size() == 1
            && c.stages().get(0).combiner() == Combiner.SUM
            && c.stages().get(0).body() instanceof Binary p
            && p.op() == BinaryOp.MUL;
    if (!product) {
      return null;
    }
    Stage stage = c.stages().get(0);
    Binary p = (Binary) stage.body();
    Weight a = Weight.of(p.a());
    Weight w = a == null ? Weight.of(p.b()) : a;
    if (w == null) {
      return null;
    }
    int argument = Exprs.argOf(w.half);
    List<TensorType> inputs = new ArrayList<>(c.inputs());
    TensorType half = inputs.get(argument);
    inputs.set(argument, new TensorType(DType.F32, half.shape(), half.layout()));
    Expr wide =
        w.half instanceof Read r
            ? new Read(r.arg(), DType.F32, r.index())
            : new ReadFlat(argument, DType.F32, ((ReadFlat) w.half).index());
    Expr body = a == null ? Expr.mul(p.a(), wide) : Expr.mul(wide, p.b());
    Expr sum =
        Exprs.rewrite(
            c.body(),
            e -> {
              if (!(e instanceof Expr.StageValue)) {
                return null;
              }
              Expr whole = w.half.type() == DType.F16 ? Expr.mul(e, f32(ROOT)) : e;
              return w.inverse == null ? whole : Expr.mul(whole, w.inverse);
            });
    Compute floats =
        new Compute(
            c.name(), inputs, c.output(), c.spatial(), List.of(stage.with(body)), sum, c.store());
    return new HalfProduct(floats, argument, w.half.type(), w.factor);
  }

  private static Expr f32(double value) {
    return Expr.constant(DType.F32, value);
  }

  /** A read of 16-bit floats, and a factor and its inverse that it is multiplied by: bf16 have none. */
  private record Weight(Expr half, Expr factor, Expr inverse) {
    static Weight of(Expr e) {
      Expr factor = null;
      Expr inverse = null;
      Expr wide = e;
      if (e instanceof Binary m && m.op() == BinaryOp.MUL && isOne(m.b())
          && m.a() instanceof Binary x && x.op() == BinaryOp.MUL && isOne(x.b())) {
        inverse = m.b();
        factor = x.b();
        wide = x.a();
      }
      if (!(wide instanceof Cast c) || c.type() != DType.F32 || !Exprs.isRead(c.x())) {
        return null;
      }
      DType type = c.x().type();
      boolean known = type == DType.F16 ? factor != null : type == DType.BF16 && factor == null;
      return known ? new Weight(c.x(), factor, inverse) : null;
    }

    /** Whether an expression is the same for all elements. */
    private static boolean isOne(Expr e) {
      return !Exprs.any(e, o -> o instanceof Expr.Var || o instanceof Expr.StageValue);
    }
  }

  /** What the bits are to be taken out with, the same for all words. */
  static Value mask(DType type) {
    return new Value.IntConst(LType.I32X4, type == DType.F16 ? F16_BITS : HIGH_BITS);
  }

  /** What the other operand is multiplied by, or null for 1. */
  static Value root(DType type) {
    return type == DType.F16 ? new Value.FloatConst(LType.F32X4, ROOT) : null;
  }

  /**
   * A word of a packed column: the lower half is the weight of an even k, the upper half that of the
   * next, or zero.
   *
   * @param c reads f32 in the weight's place
   * @param fb address of the weight
   * @param at places of all axes but k
   * @param word its number in the column
   */
  static Expr word(Contraction c, Affine fb, Map<Axis, Expr> at, Expr word) {
    Expr first = Expr.mul(word, Expr.i32(2));
    Expr even = address(c, fb, at, first);
    Expr both;
    if (readsWords(c, fb)) {
      both = new ReadFlat(0, DType.I32, Expr.binary(BinaryOp.DIV, even, Expr.i32(2)));
    } else {
      Expr second = Expr.add(first, Expr.i32(1));
      Expr high = code(address(c, fb, at, second));
      if (c.depth() % 2 != 0) {
        high = Expr.select(Expr.lt(second, Expr.i32(c.depth())), high, Expr.i32(0));
      }
      both = Expr.binary(BinaryOp.OR, code(even), Expr.mul(high, Expr.i32(1 << 16)));
    }
    if (c.half().factor() == null) {
      return both;
    }
    Expr factor = Codes.renumbered(c.half().factor(), 1);
    Expr low = Expr.and(shifted(scaled(shifted(both, -16), factor), 16), Expr.i32(0xffff));
    return Expr.binary(BinaryOp.OR, scaled(both, factor), low);
  }

  /** The f16 in the upper half of a word times the factor, there again; the lower half is 0. */
  private static Expr scaled(Expr word, Expr factor) {
    Expr bits = Expr.and(shifted(word, 3), Expr.i32(F16_BITS));
    Expr number = Expr.mul(Expr.unary(UnaryOp.FROM_BITS, bits), factor);
    Expr product = Expr.unary(UnaryOp.BITS_OF, number);
    Expr sign = Expr.and(product, Expr.i32(1 << 31));
    Expr both = Expr.binary(BinaryOp.OR, shifted(product, -3), sign);
    return Expr.and(both, Expr.i32(HIGH_BITS));
  }

  /** So many bits down, or up where negative. */
  private static Expr shifted(Expr x, int by) {
    return by < 0
        ? Expr.binary(BinaryOp.SHL, x, Expr.i32(-by))
        : Expr.binary(BinaryOp.SHR, x, Expr.i32(by));
  }

  private static Expr code(Expr address) {
    return Expr.cast(DType.I32, new ReadFlat(0, DType.U16, address));
  }

  private static Expr address(Contraction c, Affine fb, Map<Axis, Expr> at, Expr k) {
    Map<Axis, Expr> all = new HashMap<>(at);
    all.put(c.k().get(0), k);
    return Exprs.substitute(fb.toExpr(), all);
  }

  /** Whether two neighbours along k are a word wherever they begin. */
  static boolean readsWords(Contraction c, Affine fb) {
    boolean even = c.depth() % 2 == 0 && fb.constant() % 2 == 0 && fb.coefficient(c.n()) % 2 == 0;
    for (Axis axis : c.batch()) {
      even &= fb.coefficient(axis) % 2 == 0;
    }
    return even && fb.coefficient(c.k().get(0)) == 1;
  }

  /**
   * Four floats of four words, {@code 2^-112} of what they are where they are f16.
   *
   * @param high whether those in the upper halves
   * @param mask as of {@link #mask}
   */
  static Value floats(DType type, Value words, boolean high, Value mask) {
    Value bits = high ? words : shift(BinaryOp.SHL, words, 16);
    if (type == DType.F16) {
      bits = shift(BinaryOp.SHR, bits, 3);
    }
    boolean clean = type == DType.BF16 && !high;
    return new Value.Bits(
        clean ? bits : new Value.Binary(BinaryOp.AND, DType.I32, bits, mask));
  }

  private static Value shift(BinaryOp op, Value x, int by) {
    return new Value.Binary(op, DType.I32, x, new Value.IntConst(LType.I32X4, by));
  }
}
