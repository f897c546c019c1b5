package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** One element of the data for each element of the indices. */
final class GatherElements implements Operator {

  @Override
  public String type() {
    return "GatherElements";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    return List.of(TensorType.of(c.dtype(0), c.shape(1)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int axis = c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    Expr at = Expr.read(1, c.dtype(1), Compute.vars(axes));
    index.set(axis, Build.index(at, c.shape(0).dim(axis)));
    Expr body = Expr.read(0, c.dtype(0), index);
    Lowering map = Build.map(c, "gatherelements", out, axes, body, 2);
    return Build.checked(c, map, c.shape(0).dim(axis));
  }
}
