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

/** ReduceSum, ReduceMean and their kind; axes by attribute or input. */
final class Reduce implements Operator {
  private final String type;

  Reduce(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  /** Which dimensions go; null when none does (noop_with_empty_axes). */
  private static boolean[] reduced(OpContext c) {
    int rank = c.shape(0).rank();
    int[] axes = Build.axes(c, 1, rank);
    boolean[] gone = new boolean[rank];
    boolean all = axes == null || axes.length == 0;
    if (all && c.attributes().getInt("noop_with_empty_axes", 0) == 1) {
      return gone;
    }
    for (int i = 0; i < rank; i++) {
      gone[i] = all || Build.contains(axes, i);
    }
    return gone;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    boolean keep = c.attributes().getInt("keepdims", 1) == 1;
    return List.of(TensorType.of(c.dtype(0), kept(c.shape(0), reduced(c), keep)));
  }

  static Shape kept(Shape in, boolean[] gone, boolean keepDims) {
    List<Integer> dims = new ArrayList<>();
    for (int i = 0; i < in.rank(); i++) {
      if (!gone[i]) {
        dims.add(in.dim(i));
      } else if (keepDims) {
        dims.add(1);
      }
    }
    int[] d = new int[dims.size()];
    for (int i = 0; i < d.length; i++) {
      d[i] = dims.get(i);
    }
    return Shape.of(d);
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    boolean keep = c.attributes().getInt("keepdims", 1) == 1;
    boolean[] gone = reduced(c);
    Shape in = c.shape(0);
    List<Axis> axes = Compute.axes(out);
    List<Axis> over = new ArrayList<>();
    List<Expr> index = new ArrayList<>();
    int next = 0;
    long count = 1;
    for (int i = 0; i < in.rank(); i++) {
      if (gone[i]) {
        Axis r = new Axis("r" + i, in.dim(i));
        over.add(r);
        index.add(Expr.var(r));
        count *= in.dim(i);
        next += keep ? 1 : 0;
      } else {
        index.add(Expr.var(axes.get(next++)));
      }
    }
    Expr x = Build.wide(Expr.read(0, c.dtype(0), index));
    DType t = x.type();
    List<Stage> stages = new ArrayList<>();
    int outer = axes.size();
    Expr total;
    if (type.equals("ReduceLogSumExp")) {
      stages.add(new Stage(outer, Combiner.MAX, over, x));
      Expr max = new Expr.StageValue(0, t);
      Expr e = Expr.unary(UnaryOp.EXP, Expr.sub(x, max));
      stages.add(new Stage(outer, Combiner.SUM, copyOf(over), e));
      stages.set(1, renewed(stages.get(1), over));
      total = Expr.add(Expr.unary(UnaryOp.LOG, new Expr.StageValue(1, t)), max);
    } else {
      Combiner combiner =
          switch (type) {
            case "ReduceMax" -> Combiner.MAX;
            case "ReduceMin" -> Combiner.MIN;
            case "ReduceProd" -> Combiner.PROD;
            default -> Combiner.SUM;
          };
      Expr body =
          switch (type) {
            case "ReduceL1" -> Expr.unary(UnaryOp.ABS, x);
            case "ReduceL2", "ReduceSumSquare" -> Expr.mul(x, x);
            default -> x;
          };
      stages.add(new Stage(outer, combiner, over, body));
      Expr s = new Expr.StageValue(0, t);
      total =
          switch (type) {
            case "ReduceMean" -> Expr.div(s, Build.number(t, count));
            case "ReduceL2" -> root(s);
            case "ReduceLogSum" -> Expr.unary(UnaryOp.LOG, s);
            default -> s;
          };
    }
    Expr body = Expr.cast(out.dtype(), total);
    return Lowering.of(
        Compute.of(type.toLowerCase(), List.of(c.input(0)), out, axes, stages, body), 0);
  }

  private static Expr root(Expr s) {
    return s.type().isFloat()
        ? Expr.unary(UnaryOp.SQRT, s)
        : Expr.cast(s.type(), Expr.unary(UnaryOp.SQRT, Expr.cast(DType.F64, s)));
  }

  private static List<Axis> copyOf(List<Axis> axes) {
    List<Axis> copy = new ArrayList<>();
    for (Axis a : axes) {
      copy.add(new Axis(a.name(), a.extent()));
    }
    return copy;
  }

  /** The stage over its own axes where its body used those of an earlier one. */
  static Stage renewed(Stage s, List<Axis> earlier) {
    java.util.Map<Axis, Expr> map = new java.util.HashMap<>();
    for (int i = 0; i < earlier.size(); i++) {
      map.put(earlier.get(i), Expr.var(s.axes().get(i)));
    }
    Expr body = org.nnjit.compute.Exprs.substitute(s.body(), map);
    return new Stage(s.outer(), s.combiner(), s.axes(), body);
  }
}
