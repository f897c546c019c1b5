package org.nnjit.kernel.family;

import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Nibbles;
import org.nnjit.tensor.DType;

/**
 * An operand that is stored as small integers: {@code (code - zero) * scale}.
 *
 * @param code u8, i8, i16, or an i32 of 0 to 15; reads one argument
 * @param bits of a code, 4, 8 or 16
 * @param zero i32 or f32, null for 0; the same for all codes of a block
 * @param scale f32; the same for all codes of a block
 * @param block codes along k that surely have one scale and zero, 0 when all have
 */
record Codes(Expr code, int bits, Expr zero, Expr scale, int block) {

  /** The operand that an expression is, or null. */
  static Codes of(Expr e, Axis k) {
    if (!(e instanceof Binary p) || p.op() != BinaryOp.MUL || p.type() != DType.F32) {
      return null;
    }
    Expr whole = p.a();
    Expr zero = null;
    for (int form = 0; form < 2; form++) {
      // The zero point is taken off integers before their conversion, or off floats after it.
      if (whole instanceof Binary s && s.op() == BinaryOp.SUB && zero == null) {
        zero = s.b();
        whole = s.a();
      }
      if (form == 0 && whole instanceof Cast c && !Exprs.isRead(c.x())) {
        whole = c.x();
      }
    }
    Expr inside = whole;
    while (inside instanceof Cast c) {
      inside = c.x();
    }
    boolean nibble =
        inside instanceof Binary b && b.op() == BinaryOp.AND && b.b().equals(Expr.i32(15));
    if (nibble || whole instanceof Cast c && Exprs.isRead(c.x())) {
      whole = inside;
    }
    DType type = whole.type();
    boolean stored =
        Exprs.isRead(whole) && (type == DType.U8 || type == DType.I8 || type == DType.I16);
    if (!nibble && !stored || Exprs.reads(whole).size() != 1 || Exprs.reads(p.b()).size() != 1
        || zero != null && Exprs.reads(zero).size() > 1) {
      return null;
    }
    int block = block(p.b(), k);
    if (zero != null) {
      block = joined(block, block(zero, k));
    }
    return block < 0 ? null : new Codes(whole, nibble ? 4 : 8 * type.bytes(), zero, p.b(), block);
  }

  /** A length that divides both blocks; 0 stands for any, a negative one for none. */
  private static int joined(int a, int b) {
    if (a <= 0 || b <= 0) {
      return Math.min(a, b) < 0 ? -1 : Math.max(a, b);
    }
    return Math.max(a, b) % Math.min(a, b) == 0 ? Math.min(a, b) : -1;
  }

  /** The smallest divisor of k in an expression, 0 without k, negative when k occurs otherwise. */
  private static int block(Expr e, Axis k) {
    if (e instanceof Binary b
        && b.op() == BinaryOp.DIV
        && b.a().equals(Expr.var(k))
        && b.b() instanceof IntConst c) {
      return (int) c.value();
    }
    if (e.equals(Expr.var(k))) {
      return -1;
    }
    int block = 0;
    for (Expr o : Exprs.operands(e)) {
      block = joined(block, block(o, k));
    }
    return block;
  }

  int argument() {
    return Exprs.argOf(Exprs.reads(code).get(0));
  }

  int scaleArgument() {
    return Exprs.argOf(Exprs.reads(scale).get(0));
  }

  /** Argument of the zero points, or -1 where they are a constant. */
  int zeroArgument() {
    return zero == null || Exprs.reads(zero).isEmpty()
        ? -1
        : Exprs.argOf(Exprs.reads(zero).get(0));
  }

  /** What is added to a code to make it count from 0. */
  int shift() {
    return code.type() == DType.I8 ? 128 : 0;
  }

  /** The zero point of codes that count from 0, where it is a constant. */
  int constantZero() {
    return (zero instanceof IntConst c ? (int) c.value() : 0) + shift();
  }

  /** A code that counts from 0, as i32, at other places. */
  Expr from0(Map<Axis, Expr> at) {
    Expr e = Expr.cast(DType.I32, renumbered(code, at));
    return shift() == 0 ? e : Expr.add(e, Expr.i32(shift()));
  }

  /** The expression at other places, its only argument being number 0. */
  static Expr renumbered(Expr e, Map<Axis, Expr> at) {
    return renumbered(Exprs.substitute(e, at), 0);
  }

  /** The same with another number of the argument. */
  static Expr renumbered(Expr e, int argument) {
    return Exprs.rewrite(
        e,
        x ->
            switch (x) {
              case Read r -> new Read(argument, r.type(), r.index());
              case ReadFlat r -> new ReadFlat(argument, r.type(), r.index());
              default -> null;
            });
  }

  /** Bytes from a row of codes to the next, when rows of n hold k in order; else 0. */
  int rowBytes(Axis n, Axis k, int steps) {
    Expr read = Exprs.reads(code).get(0);
    if (!(read instanceof ReadFlat r)) {
      return 0;
    }
    int bytes = Affine.of(r.index()).coefficient(n);
    Expr row = Expr.mul(Expr.var(n), Expr.i32(bytes));
    Expr same =
        bits == 4
            ? Nibbles.read(r.arg(), row, Expr.var(k))
            : new ReadFlat(r.arg(), r.type(), Expr.add(row, Expr.var(k)));
    return bytes % 4 == 0 && bytes * 8 / bits >= steps && same.equals(code) ? bytes : 0;
  }
}
