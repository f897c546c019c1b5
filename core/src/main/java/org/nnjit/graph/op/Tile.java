package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** The input repeated along each dimension. */
final class Tile implements Operator {

  @Override
  public String type() {
    return "Tile";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int[] repeats = c.ints(1);
    if (repeats.length != c.shape(0).rank()) {
      throw c.error("repeats has " + repeats.length + " entries for input " + c.shape(0));
    }
    int[] dims = c.shape(0).dims();
    for (int i = 0; i < dims.length; i++) {
      dims[i] *= repeats[i];
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      int extent = c.shape(0).dim(i);
      Expr at = Expr.var(axes.get(i));
      boolean once = out.shape().dim(i) == extent;
      index.add(once ? at : Expr.binary(BinaryOp.REM, at, Expr.i32(Math.max(1, extent))));
    }
    Expr body = Expr.read(0, c.dtype(0), index);
    return Lowering.of(
        Compute.of("tile", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }
}
