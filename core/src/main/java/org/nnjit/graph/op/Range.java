package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** start, start + delta, ... below limit. */
final class Range implements Operator {

  @Override
  public String type() {
    return "Range";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    DType t = c.dtype(0);
    double n;
    if (t.isFloat()) {
      double start = c.value(0).getDouble(0);
      n = Math.ceil((c.value(1).getDouble(0) - start) / c.value(2).getDouble(0));
    } else {
      long delta = c.value(2).getLong(0);
      if (delta == 0) {
        throw c.error("delta is 0");
      }
      double span = c.value(1).getLong(0) - c.value(0).getLong(0);
      n = Math.ceil(span / delta);
    }
    return List.of(TensorType.of(t, Shape.of((int) Math.max(0, n))));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    DType t = out.dtype();
    List<Axis> axes = Compute.axes(out);
    Expr start = scalar(c.value(0), t);
    Expr step = Expr.mul(Expr.cast(t, Expr.var(axes.get(0))), scalar(c.value(2), t));
    Compute compute =
        Compute.of("range", List.of(), out, axes, List.of(), Expr.add(start, step));
    return new Lowering(
        List.of(new Lowering.Call(compute, List.of(), new Lowering.Output(0))));
  }

  private static Expr scalar(Tensor v, DType t) {
    return t.isFloat() ? Expr.constant(t, v.getDouble(0)) : new Expr.IntConst(t, v.getLong(0));
  }
}
