package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Slices of the data along an axis, chosen by an index tensor. */
final class Gather implements Operator {

  @Override
  public String type() {
    return "Gather";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape d = c.shape(0);
    Shape i = c.shape(1);
    int axis = c.axis(c.attributes().getInt("axis", 0), d.rank());
    int[] dims = new int[d.rank() - 1 + i.rank()];
    for (int k = 0; k < dims.length; k++) {
      dims[k] =
          k < axis ? d.dim(k) : k < axis + i.rank() ? i.dim(k - axis) : d.dim(k - i.rank() + 1);
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Shape d = c.shape(0);
    int indexRank = c.shape(1).rank();
    int axis = c.axis(c.attributes().getInt("axis", 0), d.rank());
    List<Axis> axes = Compute.axes(out);
    List<Expr> at = new ArrayList<>();
    for (int k = 0; k < indexRank; k++) {
      at.add(Expr.var(axes.get(axis + k)));
    }
    List<Expr> index = new ArrayList<>();
    for (int k = 0; k < d.rank(); k++) {
      if (k == axis) {
        index.add(Build.index(Expr.read(1, c.dtype(1), at), d.dim(axis)));
      } else {
        index.add(Expr.var(axes.get(k < axis ? k : k + indexRank - 1)));
      }
    }
    Lowering map = Build.map(c, "gather", out, axes, Expr.read(0, c.dtype(0), index), 2);
    return Build.checked(c, map, d.dim(axis));
  }
}
