package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** The upper or lower triangle of matrices, zero elsewhere. */
final class Trilu implements Operator {

  @Override
  public String type() {
    return "Trilu";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(0).rank() < 2) {
      throw c.error("input has shape " + c.shape(0) + ", wanted matrices");
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    boolean upper = c.attributes().getInt("upper", 1) == 1;
    long k = c.has(1) ? c.value(1).getLong(0) : 0;
    int limit = out.shape().dim(-1) + out.shape().dim(-2);
    Expr shift = Expr.i32((int) Math.max(-limit, Math.min(limit, k)));
    List<Axis> axes = Compute.axes(out);
    Expr row = Expr.add(Expr.var(axes.get(axes.size() - 2)), shift);
    Expr column = Expr.var(axes.get(axes.size() - 1));
    Expr keep = upper ? Build.le(row, column) : Build.le(column, row);
    Expr body =
        Expr.select(
            keep, Build.broadcast(0, c.input(0), axes), Expr.constant(out.dtype(), 0));
    return Lowering.of(
        Compute.of("trilu", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }
}
