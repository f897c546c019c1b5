package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** The input itself. */
final class Identity implements Operator {

  @Override
  public String type() {
    return "Identity";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    return Build.map(c, "copy", out, axes, Build.broadcast(0, c.input(0), axes), 1);
  }
}
