package org.nnjit.kernel.family;

import org.nnjit.compute.Axis;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/** Four neighbouring points of a result at once on a GPU, whose language has vectors of floats. */
final class Fours {
  private Fours() {}

  /**
   * Whether results along an axis can be made and written four at a time, from multiples of four
   * on; then the result's buffer is one of vectors.
   */
  static boolean fit(Grid grid, Axis axis) {
    if (!allows(grid.compute.body(), axis) || !grid.storeFours(axis)) {
      return false;
    }
    read(grid, grid.compute.body(), axis);
    return true;
  }

  /** Makes buffers ones of vectors where an expression reads neighbours along an axis in fours. */
  static void read(Grid grid, Expr e, Axis axis) {
    if (axis.extent() % 4 != 0 || !allows(e, axis)) {
      return;
    }
    for (Expr read : Exprs.reads(e)) {
      if (grid.isDense(read, axis)) {
        grid.readFours(read, axis);
      }
    }
  }

  /** Four neighbours of an f32 expression along an axis that is bound to the first. */
  static Value load(Grid grid, Expr e, Axis axis) {
    LoopBuilder b = grid.b;
    if (allows(e, axis) || grid.isDense(e, axis)) {
      b.vectorise(axis);
      Value v = b.lowerVector(e);
      b.vectorise(null);
      return v;
    }
    Value[] lanes = new Value[4];
    for (int i = 0; i < 4; i++) {
      b.shift(axis, i);
      lanes[i] = b.lower(e);
    }
    b.shift(axis, 0);
    return new Value.Lanes(lanes[0], lanes[1], lanes[2], lanes[3]);
  }

  /** Makes and writes four points; axes and stages are bound, the axis to the first of the four. */
  static void store(Grid grid, Axis axis) {
    LoopBuilder b = grid.b;
    b.vectorise(axis);
    Value v = b.lowerVector(grid.compute.body());
    b.vectorise(null);
    LoopBuilder.Place at = b.storePlace(grid.compute.store());
    b.emit(new Stmt.Store(at.pointer(), at.offset(), v, 4));
  }

  /** Floats alone may differ among the four: there are no vectors of conditions or integers. */
  private static boolean allows(Expr e, Axis axis) {
    if (!varies(e, axis)) {
      return true;
    }
    boolean self =
        switch (e) {
          case Read r -> true;
          case ReadFlat r -> true;
          case StageValue s -> true;
          case FloatConst c -> true;
          case Unary u -> u.op() != UnaryOp.IS_INF && u.op() != UnaryOp.IS_NAN;
          case Binary b ->
              switch (b.op()) {
                case ADD, DIV, MAX, MIN, MUL, SUB -> true;
                default -> false;
              };
          case Select s -> !varies(s.condition(), axis);
          default -> false;
        };
    if (!self || e.type() != DType.F32) {
      return false;
    }
    if (e instanceof Read || e instanceof ReadFlat) {
      return !Exprs.hasStage(e);
    }
    for (Expr o : Exprs.operands(e)) {
      if (o.type() == DType.F32 && !allows(o, axis)) {
        return false;
      }
    }
    return true;
  }

  private static boolean varies(Expr e, Axis axis) {
    return Exprs.uses(e, axis) || Exprs.hasStage(e);
  }
}
