package org.nnjit.kernel.family;

import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;

/** Tells whether an expression may run four lanes at a time along an axis. */
final class Vectors {
  private Vectors() {}

  /**
   * True when every part that varies along {@code axis} has a vector form, no read's index holds a
   * stage's value, and no guarded read that could leave its buffer depends on a condition that
   * varies along it.
   */
  static boolean allows(Expr e, Axis axis, LoopBuilder addresses) {
    if (!Exprs.uses(e, axis) && !Exprs.hasStage(e)) {
      return true;
    }
    switch (e) {
      case Read r -> {
        return !Exprs.hasStage(r) && loadable(r.type(), addresses.address(r), axis);
      }
      case ReadFlat r -> {
        return !Exprs.hasStage(r) && loadable(r.type(), addresses.address(r), axis);
      }
      case Select s -> {
        if (Exprs.uses(s.condition(), axis)
            && !(staysInside(s.whenTrue(), addresses) && staysInside(s.whenFalse(), addresses))) {
          return false;
        }
        if (!hasLanes(s.type())) {
          return false;
        }
      }
      case Unary u -> {
        if (!hasLanes(u.x().type()) || u.op() == UnaryOp.BIT_NOT && u.x().type() != DType.I32) {
          return false;
        }
      }
      case Binary b -> {
        DType t = b.a().type();
        boolean division =
            b.op() == BinaryOp.DIV
                || b.op() == BinaryOp.REM
                || b.op() == BinaryOp.FLOOR_DIV
                || b.op() == BinaryOp.FLOOR_MOD
                || isShift(b.op()) && !(b.b() instanceof Expr.IntConst);
        if (!hasLanes(t) || b.op() == BinaryOp.POW || (!t.isFloat() && division)) {
          return false;
        }
      }
      case Cast c -> {
        boolean plain =
            (isF32(c.x().type()) || c.x().type() == DType.I32 || c.x().type() == DType.BOOL)
                && (isF32(c.type())
                    || c.type() == DType.I32
                    || c.type() == DType.BOOL
                    || isNarrow(c.type()));
        boolean widened =
            isNarrow(c.x().type())
                && (isF32(c.type()) || c.type() == DType.I32)
                && Exprs.isRead(c.x());
        if (!plain && !widened) {
          return false;
        }
        if (widened) {
          return allows(c.x(), axis, addresses);
        }
      }
      default -> {
        // Constants, axes and stage values have vector forms.
      }
    }
    for (Expr o : Exprs.operands(e)) {
      if (!allows(o, axis, addresses)) {
        return false;
      }
    }
    return true;
  }

  /** How many reads step through memory element by element along the axis, less those that jump. */
  static int contiguity(Expr e, Axis axis, LoopBuilder addresses) {
    int score = 0;
    for (Expr r : Exprs.reads(e)) {
      Affine a = addresses.address(r);
      int c = a.coefficient(axis);
      score += c == 1 && !a.hidesAxis(axis) ? 1 : c == 0 && !a.hidesAxis(axis) ? 0 : -1;
    }
    return score;
  }

  private static boolean isF32(DType t) {
    return t == DType.F32 || t == DType.F16 || t == DType.BF16;
  }

  private static boolean isShift(BinaryOp op) {
    return op == BinaryOp.SHL || op == BinaryOp.SHR;
  }

  private static boolean isNarrow(DType t) {
    return t == DType.U8 || t == DType.I8 || t == DType.U16 || t == DType.I16;
  }

  private static boolean hasLanes(DType t) {
    return t == DType.F32 || t == DType.I32 || t == DType.U32 || t == DType.BOOL;
  }

  private static boolean loadable(DType t, Affine a, Axis axis) {
    if (isNarrow(t) || t == DType.F16 || t == DType.BF16) {
      return a.coefficient(axis) == 1 && !a.hidesAxis(axis);
    }
    return hasLanes(t);
  }

  /** True when every read stays inside its argument at all points of the axes. */
  private static boolean staysInside(Expr e, LoopBuilder addresses) {
    for (Expr read : Exprs.reads(e)) {
      if (!(read instanceof Read r)) {
        return false;
      }
      for (int d = 0; d < r.index().size(); d++) {
        Affine a = Affine.of(r.index().get(d));
        if (!a.isPure() || a.least() < 0 || a.most() >= addresses.extent(r.arg(), d)) {
          return false;
        }
      }
    }
    return true;
  }
}
