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
    Shape x = c.shape(0);
    boolean spread = true;
    for (int i = 0; i < x.rank(); i++) {
      spread &= x.dim(i) == 1 || x.dim(i) == out.shape().dim(i);
    }
    return spread ? spread(c, out) : copies(c, out);
  }

  /** Only dimensions of 1 are repeated: each element is read where it stands. */
  private static Lowering spread(OpContext c, TensorType out) {
    List<Axis> axes = Compute.axes(out);
    Expr body = Build.broadcast(0, c.input(0), axes);
    return Lowering.of(
        Compute.of("tile", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }

  /** Whole rows are copied, for each copy along each dimension. */
  private static Lowering copies(OpContext c, TensorType out) {
    List<Axis> axes = new ArrayList<>();
    List<Expr> index = new ArrayList<>();
    List<Expr> store = new ArrayList<>();
    for (int i = 0; i < out.shape().rank(); i++) {
      int extent = c.shape(0).dim(i);
      Axis copy = new Axis("r" + i, out.shape().dim(i) / Math.max(1, extent));
      Axis at = new Axis("i" + i, extent);
      axes.add(copy);
      axes.add(at);
      index.add(Expr.var(at));
      store.add(Expr.add(Expr.mul(Expr.var(copy), Expr.i32(extent)), Expr.var(at)));
    }
    Expr body = Expr.read(0, c.dtype(0), index);
    return Lowering.of(
        new Compute("tile", List.of(c.input(0)), out, axes, List.of(), body, store), 0);
  }
}
