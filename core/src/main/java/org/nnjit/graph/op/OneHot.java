package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** A vector for each index: one value at the index, another elsewhere. */
final class OneHot implements Operator {

  @Override
  public String type() {
    return "OneHot";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape s = c.shape(0);
    int axis = c.axis(c.attributes().getInt("axis", -1), s.rank() + 1);
    int depth = (int) c.value(1).getLong(0);
    int[] dims = new int[s.rank() + 1];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = i < axis ? s.dim(i) : i == axis ? depth : s.dim(i - 1);
    }
    return List.of(TensorType.of(c.dtype(2), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int axis = c.axis(c.attributes().getInt("axis", -1), out.shape().rank());
    int depth = out.shape().dim(axis);
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.remove(axis);
    Expr i = Expr.cast(DType.I32, Expr.read(0, c.dtype(0), index));
    Expr wrapped =
        Expr.select(Expr.lt(i, Expr.i32(0)), Expr.add(i, Expr.i32(depth)), i);
    Expr body =
        Expr.select(
            Build.eq(wrapped, Expr.var(axes.get(axis))),
            Expr.read(1, c.dtype(2), Expr.i32(1)),
            Expr.read(1, c.dtype(2), Expr.i32(0)));
    Compute compute =
        Compute.of(
            "onehot", List.of(c.input(0), c.input(2)), out, axes, List.of(), body);
    return Lowering.of(compute, 0, 2);
  }
}
