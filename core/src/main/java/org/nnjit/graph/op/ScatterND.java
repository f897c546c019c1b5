package org.nnjit.graph.op;

import java.util.Arrays;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Data with slices replaced or joined at index tuples; with many it runs on the host. */
final class ScatterND implements Operator {

  @Override
  public String type() {
    return "ScatterND";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(1).dim(-1) > c.shape(0).rank()) {
      throw c.error("index tuples of " + c.shape(1).dim(-1) + " for data " + c.shape(0));
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    Shape data = c.shape(0);
    int depth = c.shape(1).dim(-1);
    int tuples = depth == 0 ? 0 : c.shape(1).elements(0, c.shape(1).rank() - 1);
    if (!ScatterSearch.pays(c, tuples)) {
      return null;
    }
    List<Axis> axes = Compute.axes(c.input(0));
    int slice = data.elements(depth, data.rank());
    int[] inner = Arrays.copyOfRange(data.dims(), depth, data.rank());
    Expr offset = Exprs.linear(Compute.vars(axes.subList(depth, data.rank())), inner);
    Lowering search = ScatterSearch.lower(
        c,
        axes,
        tuples,
        u -> {
          Expr all = null;
          for (int d = 0; d < depth; d++) {
            Expr at = Expr.add(Expr.mul(u, Expr.i32(depth)), Expr.i32(d));
            Expr raw = new Expr.ReadFlat(1, c.dtype(1), at);
            Expr named = ScatterSearch.names(raw, data.dim(d), axes.get(d));
            all = all == null ? named : Expr.and(all, named);
          }
          return all;
        },
        u ->
            Build.wide(
                new Expr.ReadFlat(
                    2, c.dtype(2), Expr.add(Expr.mul(u, Expr.i32(slice)), offset))));
    return Build.checked(c, search, Arrays.copyOfRange(data.dims(), 0, depth));
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Tensor data = c.value(0);
    String how = c.attributes().getString("reduction", "none");
    Tensor out = new Tensor(data.dtype(), data.shape(), data.bytes().clone());
    Tensor indices = c.value(1);
    Tensor updates = c.value(2);
    int depth = indices.shape().dim(-1);
    int[] strides = data.shape().rowMajorStrides();
    int slice = data.shape().elements(depth, data.shape().rank());
    int tuples = depth == 0 ? 1 : indices.elements() / depth;
    for (int t = 0; t < tuples; t++) {
      int to = 0;
      for (int d = 0; d < depth; d++) {
        long raw = indices.getLong(t * depth + d);
        to += ScatterElements.checked(c, raw, data.shape().dim(d)) * strides[d];
      }
      for (int i = 0; i < slice; i++) {
        ScatterElements.join(c, how, out, to + i, updates, t * slice + i);
      }
    }
    return List.of(out);
  }
}
