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

/** Ones on diagonal {@code k} of a matrix of the input's shape, zeros elsewhere. */
final class EyeLike implements Operator {

  @Override
  public String type() {
    return "EyeLike";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(0).rank() != 2) {
      throw c.error("input has shape " + c.shape(0) + ", wanted a matrix");
    }
    DType t = c.dtype(0);
    if (c.attributes().has("dtype")) {
      int code = (int) c.attributes().getInt("dtype", 0);
      t = DType.ofOnnx(code);
      if (t == null) {
        throw c.error("dtype is " + code + ", wanted the ONNX code of a number type");
      }
    }
    return List.of(TensorType.of(t, c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Expr k = Expr.i32((int) c.attributes().getInt("k", 0));
    Expr diagonal = Build.eq(Expr.var(axes.get(1)), Expr.add(Expr.var(axes.get(0)), k));
    DType t = Build.working(out.dtype());
    Expr body = Expr.select(diagonal, Build.number(t, 1), Build.number(t, 0));
    return new Args(c).lowering("eye", out, axes, List.of(), body);
  }
}
