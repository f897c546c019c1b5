package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** alpha * A' * B' + beta * C for matrices, A and B optionally transposed. */
final class Gemm implements Operator {

  @Override
  public String type() {
    return "Gemm";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(0).rank() != 2 || c.shape(1).rank() != 2) {
      throw c.error("A and B have shapes " + c.shape(0) + " and " + c.shape(1)
          + ", wanted matrices");
    }
    boolean ta = c.attributes().getInt("transA", 0) != 0;
    boolean tb = c.attributes().getInt("transB", 0) != 0;
    int k = c.shape(0).dim(ta ? 0 : 1);
    if (k != c.shape(1).dim(tb ? 1 : 0)) {
      throw c.error(
          "A has shape " + c.shape(0) + " and B " + c.shape(1) + " (transA=" + ta + ", transB="
              + tb + "): the inner dimensions differ");
    }
    Shape out = Shape.of(c.shape(0).dim(ta ? 1 : 0), c.shape(1).dim(tb ? 0 : 1));
    if (c.has(2) && !out.equals(Shape.broadcast(out, c.shape(2)))) {
      throw c.error("C has shape " + c.shape(2) + ", which does not broadcast to " + out);
    }
    return List.of(TensorType.of(c.dtype(0), out));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    boolean ta = c.attributes().getInt("transA", 0) != 0;
    boolean tb = c.attributes().getInt("transB", 0) != 0;
    List<Axis> axes = Compute.axes(out);
    Expr m = Expr.var(axes.get(0));
    Expr n = Expr.var(axes.get(1));
    Axis kAxis = new Axis("k", c.shape(0).dim(ta ? 0 : 1));
    Expr k = Expr.var(kAxis);
    Expr a = ta ? Expr.read(0, c.dtype(0), k, m) : Expr.read(0, c.dtype(0), m, k);
    Expr b = tb ? Expr.read(1, c.dtype(1), n, k) : Expr.read(1, c.dtype(1), k, n);
    Expr product = Expr.mul(Build.wide(a), Build.wide(b));
    Stage sum = new Stage(2, Combiner.SUM, List.of(kAxis), product);
    DType t = product.type();
    Expr body = scaled(new Expr.StageValue(0, t), c.attributes().getFloat("alpha", 1));
    List<TensorType> inputs = new ArrayList<>(List.of(c.input(0), c.input(1)));
    if (c.has(2)) {
      inputs.add(c.input(2));
      Expr bias = Build.wide(Build.broadcast(2, c.input(2), axes));
      body = Expr.add(body, scaled(bias, c.attributes().getFloat("beta", 1)));
    }
    return Lowering.of(
        Compute.of("gemm", inputs, out, axes, List.of(sum), Expr.cast(out.dtype(), body)));
  }

  private static Expr scaled(Expr e, double by) {
    return by == 1 ? e : Expr.mul(e, Build.number(e.type(), by));
  }
}
