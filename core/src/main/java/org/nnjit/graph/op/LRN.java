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

/** Local response normalisation across neighbouring channels. */
final class LRN implements Operator {

  @Override
  public String type() {
    return "LRN";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    int size = (int) c.attributes().getInt("size", 1);
    int channels = c.shape(0).dim(1);
    Axis r = new Axis("r", size);
    Expr channel =
        Expr.add(Expr.var(axes.get(1)), Expr.add(Expr.var(r), Expr.i32(-((size - 1) / 2))));
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.set(1, channel);
    Expr inside =
        Expr.and(
            Build.le(Expr.i32(0), channel), Expr.lt(channel, Expr.i32(channels)));
    Expr x = Build.wide(Expr.read(0, c.dtype(0), index));
    Expr square = Expr.select(inside, Expr.mul(x, x), Build.number(x.type(), 0));
    Stage sum = new Stage(axes.size(), Combiner.SUM, List.of(r), square);
    double alpha = c.attributes().getFloat("alpha", 1e-4) / size;
    Expr s = new Expr.StageValue(0, x.type());
    Expr base =
        Expr.add(
            Build.number(x.type(), c.attributes().getFloat("bias", 1)),
            Expr.mul(Build.number(x.type(), alpha), s));
    Expr power = Build.power(base, c.attributes().getFloat("beta", 0.75));
    Expr own = Build.wide(Build.broadcast(0, c.input(0), axes));
    Expr body = Expr.cast(out.dtype(), Expr.div(own, power));
    return Lowering.of(
        Compute.of("lrn", List.of(c.input(0)), out, axes, List.of(sum), body));
  }
}
