package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.tensor.DType;

/**
 * The operands of a sum of products in f32, and the axes by what varies with them, outermost first.
 *
 * @param batch axes of both operands, or of neither
 * @param rows axes of a alone
 * @param columns axes of b alone
 * @param depth axes that are summed over
 */
record GridOperands(
    List<Axis> batch, List<Axis> rows, List<Axis> columns, List<Axis> depth, Expr a, Expr b) {

  /** The operands of a compute as they are written, or null where it is no such sum. */
  static GridOperands of(Compute c) {
    if (c.stages().size() != 1) {
      return null;
    }
    Stage s = c.stages().get(0);
    if (s.combiner() != Combiner.SUM
        || s.outer() != c.spatial().size()
        || s.axes().isEmpty()
        || !s.points().isEmpty()
        || !(s.body() instanceof Binary product)
        || product.op() != BinaryOp.MUL
        || product.type() != DType.F32) {
      return null;
    }
    List<Axis> batch = new ArrayList<>();
    List<Axis> rows = new ArrayList<>();
    List<Axis> columns = new ArrayList<>();
    for (Axis axis : c.spatial()) {
      boolean inA = Exprs.uses(product.a(), axis);
      boolean inB = Exprs.uses(product.b(), axis);
      (inA == inB ? batch : inA ? rows : columns).add(axis);
    }
    return new GridOperands(batch, rows, columns, s.axes(), product.a(), product.b());
  }

  /** The same with the operands exchanged. */
  GridOperands turned() {
    return new GridOperands(batch, columns, rows, depth, b, a);
  }

  static Axis last(List<Axis> axes) {
    return axes.get(axes.size() - 1);
  }
}
