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
 * LayerNormalization (x, scale, bias) and, without the mean, RMSNormalization (x, scale), over all
 * dimensions from {@code axis} on.
 */
final class LayerNormalization implements Operator {
  private final String domain;
  private final String type;
  private final boolean centred;

  LayerNormalization(String domain, String type, boolean centred) {
    this.domain = domain;
    this.type = type;
    this.centred = centred;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public String domain() {
    return domain;
  }

  private static int axis(OpContext c) {
    return c.axis(c.attributes().getInt("axis", -1), c.shape(0).rank());
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int axis = axis(c);
    Shape s = c.shape(0);
    Shape reduced = s;
    for (int i = axis; i < s.rank(); i++) {
      reduced = reduced.with(i, 1);
    }
    DType stat = Build.working(c.dtype(0));
    return List.of(
        TensorType.of(c.dtype(0), s), TensorType.of(stat, reduced), TensorType.of(stat, reduced));
  }

  @Override
  public Lowering lower(OpContext c) {
    List<TensorType> types = infer(c);
    List<Lowering.Call> calls = new ArrayList<>();
    for (int o = 0; o < c.node().outputs().size(); o++) {
      if (!c.node().outputs().get(o).isEmpty()) {
        calls.add(output(c, types.get(o), o));
      }
    }
    return new Lowering(calls);
  }

  /** Output 0 is the result, 1 the mean, 2 the reciprocal of the deviation. */
  private Lowering.Call output(OpContext c, TensorType out, int which) {
    int axis = axis(c);
    Shape s = c.shape(0);
    List<Axis> axes = Compute.axes(out);
    DType t = Build.working(c.dtype(0));
    double count = s.elements(axis, s.rank());
    List<Stage> stages = new ArrayList<>();
    if (centred) {
      List<Axis> r = inner(s, axis);
      stages.add(new Stage(axis, Combiner.SUM, r, x(c, axes, axis, r)));
    }
    Expr mean =
        centred
            ? Expr.mul(new Expr.StageValue(0, t), Build.number(t, 1 / count))
            : Build.number(t, 0);
    List<Axis> q = inner(s, axis);
    Expr d = centred ? Expr.sub(x(c, axes, axis, q), mean) : x(c, axes, axis, q);
    stages.add(new Stage(axis, Combiner.SUM, q, Expr.mul(d, d)));
    Expr variance =
        Expr.mul(new Expr.StageValue(stages.size() - 1, t), Build.number(t, 1 / count));
    Expr epsilon = Build.number(t, c.attributes().getFloat("epsilon", 1e-5));
    Expr scale = Expr.unary(UnaryOp.RSQRT, Expr.add(variance, epsilon));
    List<TensorType> inputs = new ArrayList<>(List.of(c.input(0)));
    List<Lowering.Operand> args = new ArrayList<>(List.of(new Lowering.Input(0)));
    Expr body;
    if (which == 0) {
      Expr own = Build.wide(Build.broadcast(0, c.input(0), axes));
      body = Expr.mul(centred ? Expr.sub(own, mean) : own, scale);
      if (c.has(1)) {
        args.add(new Lowering.Input(1));
        inputs.add(c.input(1));
        body = Expr.mul(body, Build.wide(Build.broadcast(1, c.input(1), axes)));
      }
      if (c.has(2)) {
        args.add(new Lowering.Input(2));
        inputs.add(c.input(2));
        int arg = inputs.size() - 1;
        body = Expr.add(body, Build.wide(Build.broadcast(arg, c.input(2), axes)));
      }
    } else {
      body = which == 1 ? mean : scale;
    }
    Compute compute =
        Compute.of(
            centred ? "layernorm" : "rmsnorm", inputs, out, axes, stages,
            Expr.cast(out.dtype(), body));
    return new Lowering.Call(compute, args, new Lowering.Output(which));
  }

  private static List<Axis> inner(Shape s, int axis) {
    List<Axis> r = new ArrayList<>();
    for (int i = axis; i < s.rank(); i++) {
      r.add(new Axis("r" + i, s.dim(i)));
    }
    return r;
  }

  private static Expr x(OpContext c, List<Axis> axes, int axis, List<Axis> r) {
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      index.add(Expr.var(i < axis ? axes.get(i) : r.get(i - axis)));
    }
    return Build.wide(Expr.read(0, c.dtype(0), index));
  }
}
