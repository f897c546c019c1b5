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
import org.nnjit.tensor.TensorType;

/** Position of the largest or smallest element: the extreme first, then the index that has it. */
final class ArgReduce implements Operator {
  private final String type;
  private final boolean max;

  ArgReduce(String type, boolean max) {
    this.type = type;
    this.max = max;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int rank = c.shape(0).rank();
    int axis = c.axis(c.attributes().getInt("axis", 0), rank);
    boolean[] gone = new boolean[rank];
    gone[axis] = true;
    boolean keep = c.attributes().getInt("keepdims", 1) == 1;
    return List.of(TensorType.of(DType.I64, Reduce.kept(c.shape(0), gone, keep)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int rank = c.shape(0).rank();
    int axis = c.axis(c.attributes().getInt("axis", 0), rank);
    boolean keep = c.attributes().getInt("keepdims", 1) == 1;
    boolean last = c.attributes().getInt("select_last_index", 0) == 1;
    List<Axis> axes = Compute.axes(out);
    int extent = c.shape(0).dim(axis);
    Axis r = new Axis("r", extent);
    Axis q = new Axis("q", extent);
    Expr first = Build.wide(Expr.read(0, c.dtype(0), index(axes, axis, rank, keep, r)));
    Expr again = Build.wide(Expr.read(0, c.dtype(0), index(axes, axis, rank, keep, q)));
    int outer = axes.size();
    Stage extreme =
        new Stage(outer, max ? Combiner.MAX : Combiner.MIN, List.of(r), first);
    Expr hit = Build.eq(again, new Expr.StageValue(0, first.type()));
    Expr at = Expr.select(hit, Expr.var(q), Expr.i32(last ? -1 : extent));
    Stage position = new Stage(outer, last ? Combiner.MAX : Combiner.MIN, List.of(q), at);
    // A row of NaN matches nothing: the index stays in range all the same.
    Expr found = Expr.min(new Expr.StageValue(1, DType.I32), Expr.i32(extent - 1));
    Expr body = Expr.cast(DType.I64, Expr.max(found, Expr.i32(0)));
    return Lowering.of(
        Compute.of(
            type.toLowerCase(), List.of(c.input(0)), out, axes, List.of(extreme, position), body));
  }

  private static List<Expr> index(List<Axis> axes, int axis, int rank, boolean keep, Axis over) {
    List<Expr> index = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < rank; i++) {
      if (i == axis) {
        index.add(Expr.var(over));
        next += keep ? 1 : 0;
      } else {
        index.add(Expr.var(axes.get(next++)));
      }
    }
    return index;
  }
}
