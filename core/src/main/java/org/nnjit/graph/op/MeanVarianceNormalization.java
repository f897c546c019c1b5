package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** {@code (x - mean) / (deviation + 1e-9)} over {@code axes}, which are 0, 2 and 3 unless said. */
final class MeanVarianceNormalization implements Operator {

  @Override
  public String type() {
    return "MeanVarianceNormalization";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    groups(c);
    return List.of(c.input(0));
  }

  private static Groups groups(OpContext c) {
    int rank = c.shape(0).rank();
    boolean[] reduced = new boolean[rank];
    int[] axes = c.attributes().getInts("axes", 0, 2, 3);
    for (int axis : axes) {
      reduced[c.axis(axis, rank)] = true;
    }
    if (axes.length == 0 || rank == 0) {
      throw c.error("axes are none, wanted at least one");
    }
    return new Groups(c.shape(0), reduced);
  }

  @Override
  public Lowering lower(OpContext c) {
    Groups groups = groups(c);
    DType t = Build.working(c.dtype(0));
    Args args = new Args(c);
    Expr share = Build.number(t, 1.0 / groups.size());
    Stage sum = groups.stage(Combiner.SUM, at -> Build.wide(args.read(0, at)));
    Expr mean = Expr.mul(new Expr.StageValue(0, t), share);
    Stage squares =
        groups.stage(
            Combiner.SUM,
            at -> {
              Expr d = Expr.sub(Build.wide(args.read(0, at)), mean);
              return Expr.mul(d, d);
            });
    Expr variance = Expr.mul(new Expr.StageValue(1, t), share);
    Expr deviation = Expr.add(Expr.unary(UnaryOp.SQRT, variance), Build.number(t, 1e-9));
    Expr body = Expr.div(Expr.sub(Build.wide(args.read(0, groups.point())), mean), deviation);
    return new Lowering(
        List.of(
            args.call(
                "mean_variance", c.input(0), groups.spatial(), List.of(sum, squares), body,
                groups.point(), new Lowering.Output(0))));
  }
}
