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
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Scaled dot-product attention made by the passes: q [b, h, s, d], k and v [b, h, t, d], an optional mask that broadcasts to [b, h, s, t]; leading dimensions may be any number. */
final class Attention implements Operator {

  @Override
  public String type() {
    return "Attention";
  }

  @Override
  public String domain() {
    return "nnjit";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape q = c.shape(0);
    return List.of(TensorType.of(c.dtype(0), q.with(-1, c.shape(2).dim(-1))));
  }

  @Override
  public Lowering lower(OpContext c) {
    Shape q = c.shape(0);
    int rank = q.rank();
    int t = c.shape(1).dim(-2);
    DType type = c.dtype(0);
    TensorType scoresType = TensorType.of(type, q.with(-1, t));
    List<Lowering.Call> calls = new ArrayList<>();
    List<Axis> axes = Compute.axes(scoresType);
    Axis d = new Axis("d", q.dim(-1));
    Expr product =
        Expr.mul(
            Expr.read(0, type, at(axes, rank, axes.get(rank - 2), d)),
            Expr.read(1, type, at(axes, rank, axes.get(rank - 1), d)));
    Stage dot = new Stage(rank, Combiner.SUM, List.of(d), product);
    Expr scale = Build.number(type, c.attributes().getFloat("scale", 1));
    Expr score = Expr.mul(new Expr.StageValue(0, type), scale);
    List<TensorType> inputs = new ArrayList<>(List.of(c.input(0), c.input(1)));
    List<Lowering.Operand> args = new ArrayList<>();
    args.add(new Lowering.Input(0));
    args.add(new Lowering.Input(1));
    if (c.has(3)) {
      inputs.add(c.input(3));
      args.add(new Lowering.Input(3));
      score = Expr.add(score, Build.broadcast(2, c.input(3), axes));
    }
    calls.add(
        new Lowering.Call(
            Compute.of("scores", inputs, scoresType, axes, List.of(dot), score),
            args,
            new Lowering.Temp(0)));
    Lowering soft =
        new Softmax("Softmax")
            .lower(
                new OpContext(
                    c.node().withInputs(List.of("scores")), new TensorType[] {scoresType},
                    new Tensor[1]));
    calls.add(
        new Lowering.Call(
            soft.calls().get(0).compute(), List.of(new Lowering.Temp(0)),
            new Lowering.Temp(1)));
    TensorType out = infer(c).get(0);
    List<Axis> o = Compute.axes(out);
    Axis k = new Axis("t", t);
    List<Expr> pi = new ArrayList<>(Compute.vars(o));
    pi.set(rank - 1, Expr.var(k));
    List<Expr> vi = new ArrayList<>(Compute.vars(o));
    vi.set(rank - 2, Expr.var(k));
    Stage sum =
        new Stage(
            rank, Combiner.SUM, List.of(k),
            Expr.mul(Expr.read(0, type, pi), Expr.read(1, type, vi)));
    calls.add(
        new Lowering.Call(
            Compute.of(
                "attention", List.of(scoresType, c.input(2)), out, o, List.of(sum),
                new Expr.StageValue(0, type)),
            List.of(new Lowering.Temp(1), new Lowering.Input(2)),
            new Lowering.Output(0)));
    return new Lowering(calls);
  }

  private static List<Expr> at(List<Axis> axes, int rank, Axis row, Axis d) {
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < rank - 2; i++) {
      index.add(Expr.var(axes.get(i)));
    }
    index.add(Expr.var(row));
    index.add(Expr.var(d));
    return index;
  }
}
