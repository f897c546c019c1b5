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

/**
 * Softmax, LogSoftmax and Hardmax. Since opset 13 along one axis; before, along all dimensions from
 * the axis on.
 */
final class Softmax implements Operator {
  private final String type;

  Softmax(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.axis(c.attributes().getInt("axis", c.opset() < 13 ? 1 : -1), c.shape(0).rank());
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int rank = out.shape().rank();
    int axis = c.axis(c.attributes().getInt("axis", c.opset() < 13 ? 1 : -1), rank);
    int end = c.opset() < 13 ? rank : axis + 1;
    List<Axis> dims = Compute.axes(out);
    // The axes summed over come last, so that the sums are made once for each row.
    List<Axis> spatial = new ArrayList<>();
    List<Axis> inner = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      (i >= axis && i < end ? inner : spatial).add(dims.get(i));
    }
    int outer = spatial.size();
    spatial.addAll(inner);
    Expr x = read(c, dims, List.of(), List.of());
    List<Stage> stages = new ArrayList<>();
    List<Axis> r = fresh(inner);
    stages.add(new Stage(outer, Combiner.MAX, r, read(c, dims, inner, r)));
    DType t = x.type();
    Expr max = new Expr.StageValue(0, t);
    Expr body;
    if (type.equals("Hardmax")) {
      List<Axis> q = fresh(inner);
      Expr hit = Build.eq(read(c, dims, inner, q), max);
      Expr at = Expr.select(hit, position(q), Expr.i32(Integer.MAX_VALUE));
      stages.add(new Stage(outer, Combiner.MIN, q, at));
      Expr first = Build.eq(position(inner), new Expr.StageValue(1, DType.I32));
      body = Expr.select(first, Build.number(t, 1), Build.number(t, 0));
    } else {
      List<Axis> q = fresh(inner);
      Expr e = Expr.unary(UnaryOp.EXP, Expr.sub(read(c, dims, inner, q), max));
      stages.add(new Stage(outer, Combiner.SUM, q, e));
      Expr sum = new Expr.StageValue(1, t);
      Expr shifted = Expr.sub(x, max);
      body =
          type.equals("Softmax")
              ? Expr.mul(
                  Expr.unary(UnaryOp.EXP, shifted), Expr.div(Build.number(t, 1), sum))
              : Expr.sub(shifted, Expr.unary(UnaryOp.LOG, sum));
    }
    return Lowering.of(
        new Compute(
            type.toLowerCase(),
            List.of(c.input(0)),
            out,
            spatial,
            stages,
            Expr.cast(out.dtype(), body),
            Compute.vars(dims)));
  }

  private static Expr read(OpContext c, List<Axis> dims, List<Axis> from, List<Axis> to) {
    List<Expr> index = new ArrayList<>();
    for (Axis a : dims) {
      int i = from.indexOf(a);
      index.add(Expr.var(i < 0 ? a : to.get(i)));
    }
    return Build.wide(Expr.read(0, c.dtype(0), index));
  }

  private static List<Axis> fresh(List<Axis> axes) {
    List<Axis> out = new ArrayList<>();
    for (Axis a : axes) {
      out.add(new Axis("r" + a.name(), a.extent()));
    }
    return out;
  }

  private static Expr position(List<Axis> axes) {
    Expr p = Expr.i32(0);
    for (Axis a : axes) {
      p = Expr.add(Expr.mul(p, Expr.i32(a.extent())), Expr.var(a));
    }
    return p;
  }
}
