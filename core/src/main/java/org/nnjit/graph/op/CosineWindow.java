package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * A window of {@code size} points, {@code a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n)}, where n is
 * size, or size - 1 unless {@code periodic}.
 */
final class CosineWindow implements Operator {
  private final String type;
  private final double a0;
  private final double a1;
  private final double a2;

  CosineWindow(String type, double a0, double a1, double a2) {
    this.type = type;
    this.a0 = a0;
    this.a1 = a1;
    this.a2 = a2;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int code = (int) c.attributes().getInt("output_datatype", 1);
    DType t = DType.ofOnnx(code);
    if (t == null) {
      throw c.error("output_datatype is " + code + ", wanted the ONNX code of a number type");
    }
    long size = c.value(0).getLong(0);
    if (size < 0 || size > Integer.MAX_VALUE) {
      throw c.error("size is " + size + ", wanted 0 or more");
    }
    return List.of(TensorType.of(t, Shape.of((int) size)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int size = out.shape().dim(0);
    boolean periodic = c.attributes().getInt("periodic", 1) == 1;
    int period = Math.max(1, periodic ? size : size - 1);
    DType t = out.dtype() == DType.F64 ? DType.F64 : DType.F32;
    List<Axis> axes = Compute.axes(out);
    Expr i = Expr.cast(t, Expr.var(axes.get(0)));
    Expr body =
        Expr.sub(Build.number(t, a0), Expr.mul(Build.number(t, a1), cosine(i, 1, period, t)));
    if (a2 != 0) {
      body = Expr.add(body, Expr.mul(Build.number(t, a2), cosine(i, 2, period, t)));
    }
    return new Args(c).lowering(type.toLowerCase(), out, axes, List.of(), body);
  }

  private static Expr cosine(Expr i, int turns, int period, DType t) {
    double step = 2 * Math.PI * turns / period;
    return Expr.unary(UnaryOp.COS, Expr.mul(i, Build.number(t, step)));
  }
}
