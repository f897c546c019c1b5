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
import org.nnjit.tensor.TensorType;

/** Shape and Size: what the input's type alone tells. */
final class ShapeOf implements Operator {
  private final String type;

  ShapeOf(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  private long[] values(OpContext c) {
    Shape s = c.shape(0);
    if (type.equals("Size")) {
      return new long[] {s.elements()};
    }
    int rank = s.rank();
    int from = bound(c.attributes().getInt("start", 0), rank);
    int to = bound(c.attributes().getInt("end", rank), rank);
    long[] v = new long[Math.max(0, to - from)];
    for (int i = 0; i < v.length; i++) {
      v[i] = s.dim(from + i);
    }
    return v;
  }

  private static int bound(long at, int rank) {
    return (int) Math.max(0, Math.min(rank, at < 0 ? at + rank : at));
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape out = type.equals("Size") ? Shape.SCALAR : Shape.of(values(c).length);
    return List.of(TensorType.of(DType.I64, out));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    long[] v = values(c);
    Expr body = new Expr.IntConst(DType.I64, v.length == 0 ? 0 : v[v.length - 1]);
    for (int i = v.length - 2; i >= 0; i--) {
      Expr here = Build.eq(Expr.var(axes.get(0)), Expr.i32(i));
      body = Expr.select(here, new Expr.IntConst(DType.I64, v[i]), body);
    }
    return new Lowering(
        List.of(
            new Lowering.Call(
                Compute.of(type.toLowerCase(), List.of(), out, axes, List.of(), body),
                List.of(),
                new Lowering.Output(0))));
  }
}
