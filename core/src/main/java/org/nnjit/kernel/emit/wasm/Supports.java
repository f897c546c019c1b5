package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;

/** Tells what the emitter has no instructions for; such computes run on the host. */
public final class Supports {
  private Supports() {}

  /** False for elementary functions on f64 and powers of integers. */
  public static boolean all(Compute c) {
    for (Stage s : c.stages()) {
      if (!all(s.body())) {
        return false;
      }
    }
    return all(c.body());
  }

  private static boolean all(Expr e) {
    if (e instanceof Expr.Unary u && u.x().type() == DType.F64 && !isPlain(u.op())) {
      return false;
    }
    if (e instanceof Expr.Binary b
        && b.op() == BinaryOp.POW
        && (b.type() == DType.F64 || !b.type().isFloat())) {
      return false;
    }
    for (Expr o : Exprs.operands(e)) {
      if (!all(o)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPlain(UnaryOp op) {
    return switch (op) {
      case ABS, NEG, CEIL, FLOOR, ROUND, TRUNC, SQRT, IS_NAN, IS_INF -> true;
      default -> false;
    };
  }
}
