package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** A strided part of each dimension; attributes before opset 10, inputs since. */
final class Slice implements Operator {

  @Override
  public String type() {
    return "Slice";
  }

  /** First index, step and count of each dimension. */
  private static int[][] ranges(OpContext c) {
    Shape s = c.shape(0);
    boolean old = c.opset() < 10;
    int[] starts = old ? c.attributes().getInts("starts") : c.ints(1);
    int[] ends = old ? c.attributes().getInts("ends") : c.ints(2);
    int[] axes = old ? c.attributes().getInts("axes", (int[]) null) : c.has(3) ? c.ints(3) : null;
    int[] steps = !old && c.has(4) ? c.ints(4) : null;
    int[][] r = new int[s.rank()][];
    for (int i = 0; i < r.length; i++) {
      r[i] = new int[] {0, 1, s.dim(i)};
    }
    if (starts.length != ends.length) {
      throw c.error("starts has " + starts.length + " entries and ends " + ends.length);
    }
    for (int i = 0; i < starts.length; i++) {
      int axis = c.axis(axes == null ? i : axes[i], s.rank());
      int step = steps == null ? 1 : steps[i];
      if (step == 0) {
        throw c.error("step of axis " + axis + " is 0");
      }
      int n = s.dim(axis);
      int from = clamp(starts[i], n, step > 0 ? 0 : -1, step > 0 ? n : n - 1);
      int to = clamp(ends[i], n, step > 0 ? 0 : -1, step > 0 ? n : n - 1);
      long span = step > 0 ? (long) to - from : (long) from - to;
      long by = Math.abs((long) step);
      r[axis] = new int[] {from, step, (int) Math.max(0, (span + by - 1) / by)};
    }
    return r;
  }

  private static int clamp(int v, int n, int low, int high) {
    long w = v < 0 ? (long) v + n : v;
    return (int) Math.max(low, Math.min(high, w));
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int[][] r = ranges(c);
    int[] dims = new int[r.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = r[i][2];
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int[][] r = ranges(c);
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < r.length; i++) {
      Expr steps = Expr.mul(Expr.var(axes.get(i)), Expr.i32(r[i][2] > 1 ? r[i][1] : 0));
      index.add(Expr.add(steps, Expr.i32(r[i][0])));
    }
    Expr body = Expr.read(0, c.dtype(0), index);
    return Lowering.of(
        Compute.of("slice", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }
}
