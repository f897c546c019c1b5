package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** Cast (type by attribute) and CastLike (type of the second input). */
final class Cast implements Operator {
  private final String type;

  Cast(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    DType to = c.node().type().equals("CastLike") ? c.dtype(1) : null;
    if (to == null) {
      int code = (int) c.attributes().getInt("to", -1);
      to = DType.ofOnnx(code);
      if (to == null) {
        throw c.error("attribute to=" + code + " is no type nnJIT has (string, complex and 8-bit"
            + " floats are not supported)");
      }
    }
    return List.of(TensorType.of(to, c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Expr x = Build.broadcast(0, c.input(0), axes);
    return Build.map(c, "cast", out, axes, Expr.cast(out.dtype(), x), 1);
  }
}
