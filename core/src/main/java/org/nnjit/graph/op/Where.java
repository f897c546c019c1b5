package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** X where the condition holds, else Y, broadcast. */
final class Where implements Operator {

  @Override
  public String type() {
    return "Where";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.dtype(1) != c.dtype(2)) {
      throw c.error("X is " + c.dtype(1) + " and Y " + c.dtype(2) + ", wanted one type");
    }
    return List.of(TensorType.of(c.dtype(1), Build.broadcastShape(c, 3)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Expr body =
        Expr.select(
            Build.broadcast(0, c.input(0), axes),
            Build.broadcast(1, c.input(1), axes),
            Build.broadcast(2, c.input(2), axes));
    return Build.map(c, "where", out, axes, body, 3);
  }
}
