package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.tensor.DType;

/** Tells what the emitter has no instructions for; such computes run on the host. */
public final class Supports {
  private Supports() {}

  /** False for quotients, powers and shifts of bools and for FLOOR_DIV of floats. */
  public static boolean all(Compute c) {
    for (Stage s : c.stages()) {
      if (!all(s.body())) {
        return false;
      }
    }
    return all(c.body());
  }

  private static boolean all(Expr e) {
    if (e instanceof Expr.Binary b && !isPrinted(b.op(), b.a().type())) {
      return false;
    }
    for (Expr o : Exprs.operands(e)) {
      if (!all(o)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPrinted(BinaryOp op, DType on) {
    return switch (op) {
      case FLOOR_DIV -> on.isInteger();
      case DIV, FLOOR_MOD, POW, REM, SHL, SHR -> on != DType.BOOL;
      default -> true;
    };
  }
}
