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
import org.nnjit.tensor.TensorType;

/** Running sum along an axis, as a masked sum for each element. */
final class CumSum implements Operator {

  @Override
  public String type() {
    return "CumSum";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.axis(c.value(1).getLong(0), c.shape(0).rank());
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int axis = c.axis(c.value(1).getLong(0), c.shape(0).rank());
    boolean exclusive = c.attributes().getInt("exclusive", 0) == 1;
    boolean reverse = c.attributes().getInt("reverse", 0) == 1;
    List<Axis> axes = Compute.axes(out);
    Axis r = new Axis("r", c.shape(0).dim(axis));
    Expr here = Expr.var(axes.get(axis));
    Expr there = Expr.var(r);
    Expr low = reverse ? here : there;
    Expr high = reverse ? there : here;
    Expr counts = exclusive ? Expr.lt(low, high) : Build.le(low, high);
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.set(axis, there);
    Expr x = Build.wide(Expr.read(0, c.dtype(0), index));
    Expr body = Expr.select(counts, x, Build.number(x.type(), 0));
    Stage sum = new Stage(axes.size(), Combiner.SUM, List.of(r), body);
    Expr total = Expr.cast(out.dtype(), new Expr.StageValue(0, x.type()));
    return Lowering.of(
        Compute.of("cumsum", List.of(c.input(0)), out, axes, List.of(sum), total), 0);
  }
}
