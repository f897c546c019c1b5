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

/** A tensor of one value. */
final class ConstantOfShape implements Operator {

  @Override
  public String type() {
    return "ConstantOfShape";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Tensor v = c.attributes().getTensor("value");
    return List.of(TensorType.of(v == null ? DType.F32 : v.dtype(), Shape.of(c.ints(0))));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Tensor v = c.attributes().getTensor("value");
    Expr body =
        v == null
            ? Expr.constant(DType.F32, 0)
            : v.dtype().isFloat()
                ? Expr.constant(v.dtype(), v.getDouble(0))
                : new Expr.IntConst(v.dtype(), v.getLong(0));
    List<Axis> axes = Compute.axes(out);
    return new Lowering(
        List.of(
            new Lowering.Call(
                Compute.of("fill", List.of(), out, axes, List.of(), body),
                List.of(),
                new Lowering.Output(0))));
  }
}
