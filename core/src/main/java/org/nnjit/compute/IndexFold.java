package org.nnjit.compute;

import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.tensor.DType;

/** Folds i32 arithmetic on constants and neutral elements while an expression is built. */
final class IndexFold {
  private IndexFold() {}

  /** The folded {@code a op b}, or null when nothing folds. */
  static Expr fold(BinaryOp op, Expr a, Expr b) {
    if (a instanceof IntConst x && b instanceof IntConst y) {
      return constants(op, (int) x.value(), (int) y.value());
    }
    if (b instanceof IntConst y) {
      int c = (int) y.value();
      boolean neutral =
          switch (op) {
            case ADD, SUB -> c == 0;
            case MUL, DIV, FLOOR_DIV -> c == 1;
            default -> false;
          };
      if (neutral) {
        return a;
      }
      if (op == BinaryOp.MUL && c == 0) {
        return Expr.i32(0);
      }
      if ((op == BinaryOp.REM || op == BinaryOp.FLOOR_MOD) && c == 1) {
        return Expr.i32(0);
      }
      if (op == BinaryOp.ADD
          && a instanceof Binary inner
          && inner.op() == BinaryOp.ADD
          && inner.b() instanceof IntConst d) {
        return Expr.add(inner.a(), Expr.i32((int) d.value() + c));
      }
      return null;
    }
    if (a instanceof IntConst x) {
      int c = (int) x.value();
      if (op == BinaryOp.ADD || (op == BinaryOp.MUL)) {
        return Expr.binary(op, b, a);
      }
      if (c == 0 && (op == BinaryOp.DIV || op == BinaryOp.FLOOR_DIV)) {
        return a;
      }
    }
    return null;
  }

  private static Expr constants(BinaryOp op, int x, int y) {
    return switch (op) {
      case ADD -> Expr.i32(x + y);
      case SUB -> Expr.i32(x - y);
      case MUL -> Expr.i32(x * y);
      case MIN -> Expr.i32(Math.min(x, y));
      case MAX -> Expr.i32(Math.max(x, y));
      case DIV -> y == 0 ? null : Expr.i32(x / y);
      case REM -> y == 0 ? null : Expr.i32(x % y);
      case FLOOR_DIV -> y == 0 ? null : Expr.i32(Math.floorDiv(x, y));
      case FLOOR_MOD -> y == 0 ? null : Expr.i32(Math.floorMod(x, y));
      case EQ -> new IntConst(DType.BOOL, x == y ? 1 : 0);
      case NE -> new IntConst(DType.BOOL, x != y ? 1 : 0);
      case LT -> new IntConst(DType.BOOL, x < y ? 1 : 0);
      case LE -> new IntConst(DType.BOOL, x <= y ? 1 : 0);
      default -> null;
    };
  }
}
