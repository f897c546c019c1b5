package org.nnjit.compute;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Var;
import org.nnjit.tensor.DType;

/**
 * An i32 expression as {@code constant + sum(coefficient * term)}. A term is an axis, or an opaque
 * expression (an index read from a tensor, a quotient) that is taken as it is.
 */
public final class Affine {
  private final List<Expr> terms = new ArrayList<>();
  private final List<Integer> coefficients = new ArrayList<>();
  private int constant;

  private Affine() {}

  /** The affine form of an i32 expression; always exists, since anything can be opaque. */
  public static Affine of(Expr e) {
    if (e.type() != DType.I32) {
      throw new IllegalStateException("index of type " + e.type());
    }
    Affine a = new Affine();
    a.accumulate(e, 1);
    a.joinQuotients();
    return a;
  }

  /** The sum of {@code factor * e} over index expressions and their strides, plus an offset. */
  public static Affine sum(int offset, List<Expr> index, int[] strides) {
    Affine a = new Affine();
    a.constant = offset;
    for (int i = 0; i < strides.length; i++) {
      a.accumulate(index.get(i), strides[i]);
    }
    a.joinQuotients();
    return a;
  }

  /** This form with {@code merged} in place of two axes that it steps through as one. */
  public Affine merged(Axis outer, Axis inner, Axis merged) {
    int step = coefficient(inner);
    Affine a = new Affine();
    a.constant = constant;
    for (int i = 0; i < terms.size(); i++) {
      boolean gone = terms.get(i) instanceof Var v && (v.axis() == outer || v.axis() == inner);
      if (!gone) {
        a.addTerm(terms.get(i), coefficients.get(i));
      }
    }
    if (step != 0) {
      a.addTerm(Expr.var(merged), step);
    }
    return a;
  }

  /** {@code (x / n) * (c * n) + (x % n) * c} is {@code x * c}. */
  private void joinQuotients() {
    for (int i = 0; i < terms.size(); i++) {
      if (terms.get(i) instanceof Binary q
          && q.op() == BinaryOp.DIV
          && q.b() instanceof IntConst n) {
        int j = terms.indexOf(new Binary(BinaryOp.REM, q.a(), q.b()));
        if (j >= 0 && coefficients.get(i) == coefficients.get(j) * (int) n.value()) {
          int c = coefficients.get(j);
          terms.remove(Math.max(i, j));
          coefficients.remove(Math.max(i, j));
          terms.remove(Math.min(i, j));
          coefficients.remove(Math.min(i, j));
          accumulate(q.a(), c);
          i = -1;
        }
      }
    }
  }

  private void accumulate(Expr e, int factor) {
    if (factor == 0) {
      return;
    }
    switch (e) {
      case IntConst c -> constant += factor * (int) c.value();
      case Binary b when b.op() == BinaryOp.ADD -> {
        accumulate(b.a(), factor);
        accumulate(b.b(), factor);
      }
      case Binary b when b.op() == BinaryOp.SUB -> {
        accumulate(b.a(), factor);
        accumulate(b.b(), -factor);
      }
      case Binary b when b.op() == BinaryOp.MUL && b.b() instanceof IntConst c ->
          accumulate(b.a(), factor * (int) c.value());
      case Binary b when b.op() == BinaryOp.MUL && b.a() instanceof IntConst c ->
          accumulate(b.b(), factor * (int) c.value());
      default -> addTerm(e, factor);
    }
  }

  private void addTerm(Expr e, int factor) {
    for (int i = 0; i < terms.size(); i++) {
      if (terms.get(i).equals(e)) {
        int c = coefficients.get(i) + factor;
        if (c == 0) {
          terms.remove(i);
          coefficients.remove(i);
        } else {
          coefficients.set(i, c);
        }
        return;
      }
    }
    terms.add(e);
    coefficients.add(factor);
  }

  public int constant() {
    return constant;
  }

  public int terms() {
    return terms.size();
  }

  public Expr term(int i) {
    return terms.get(i);
  }

  public int coefficient(int i) {
    return coefficients.get(i);
  }

  /** Coefficient of an axis, 0 when it does not occur as a term of its own. */
  public int coefficient(Axis axis) {
    for (int i = 0; i < terms.size(); i++) {
      if (terms.get(i) instanceof Var v && v.axis() == axis) {
        return coefficients.get(i);
      }
    }
    return 0;
  }

  /** True when every term is an axis. */
  public boolean isPure() {
    for (Expr t : terms) {
      if (!(t instanceof Var)) {
        return false;
      }
    }
    return true;
  }

  /** The smallest value over all points of the axes; of a pure form. */
  public long least() {
    return end(-1);
  }

  /** The largest value over all points of the axes; of a pure form. */
  public long most() {
    return end(1);
  }

  private long end(int sign) {
    long end = constant;
    for (int i = 0; i < terms.size(); i++) {
      long reach = (long) coefficients.get(i) * (((Var) terms.get(i)).axis().extent() - 1);
      end += reach * sign > 0 ? reach : 0;
    }
    return end;
  }

  /** True when some opaque term uses the axis. */
  public boolean hidesAxis(Axis axis) {
    for (Expr t : terms) {
      if (!(t instanceof Var) && Exprs.uses(t, axis)) {
        return true;
      }
    }
    return false;
  }

  /** Back to an expression. */
  public Expr toExpr() {
    Expr sum = null;
    for (int i = 0; i < terms.size(); i++) {
      Expr t = Expr.mul(terms.get(i), Expr.i32(coefficients.get(i)));
      sum = sum == null ? t : Expr.add(sum, t);
    }
    return sum == null ? Expr.i32(constant) : Expr.add(sum, Expr.i32(constant));
  }

  /**
   * Logical indices, one for each dimension, of a row-major position. Quotients and remainders
   * vanish where the terms' ranges show that they do.
   */
  public static List<Expr> delinearise(Expr flat, int[] dims) {
    Expr[] index = new Expr[dims.length];
    Expr rest = flat;
    for (int d = dims.length - 1; d > 0; d--) {
      Expr[] split = split(rest, dims[d]);
      rest = split[0];
      index[d] = split[1];
    }
    if (dims.length > 0) {
      index[0] = rest;
    }
    return List.of(index);
  }

  /** Quotient and remainder of a non-negative expression by a positive constant. */
  public static Expr[] split(Expr e, int by) {
    if (by == 1) {
      return new Expr[] {e, Expr.i32(0)};
    }
    Affine a = of(e);
    Affine high = new Affine();
    Affine low = new Affine();
    int top = Math.floorMod(a.constant, by);
    low.constant = top;
    high.constant = Math.floorDiv(a.constant, by);
    boolean bounded = true;
    for (int i = 0; i < a.terms.size(); i++) {
      int c = a.coefficients.get(i);
      if (c % by == 0) {
        high.addTerm(a.terms.get(i), c / by);
        continue;
      }
      low.addTerm(a.terms.get(i), c);
      int max = upperBound(a.terms.get(i));
      bounded &= c > 0 && max >= 0 && (long) max * c < by;
      top += bounded ? max * c : 0;
    }
    if (bounded && top < by) {
      return new Expr[] {high.toExpr(), low.toExpr()};
    }
    return new Expr[] {
      Expr.binary(BinaryOp.DIV, e, Expr.i32(by)), Expr.binary(BinaryOp.REM, e, Expr.i32(by))
    };
  }

  /** Largest value of a term that is never negative, or -1 when unknown. */
  private static int upperBound(Expr term) {
    if (term instanceof Var v) {
      return v.axis().extent() - 1;
    }
    if (term instanceof Binary b
        && b.op() == BinaryOp.REM
        && b.b() instanceof IntConst c
        && c.value() > 0) {
      return (int) c.value() - 1;
    }
    if (term instanceof Binary b
        && b.op() == BinaryOp.DIV
        && b.b() instanceof IntConst c
        && c.value() > 0) {
      Affine inner = of(b.a());
      long max = inner.constant;
      for (int i = 0; i < inner.terms.size(); i++) {
        int u = upperBound(inner.terms.get(i));
        if (u < 0 || inner.coefficients.get(i) < 0) {
          return -1;
        }
        max += (long) u * inner.coefficients.get(i);
      }
      return max > Integer.MAX_VALUE ? -1 : (int) (max / c.value());
    }
    return -1;
  }
}
