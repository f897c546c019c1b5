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

/** Inputs one after another along an axis. */
final class Concat implements Operator {

  @Override
  public String type() {
    return "Concat";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape s = c.shape(0);
    int axis = c.axis(c.attributes().getInt("axis", 0), s.rank());
    int total = 0;
    for (int i = 0; i < c.inputCount(); i++) {
      boolean fits = c.shape(i).rank() == s.rank() && c.dtype(i) == c.dtype(0);
      for (int d = 0; fits && d < s.rank(); d++) {
        fits = d == axis || c.shape(i).dim(d) == s.dim(d);
      }
      if (!fits) {
        throw c.error("input " + i + " is " + c.input(i) + ", which differs from " + c.input(0)
            + " outside axis " + axis);
      }
      total += c.shape(i).dim(axis);
    }
    return List.of(TensorType.of(c.dtype(0), s.with(axis, total)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int axis = c.axis(c.attributes().getInt("axis", 0), out.shape().rank());
    List<Lowering.Call> calls = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < c.inputCount(); i++) {
      if (c.shape(i).elements() == 0) {
        continue;
      }
      List<Axis> axes = Compute.axes(c.input(i));
      List<Expr> store = new ArrayList<>(Compute.vars(axes));
      store.set(axis, Expr.add(store.get(axis), Expr.i32(at)));
      Expr body = Expr.read(0, c.dtype(0), Compute.vars(axes));
      Compute part =
          new Compute("concat", List.of(c.input(i)), out, axes, List.of(), body, store);
      calls.add(
          new Lowering.Call(part, List.of(new Lowering.Input(i)), new Lowering.Output(0)));
      at += c.shape(i).dim(axis);
    }
    return new Lowering(calls);
  }
}
