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

/** Maximum, average or p-norm over windows, or over all of space. */
final class Pool implements Operator {
  /** What is taken of a window. */
  enum Kind {
    AVERAGE,
    MAX,
    /** {@code (sum |x|^p)^(1/p)}; padding counts as 0. */
    NORM
  }

  private final String type;
  private final Kind kind;
  private final boolean global;

  Pool(String type, Kind kind, boolean global) {
    this.type = type;
    this.kind = kind;
    this.global = global;
  }

  @Override
  public String type() {
    return type;
  }

  private int[] kernel(OpContext c) {
    Shape x = c.shape(0);
    if (x.rank() < 3) {
      throw c.error("input has shape " + x + ", wanted [batch, channels, space...]");
    }
    int[] kernel = new int[x.rank() - 2];
    if (global) {
      for (int i = 0; i < kernel.length; i++) {
        kernel[i] = x.dim(i + 2);
      }
      return kernel;
    }
    int[] given = c.attributes().getInts("kernel_shape", (int[]) null);
    if (given == null || given.length != kernel.length) {
      throw c.error("kernel_shape must have " + kernel.length + " entries for input " + x);
    }
    return given;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Window w = Window.of(c, kernel(c));
    int[] out = c.shape(0).dims();
    for (int i = 0; i < w.out.length; i++) {
      out[i + 2] = w.out[i];
    }
    TensorType t = TensorType.of(c.dtype(0), Shape.of(out));
    return List.of(t, TensorType.of(DType.I64, t.shape()));
  }

  @Override
  public Lowering lower(OpContext c) {
    List<TensorType> types = infer(c);
    List<Lowering.Call> calls = new ArrayList<>();
    calls.add(call(c, types.get(0), false));
    if (c.node().outputs().size() > 1 && !c.node().outputs().get(1).isEmpty()) {
      calls.add(call(c, types.get(1), true));
    }
    return new Lowering(calls);
  }

  private Lowering.Call call(OpContext c, TensorType out, boolean indices) {
    int[] kernel = kernel(c);
    Window w = Window.of(c, kernel);
    List<Axis> axes = Compute.axes(out);
    DType t = Build.working(c.dtype(0));
    List<Stage> stages = new ArrayList<>();
    Expr value = windowed(c, axes, w, kernel, stages, indices, t);
    Compute compute =
        Compute.of(
            type.toLowerCase(), List.of(c.input(0)), out, axes, stages,
            Expr.cast(out.dtype(), value));
    return new Lowering.Call(
        compute, List.of(new Lowering.Input(0)), new Lowering.Output(indices ? 1 : 0));
  }

  private Expr windowed(
      OpContext c, List<Axis> axes, Window w, int[] kernel, List<Stage> stages, boolean indices,
      DType t) {
    int outer = axes.size();
    Point p = point(c, axes, w, kernel, t);
    if (kind == Kind.MAX) {
      stages.add(new Stage(outer, Combiner.MAX, p.over, p.guarded(lowest(t))));
      Expr max = new Expr.StageValue(0, t);
      if (!indices) {
        return max;
      }
      Point q = point(c, axes, w, kernel, t);
      boolean columnMajor = c.attributes().getInt("storage_order", 0) == 1;
      Expr flat = q.position(c.shape(0), columnMajor);
      Expr none = Expr.i32(Integer.MAX_VALUE);
      Expr hit = Expr.select(Build.eq(q.guarded(lowest(t)), max), flat, none);
      stages.add(new Stage(outer, Combiner.MIN, q.over, hit));
      return new Expr.StageValue(1, DType.I32);
    }
    Expr sum = new Expr.StageValue(0, t);
    if (kind == Kind.NORM) {
      long power = c.attributes().getInt("p", 2);
      Expr x = Expr.unary(UnaryOp.ABS, p.guarded(Build.number(t, 0)));
      stages.add(new Stage(outer, Combiner.SUM, p.over, Build.power(x, power)));
      return Build.power(sum, 1.0 / power);
    }
    stages.add(new Stage(outer, Combiner.SUM, p.over, p.guarded(Build.number(t, 0))));
    boolean includePad = c.attributes().getInt("count_include_pad", 0) == 1;
    if (p.inside == null || includePad && c.attributes().getInt("ceil_mode", 0) == 0) {
      double points = 1;
      for (int k : kernel) {
        points *= k;
      }
      return Expr.mul(sum, Build.number(t, 1 / points));
    }
    Point q = point(c, axes, w, kernel, t);
    Expr counted = includePad ? q.insidePadded : q.inside;
    Expr one = Build.number(t, 1);
    Expr count = counted == null ? one : Expr.select(counted, one, Build.number(t, 0));
    stages.add(new Stage(outer, Combiner.SUM, q.over, count));
    return Expr.div(sum, new Expr.StageValue(1, t));
  }

  private static Expr lowest(DType t) {
    if (t.isFloat()) {
      return Build.number(t, Double.NEGATIVE_INFINITY);
    }
    return new Expr.IntConst(t, t.isUnsigned() ? 0 : -1L << (t.bytes() * 8 - 1));
  }

  private static Point point(OpContext c, List<Axis> axes, Window w, int[] kernel, DType t) {
    Point p = new Point();
    p.index.add(Expr.var(axes.get(0)));
    p.index.add(Expr.var(axes.get(1)));
    for (int i = 0; i < kernel.length; i++) {
      Axis k = new Axis("k" + i, kernel[i]);
      p.over.add(k);
      Expr at = w.position(i, Expr.var(axes.get(i + 2)), Expr.var(k));
      p.index.add(at);
      int extent = c.shape(0).dim(i + 2);
      p.inside = w.guard(i, at, extent, kernel[i], p.inside);
      int last = (w.out[i] - 1) * w.strides[i] + (kernel[i] - 1) * w.dilations[i] - w.begin[i];
      if (last >= extent + w.end[i]) {
        Expr within = Expr.lt(at, Expr.i32(extent + w.end[i]));
        p.insidePadded = p.insidePadded == null ? within : Expr.and(p.insidePadded, within);
      }
    }
    p.read = Expr.cast(t, Expr.read(0, c.dtype(0), p.index));
    return p;
  }

  /** One element of a window. */
  private static final class Point {
    final List<Axis> over = new ArrayList<>();
    final List<Expr> index = new ArrayList<>();
    Expr inside;
    Expr insidePadded;
    Expr read;

    Expr guarded(Expr otherwise) {
      return inside == null ? read : Expr.select(inside, read, otherwise);
    }

    /** Position in the whole input, as MaxPool's Indices count it. */
    Expr position(Shape x, boolean columnMajor) {
      Expr flat =
          Expr.add(Expr.mul(index.get(0), Expr.i32(x.dim(1))), index.get(1));
      int n = index.size() - 2;
      for (int i = 0; i < n; i++) {
        int d = columnMajor ? n - 1 - i : i;
        flat = Expr.add(Expr.mul(flat, Expr.i32(x.dim(d + 2))), index.get(d + 2));
      }
      return flat;
    }
  }
}
