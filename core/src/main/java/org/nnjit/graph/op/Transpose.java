package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Dimensions in another order. */
final class Transpose implements Operator {

  @Override
  public String type() {
    return "Transpose";
  }

  private static int[] permutation(OpContext c) {
    int rank = c.shape(0).rank();
    int[] perm = c.attributes().getInts("perm", (int[]) null);
    if (perm == null) {
      perm = new int[rank];
      for (int i = 0; i < rank; i++) {
        perm[i] = rank - 1 - i;
      }
    }
    boolean ok = perm.length == rank;
    for (int i = 0; ok && i < rank; i++) {
      ok = Build.contains(perm, i);
    }
    if (!ok) {
      throw c.error("perm is no order of the " + rank + " dimensions of " + c.shape(0));
    }
    return perm;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int[] perm = permutation(c);
    int[] dims = new int[perm.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = c.shape(0).dim(perm[i]);
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int[] perm = permutation(c);
    List<Axis> axes = Compute.axes(out);
    Expr[] index = new Expr[perm.length];
    for (int i = 0; i < perm.length; i++) {
      index[perm[i]] = Expr.var(axes.get(i));
    }
    Expr body = Expr.read(0, c.dtype(0), List.of(index));
    return Lowering.of(
        Compute.of("transpose", List.of(c.input(0)), out, axes, List.of(), body));
  }
}
