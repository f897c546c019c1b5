package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Slices of the data at index tuples. */
final class GatherND implements Operator {

  @Override
  public String type() {
    return "GatherND";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape d = c.shape(0);
    Shape i = c.shape(1);
    int batch = (int) c.attributes().getInt("batch_dims", 0);
    int depth = i.dim(-1);
    if (batch + depth > d.rank()) {
      throw c.error("index tuples of " + depth + " after " + batch + " batch dimensions do not fit "
          + d);
    }
    List<Integer> dims = new ArrayList<>();
    for (int k = 0; k < i.rank() - 1; k++) {
      dims.add(i.dim(k));
    }
    for (int k = batch + depth; k < d.rank(); k++) {
      dims.add(d.dim(k));
    }
    int[] out = new int[dims.size()];
    for (int k = 0; k < out.length; k++) {
      out[k] = dims.get(k);
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(out)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Shape d = c.shape(0);
    Shape i = c.shape(1);
    int batch = (int) c.attributes().getInt("batch_dims", 0);
    int depth = i.dim(-1);
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>();
    for (int k = 0; k < d.rank(); k++) {
      if (k < batch) {
        index.add(Expr.var(axes.get(k)));
      } else if (k < batch + depth) {
        List<Expr> at = new ArrayList<>();
        for (int q = 0; q < i.rank() - 1; q++) {
          at.add(Expr.var(axes.get(q)));
        }
        at.add(Expr.i32(k - batch));
        index.add(Build.index(Expr.read(1, c.dtype(1), at), d.dim(k)));
      } else {
        index.add(Expr.var(axes.get(k - batch - depth + i.rank() - 1)));
      }
    }
    Lowering map = Build.map(c, "gathernd", out, axes, Expr.read(0, c.dtype(0), index), 2);
    return Build.checked(c, map, Arrays.copyOfRange(d.dims(), batch, batch + depth));
  }
}
