package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** InstanceNormalization: each channel of each sample brought to mean 0 and deviation 1. */
final class Normalization implements Operator {
  private final String type;

  Normalization(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(0).rank() < 3) {
      throw c.error("input has shape " + c.shape(0) + ", wanted [batch, channels, space...]");
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    DType t = Build.working(c.dtype(0));
    double count = out.shape().elements(2, out.shape().rank());
    List<Axis> r = inner(axes);
    List<Axis> q = inner(axes);
    Stage sum = new Stage(2, Combiner.SUM, r, x(c, axes, r));
    Expr mean = Expr.mul(new Expr.StageValue(0, t), Build.number(t, 1 / count));
    Expr d = Expr.sub(x(c, axes, q), mean);
    Stage squares = new Stage(2, Combiner.SUM, q, Expr.mul(d, d));
    Expr variance = Expr.mul(new Expr.StageValue(1, t), Build.number(t, 1 / count));
    Expr epsilon = Build.number(t, c.attributes().getFloat("epsilon", 1e-5));
    Expr own = Build.wide(Build.broadcast(0, c.input(0), axes));
    Expr unit =
        Expr.mul(
            Expr.sub(own, mean), Expr.unary(UnaryOp.RSQRT, Expr.add(variance, epsilon)));
    Expr scale = Build.wide(Expr.read(1, c.dtype(1), Expr.var(axes.get(1))));
    Expr bias = Build.wide(Expr.read(2, c.dtype(2), Expr.var(axes.get(1))));
    Expr body = Expr.cast(out.dtype(), Expr.add(Expr.mul(unit, scale), bias));
    return Lowering.of(
        Compute.of(
            "instancenorm",
            List.of(c.input(0), c.input(1), c.input(2)),
            out,
            axes,
            List.of(sum, squares),
            body));
  }

  private static List<Axis> inner(List<Axis> axes) {
    List<Axis> r = new ArrayList<>();
    for (int i = 2; i < axes.size(); i++) {
      r.add(new Axis("r" + i, axes.get(i).extent()));
    }
    return r;
  }

  private static Expr x(OpContext c, List<Axis> axes, List<Axis> r) {
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      index.add(Expr.var(i < 2 ? axes.get(i) : r.get(i - 2)));
    }
    return Build.wide(Expr.read(0, c.dtype(0), index));
  }
}
