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
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * NegativeLogLikelihoodLoss picks, for each point, the negated log-probability of its target class,
 * times the class's weight; then takes them as they are, their sum or their weighted mean.
 * SoftmaxCrossEntropyLoss makes the log-probabilities from scores first, and gives them as its
 * second output. Inputs: [n, classes, ...], targets [n, ...], optionally weights [classes].
 */
final class ClassLoss implements Operator {
  private final boolean ofScores;

  /** @param ofScores true for SoftmaxCrossEntropyLoss */
  ClassLoss(boolean ofScores) {
    this.ofScores = ofScores;
  }

  @Override
  public String type() {
    return ofScores ? "SoftmaxCrossEntropyLoss" : "NegativeLogLikelihoodLoss";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape x = c.shape(0);
    if (x.rank() < 2) {
      throw c.error("input has shape " + x + ", wanted [n, classes, ...]");
    }
    int[] points = new int[x.rank() - 1];
    for (int i = 0; i < points.length; i++) {
      points[i] = x.dim(i == 0 ? 0 : i + 1);
    }
    if (!c.dtype(1).isInteger() || !c.shape(1).equals(Shape.of(points))) {
      throw c.error("target is " + c.input(1) + ", wanted integers " + Shape.of(points));
    }
    if (c.has(2) && !c.shape(2).equals(Shape.of(x.dim(1)))) {
      throw c.error("weight has shape " + c.shape(2) + ", wanted [" + x.dim(1) + "]");
    }
    Shape loss =
        switch (reduction(c)) {
          case "none" -> c.shape(1);
          case "sum", "mean" -> Shape.SCALAR;
          default ->
              throw c.error("reduction is \"" + reduction(c) + "\", wanted none, sum or mean");
        };
    TensorType first = TensorType.of(c.dtype(0), loss);
    return ofScores ? List.of(first, c.input(0)) : List.of(first);
  }

  private static String reduction(OpContext c) {
    return c.attributes().getString("reduction", "mean");
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    if (!ofScores) {
      return new Lowering(List.of(loss(c, out, new Lowering.Input(0))));
    }
    Lowering.Operand logs = Build.result(c, 1);
    return new Lowering(List.of(logSoftmax(c, logs), loss(c, out, logs)));
  }

  private static Lowering.Call logSoftmax(OpContext c, Lowering.Operand result) {
    TensorType x = c.input(0);
    boolean[] reduced = new boolean[x.shape().rank()];
    reduced[1] = true;
    Groups rows = new Groups(x.shape(), reduced);
    Args args = new Args(c);
    DType t = Build.working(x.dtype());
    Expr greatest = new Expr.StageValue(0, t);
    Stage max = rows.stage(Combiner.MAX, at -> Build.wide(args.read(0, at)));
    Stage sum =
        rows.stage(
            Combiner.SUM,
            at ->
                Expr.unary(UnaryOp.EXP, Expr.sub(Build.wide(args.read(0, at)), greatest)));
    Expr shifted = Expr.sub(Build.wide(args.read(0, rows.point())), greatest);
    Expr body = Expr.sub(shifted, Expr.unary(UnaryOp.LOG, new Expr.StageValue(1, t)));
    return args.call(
        "logsoftmax", x, rows.spatial(), List.of(max, sum), body, rows.point(), result);
  }

  private static Lowering.Call loss(OpContext c, TensorType out, Lowering.Operand logs) {
    Args args = new Args(c);
    Lowering.Operand result = new Lowering.Output(0);
    if (reduction(c).equals("none")) {
      List<Axis> axes = Compute.axes(out);
      Expr body = loss(c, args, axes, logs);
      return args.call("nll_loss", out, axes, List.of(), body, result);
    }
    List<Axis> first = Compute.axes(c.input(1));
    Expr weighted = loss(c, args, first, logs);
    List<Stage> stages = new ArrayList<>();
    stages.add(new Stage(0, Combiner.SUM, first, weighted));
    Expr body = new Expr.StageValue(0, weighted.type());
    if (reduction(c).equals("mean")) {
      List<Axis> second = Compute.axes(c.input(1));
      stages.add(new Stage(0, Combiner.SUM, second, share(c, args, second)));
      body = Expr.div(body, new Expr.StageValue(1, weighted.type()));
    }
    return args.call("nll_loss", out, List.of(), stages, body, result);
  }

  private static Expr target(Args args, List<Axis> point) {
    return Expr.cast(DType.I32, args.read(1, Compute.vars(point)));
  }

  /** The loss of a point: 0 where its class is {@code ignore_index}. */
  private static Expr loss(OpContext c, Args args, List<Axis> point, Lowering.Operand logs) {
    List<Expr> index = new ArrayList<>(Compute.vars(point));
    index.add(1, Build.index(target(args, point), c.shape(0).dim(1)));
    Expr log = Build.wide(args.read(logs, c.input(0), index));
    Expr negated = Expr.unary(UnaryOp.NEG, log);
    return counted(c, args, point, Expr.mul(negated, weight(c, args, point)));
  }

  /** What a point counts in the mean. */
  private static Expr share(OpContext c, Args args, List<Axis> point) {
    return counted(c, args, point, weight(c, args, point));
  }

  private static Expr weight(OpContext c, Args args, List<Axis> point) {
    return c.has(2)
        ? Build.wide(args.read(2, Build.index(target(args, point), c.shape(0).dim(1))))
        : Build.number(Build.working(c.dtype(0)), 1);
  }

  private static Expr counted(OpContext c, Args args, List<Axis> point, Expr value) {
    if (!c.attributes().has("ignore_index")) {
      return value;
    }
    Expr ignored = Expr.i32((int) c.attributes().getInt("ignore_index", 0));
    Expr none = Build.number(value.type(), 0);
    return Expr.select(Build.eq(target(args, point), ignored), none, value);
  }
}
