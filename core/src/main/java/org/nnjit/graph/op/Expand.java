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

/** Broadcast to a given shape. */
final class Expand implements Operator {

  @Override
  public String type() {
    return "Expand";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int[] wanted = c.ints(1);
    Shape out = Shape.broadcast(c.shape(0), Shape.of(wanted));
    if (out == null) {
      throw c.error("input " + c.shape(0) + " does not broadcast to " + Shape.of(wanted));
    }
    return List.of(TensorType.of(c.dtype(0), out));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Expr body = Build.broadcast(0, c.input(0), axes);
    return Lowering.of(
        Compute.of("expand", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }
}
