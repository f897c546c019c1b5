package org.nnjit.compute;

import java.util.List;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;

/**
 * The value of one element, as a tree. Index expressions are i32; every node knows its type, and
 * operands of a node have one type: converting is an explicit {@link Cast}.
 *
 * <p>Build trees with the static methods, which check the operand types and fold constants.
 */
public sealed interface Expr {

  /** Element type of the value. */
  DType type();

  /** An integer or bool constant. */
  record IntConst(DType type, long value) implements Expr {}

  /** A float constant. */
  record FloatConst(DType type, double value) implements Expr {
    @Override
    public String toString() {
      return Numbers.text(value);
    }
  }

  /** The current index along an axis, i32. */
  record Var(Axis axis) implements Expr {
    @Override
    public DType type() {
      return DType.I32;
    }
  }

  /**
   * An element of an argument at a logical index, one i32 expression for each dimension. Indices
   * must lie in the argument's shape whenever the node is evaluated; guard with {@link Select},
   * whose untaken branch is not evaluated.
   */
  record Read(int arg, DType type, List<Expr> index) implements Expr {
    public Read {
      index = List.copyOf(index);
    }
  }

  /** An element of an argument by its position in row-major order of the logical shape. */
  record ReadFlat(int arg, DType type, Expr index) implements Expr {}

  /**
   * The value of a {@link Stage} of the compute at the current outer indices; of a stage with
   * points, the one at this index, an i32 expression for each of its axes.
   */
  record StageValue(int stage, DType type, List<Expr> index) implements Expr {
    public StageValue {
      index = List.copyOf(index);
    }

    /** The value of a stage without points. */
    public StageValue(int stage, DType type) {
      this(stage, type, List.of());
    }
  }

  record Unary(UnaryOp op, Expr x) implements Expr {
    @Override
    public DType type() {
      return switch (op) {
        case IS_INF, IS_NAN -> DType.BOOL;
        case BITS_OF -> DType.I32;
        case FROM_BITS -> DType.F32;
        default -> x.type();
      };
    }
  }

  record Binary(BinaryOp op, Expr a, Expr b) implements Expr {
    @Override
    public DType type() {
      return op.isComparison() ? DType.BOOL : a.type();
    }
  }

  /** {@code whenTrue} or {@code whenFalse}; the other branch is not evaluated. */
  record Select(Expr condition, Expr whenTrue, Expr whenFalse) implements Expr {
    @Override
    public DType type() {
      return whenTrue.type();
    }
  }

  /** Conversion as ONNX Cast does it: float to integer truncates, to bool compares with zero. */
  record Cast(DType type, Expr x) implements Expr {}

  // --- building ---

  static Expr i32(int value) {
    return new IntConst(DType.I32, value);
  }

  /** A constant of any type. */
  static Expr constant(DType type, double value) {
    return type.isFloat() ? new FloatConst(type, value) : new IntConst(type, (long) value);
  }

  static Expr var(Axis axis) {
    return new Var(axis);
  }

  static Expr read(int arg, DType type, List<Expr> index) {
    return new Read(arg, type, index);
  }

  static Expr read(int arg, DType type, Expr... index) {
    return new Read(arg, type, List.of(index));
  }

  static Expr unary(UnaryOp op, Expr x) {
    return new Unary(op, x);
  }

  static Expr add(Expr a, Expr b) {
    return binary(BinaryOp.ADD, a, b);
  }

  static Expr sub(Expr a, Expr b) {
    return binary(BinaryOp.SUB, a, b);
  }

  static Expr mul(Expr a, Expr b) {
    return binary(BinaryOp.MUL, a, b);
  }

  static Expr div(Expr a, Expr b) {
    return binary(BinaryOp.DIV, a, b);
  }

  static Expr max(Expr a, Expr b) {
    return binary(BinaryOp.MAX, a, b);
  }

  static Expr min(Expr a, Expr b) {
    return binary(BinaryOp.MIN, a, b);
  }

  static Expr and(Expr a, Expr b) {
    return binary(BinaryOp.AND, a, b);
  }

  static Expr lt(Expr a, Expr b) {
    return binary(BinaryOp.LT, a, b);
  }

  /** {@code a op b}, with i32 constants folded so that index arithmetic stays small. */
  static Expr binary(BinaryOp op, Expr a, Expr b) {
    if (a.type() != b.type()) {
      throw new IllegalArgumentException(op + " of " + a.type() + " and " + b.type());
    }
    if (a.type() == DType.I32) {
      Expr folded = IndexFold.fold(op, a, b);
      if (folded != null) {
        return folded;
      }
    }
    return new Binary(op, a, b);
  }

  /** A choice; decided here when the condition is a constant. */
  static Expr select(Expr condition, Expr whenTrue, Expr whenFalse) {
    if (condition.type() != DType.BOOL || whenTrue.type() != whenFalse.type()) {
      throw new IllegalArgumentException(
          "select of " + condition.type() + ", " + whenTrue.type() + ", " + whenFalse.type());
    }
    if (condition instanceof IntConst c) {
      return c.value() != 0 ? whenTrue : whenFalse;
    }
    return new Select(condition, whenTrue, whenFalse);
  }

  static Expr cast(DType type, Expr x) {
    return x.type() == type ? x : new Cast(type, x);
  }
}
