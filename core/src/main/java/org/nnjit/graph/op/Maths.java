package org.nnjit.graph.op;

import static org.nnjit.compute.Expr.select;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;

/** Arithmetic, comparison and logic, element by element. */
final class Maths {
  private Maths() {}

  static Operator unary(String type, UnaryOp op) {
    return new Elementwise(
        type,
        1,
        false,
        (c, x) -> {
          boolean unsigned = c.dtype(0).isUnsigned() && c.dtype(0) != DType.BOOL;
          boolean whole = c.dtype(0).isInteger();
          if (unsigned && op == UnaryOp.ABS
              || whole && (op == UnaryOp.CEIL || op == UnaryOp.FLOOR || op == UnaryOp.ROUND)) {
            return x.get(0);
          }
          boolean ok =
              c.dtype(0).isFloat()
                  || whole && (op == UnaryOp.ABS || op == UnaryOp.NEG)
                  || c.dtype(0) == DType.BOOL && op == UnaryOp.NOT;
          if (!ok || c.dtype(0).isFloat() && op == UnaryOp.NOT) {
            throw c.error("input is " + c.dtype(0) + ", which " + type + " is not defined for");
          }
          return Expr.unary(op, x.get(0));
        });
  }

  static Operator test(String type, UnaryOp op) {
    return new Elementwise(type, 1, true, (c, x) -> Expr.unary(op, x.get(0)));
  }

  static Operator isInf() {
    return new Elementwise(
        "IsInf",
        1,
        true,
        (c, x) -> {
          Expr inf = Expr.unary(UnaryOp.IS_INF, x.get(0));
          Expr zero = Build.number(x.get(0).type(), 0);
          if (c.attributes().getInt("detect_negative", 1) == 0) {
            inf = Expr.and(inf, Expr.lt(zero, x.get(0)));
          }
          if (c.attributes().getInt("detect_positive", 1) == 0) {
            inf = Expr.and(inf, Expr.lt(x.get(0), zero));
          }
          return inf;
        });
  }

  static Operator binary(String type, BinaryOp op) {
    return new Elementwise(
        type, 2, false, (c, x) -> Expr.binary(op, x.get(0), x.get(1)));
  }

  static Operator compare(String type, BinaryOp op, boolean swapped) {
    return new Elementwise(
        type,
        2,
        true,
        (c, x) -> swapped ? Expr.binary(op, x.get(1), x.get(0)) : Expr.binary(op, x.get(0), x.get(1)));
  }

  static Operator variadic(String type, BinaryOp op) {
    return new Elementwise(
        type,
        0,
        false,
        (c, x) -> {
          Expr e = x.get(0);
          for (int i = 1; i < x.size(); i++) {
            e = Expr.binary(op, e, x.get(i));
          }
          return e;
        });
  }

  static Operator mean() {
    return new Elementwise(
        "Mean",
        0,
        false,
        (c, x) -> {
          Expr e = x.get(0);
          for (int i = 1; i < x.size(); i++) {
            e = Expr.add(e, x.get(i));
          }
          return Expr.div(e, Build.number(e.type(), x.size()));
        });
  }

  static Operator pow() {
    return new Elementwise(
        "Pow",
        2,
        false,
        (c, x) -> {
          Expr a = x.get(0);
          if (c.valueOrNull(1) != null && c.valueOrNull(1).elements() == 1) {
            double p = c.valueOrNull(1).getDouble(0);
            if (p == 2) {
              return Expr.mul(a, a);
            }
            if (p == 3) {
              return Expr.mul(a, Expr.mul(a, a));
            }
            if (p == 0.5 && a.type().isFloat()) {
              return Expr.unary(UnaryOp.SQRT, a);
            }
          }
          if (a.type().isFloat()) {
            return Expr.binary(BinaryOp.POW, a, Expr.cast(a.type(), x.get(1)));
          }
          // Integer bases go through f64; a power that is whole but for rounding is that number.
          DType t = DType.F64;
          Expr r = Expr.binary(BinaryOp.POW, Expr.cast(t, a), Expr.cast(t, x.get(1)));
          Expr whole = Expr.unary(UnaryOp.ROUND, r);
          Expr off = Expr.unary(UnaryOp.ABS, Expr.sub(r, whole));
          Expr limit = Expr.mul(Expr.unary(UnaryOp.ABS, r), Build.number(t, 1e-11));
          return Expr.cast(a.type(), select(Expr.lt(off, limit), whole, r));
        });
  }

  static Operator mod() {
    return new Elementwise(
        "Mod",
        2,
        false,
        (c, x) ->
            Expr.binary(
                c.attributes().getInt("fmod", 0) == 1 ? BinaryOp.REM : BinaryOp.FLOOR_MOD,
                x.get(0),
                x.get(1)));
  }

  static Operator bitShift() {
    return new Elementwise(
        "BitShift",
        2,
        false,
        (c, x) -> {
          String direction = c.attributes().getString("direction", "");
          if (!direction.equals("LEFT") && !direction.equals("RIGHT")) {
            throw c.error("direction is '" + direction + "', wanted LEFT or RIGHT");
          }
          return Expr.binary(
              direction.equals("LEFT") ? BinaryOp.SHL : BinaryOp.SHR, x.get(0), x.get(1));
        });
  }

  static Operator reciprocal() {
    return new Elementwise(
        "Reciprocal", 1, false, (c, x) -> Expr.div(Build.number(x.get(0).type(), 1), x.get(0)));
  }

  static Operator sign() {
    return new Elementwise(
        "Sign",
        1,
        false,
        (OpContext c, java.util.List<Expr> x) -> {
          DType t = x.get(0).type();
          Expr zero = Build.number(t, 0);
          Expr positive = select(Expr.lt(zero, x.get(0)), Build.number(t, 1), zero);
          if (t.isUnsigned()) {
            return positive;
          }
          return select(
              Expr.lt(x.get(0), zero), Build.number(t, -1), positive);
        });
  }
}
