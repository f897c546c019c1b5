package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Transposed convolution of x [batch, in, space...] with w [in, out / group, kernel...].
 *
 * <p>Result position p takes kernel position k of input position q where {@code p + pad = q *
 * stride + k * dilation}. Positions with one remainder of {@code p + pad} by the stride take the
 * same kernel positions, so each remainder is a plain convolution without holes and a compute of
 * its own. Where strides make too many of them, one compute tests the remainder at every point.
 */
final class ConvTranspose implements Operator {
  /** Most computes that a node becomes. */
  private static final int MOST_PHASES = 16;

  @Override
  public String type() {
    return "ConvTranspose";
  }

  /** Strides, dilations, leading pads and result extents of the spatial dimensions. */
  private record Geometry(int[] kernel, int[] stride, int[] dilation, int[] begin, int[] out) {}

  private static Geometry geometry(OpContext c) {
    Shape x = c.shape(0);
    Shape w = c.shape(1);
    if (x.rank() < 3 || w.rank() != x.rank()) {
      throw c.error("input has shape " + x + " and weight " + w
          + ", wanted [batch, in, space...] and [in, out / group, kernel...]");
    }
    int group = (int) c.attributes().getInt("group", 1);
    if (group < 1 || w.dim(0) != x.dim(1) || x.dim(1) % group != 0) {
      throw c.error("input has " + x.dim(1) + " channels, weight expects " + w.dim(0)
          + " (group=" + group + ")");
    }
    if (c.has(2) && !c.shape(2).equals(Shape.of(w.dim(1) * group))) {
      throw c.error("bias has shape " + c.shape(2) + ", wanted [" + w.dim(1) * group + "]");
    }
    int n = x.rank() - 2;
    int[] kernel = new int[n];
    for (int i = 0; i < n; i++) {
      kernel[i] = w.dim(i + 2);
    }
    int[] stride = Build.ints(c, "strides", n, 1);
    int[] dilation = Build.ints(c, "dilations", n, 1);
    int[] extra = Build.ints(c, "output_padding", n, 0);
    int[] pads = Build.ints(c, "pads", 2 * n, 0);
    int[] wanted = c.attributes().has("output_shape") ? Build.ints(c, "output_shape", n, 0) : null;
    String auto = c.attributes().getString("auto_pad", "NOTSET");
    int[] begin = new int[n];
    int[] out = new int[n];
    for (int i = 0; i < n; i++) {
      if (stride[i] < 1 || dilation[i] < 1) {
        throw c.error("strides and dilations must be at least 1");
      }
      int full =
          (x.dim(i + 2) - 1) * stride[i] + extra[i] + (kernel[i] - 1) * dilation[i] + 1;
      boolean same = auto.startsWith("SAME");
      if (wanted != null || same) {
        out[i] = wanted != null ? wanted[i] : x.dim(i + 2) * stride[i];
        int total = Math.max(0, full - out[i]);
        begin[i] = auto.equals("SAME_UPPER") ? total / 2 : total - total / 2;
      } else {
        boolean padded = auto.equals("NOTSET");
        begin[i] = padded ? pads[i] : 0;
        out[i] = full - begin[i] - (padded ? pads[i + n] : 0);
      }
      if (out[i] < 0) {
        throw c.error("pads leave nothing of dimension " + (i + 2) + " of " + x);
      }
    }
    return new Geometry(kernel, stride, dilation, begin, out);
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Geometry g = geometry(c);
    int[] dims = c.shape(0).dims();
    dims[1] = c.shape(1).dim(1) * (int) c.attributes().getInt("group", 1);
    System.arraycopy(g.out, 0, dims, 2, g.out.length);
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  /**
   * Points {@code first + step * u} along one dimension with the kernel positions {@code kFirst +
   * kStep * j} that they take; {@code tested} when the remainder still decides.
   */
  private record Phase(
      int first, int step, int count, int kFirst, int kStep, int kCount, boolean tested) {}

  private static List<Phase> phases(Geometry g, int i, boolean split) {
    if (!split) {
      return List.of(new Phase(0, 1, g.out[i], 0, 1, g.kernel[i], true));
    }
    int stride = g.stride[i];
    int period = 1;
    while (period * g.dilation[i] % stride != 0) {
      period++;
    }
    List<Phase> phases = new ArrayList<>();
    for (int r = 0; r < stride; r++) {
      int first = Math.floorMod(r - g.begin[i], stride);
      if (first >= g.out[i]) {
        continue;
      }
      int k = 0;
      while (k < period && k * g.dilation[i] % stride != r) {
        k++;
      }
      int taken = k < period && k < g.kernel[i] ? (g.kernel[i] - k - 1) / period + 1 : 0;
      int count = (g.out[i] - first - 1) / stride + 1;
      phases.add(new Phase(first, stride, count, k, period, taken, false));
    }
    return phases;
  }

  @Override
  public Lowering lower(OpContext c) {
    Geometry g = geometry(c);
    long product = 1;
    for (int s : g.stride) {
      product *= s;
    }
    List<List<Phase>> chosen = new ArrayList<>(List.of(List.of()));
    for (int i = 0; i < g.out.length; i++) {
      List<List<Phase>> longer = new ArrayList<>();
      for (List<Phase> before : chosen) {
        for (Phase p : phases(g, i, product <= MOST_PHASES)) {
          List<Phase> more = new ArrayList<>(before);
          more.add(p);
          longer.add(more);
        }
      }
      chosen = longer;
    }
    List<Lowering.Call> calls = new ArrayList<>();
    for (List<Phase> phases : chosen) {
      calls.add(call(c, g, phases));
    }
    return new Lowering(calls);
  }

  private Lowering.Call call(OpContext c, Geometry g, List<Phase> phases) {
    TensorType out = infer(c).get(0);
    Shape x = c.shape(0);
    int group = (int) c.attributes().getInt("group", 1);
    Axis batch = new Axis("n", x.dim(0));
    Axis of = new Axis("g", group);
    Axis o = new Axis("o", c.shape(1).dim(1));
    Axis ic = new Axis("c", x.dim(1) / group);
    List<Axis> axes = new ArrayList<>(List.of(batch, of, o));
    List<Axis> over = new ArrayList<>(List.of(ic));
    Expr inChannel = Expr.add(Expr.mul(Expr.var(of), Expr.i32(ic.extent())), Expr.var(ic));
    Expr channel = Expr.add(Expr.mul(Expr.var(of), Expr.i32(o.extent())), Expr.var(o));
    List<Expr> xi = new ArrayList<>(List.of(Expr.var(batch), inChannel));
    List<Expr> wi = new ArrayList<>(List.of(inChannel, Expr.var(o)));
    List<Expr> store = new ArrayList<>(List.of(Expr.var(batch), channel));
    Expr inside = null;
    boolean empty = false;
    for (int i = 0; i < phases.size(); i++) {
      Phase p = phases.get(i);
      Axis u = new Axis("p" + i, p.count);
      Axis j = new Axis("k" + i, p.kCount);
      axes.add(u);
      over.add(j);
      empty |= p.kCount == 0;
      store.add(Expr.add(Expr.mul(Expr.var(u), Expr.i32(p.step)), Expr.i32(p.first)));
      wi.add(Expr.add(Expr.mul(Expr.var(j), Expr.i32(p.kStep)), Expr.i32(p.kFirst)));
      int shift = p.first + g.begin[i] - p.kFirst * g.dilation[i];
      int back = p.kStep * g.dilation[i];
      int most = shift + (p.count - 1) * p.step;
      int least = shift - (p.kCount - 1) * back;
      if (p.tested) {
        Expr from = position(u, shift, j, back);
        Expr stride = Expr.i32(g.stride[i]);
        Expr whole = Build.eq(Expr.binary(BinaryOp.REM, from, stride), Expr.i32(0));
        Expr q = Expr.binary(BinaryOp.DIV, from, stride);
        inside = and(inside, Expr.and(Build.le(Expr.i32(0), from), whole));
        inside = and(inside, Expr.lt(q, Expr.i32(x.dim(i + 2))));
        xi.add(q);
      } else {
        int s = g.stride[i];
        Expr q = position(u, shift / s, j, back / s);
        inside = least < 0 ? and(inside, Build.le(Expr.i32(0), q)) : inside;
        inside =
            most / s >= x.dim(i + 2) ? and(inside, Expr.lt(q, Expr.i32(x.dim(i + 2)))) : inside;
        xi.add(q);
      }
    }
    DType t = Build.working(out.dtype());
    Args args = new Args(c);
    List<Stage> stages = new ArrayList<>();
    Expr body = Build.number(t, 0);
    if (!empty) {
      Expr value = Build.wide(args.read(0, xi));
      if (inside != null) {
        value = Expr.select(inside, value, Build.number(t, 0));
      }
      Expr weighted = Expr.mul(value, Build.wide(args.read(1, wi)));
      stages.add(new Stage(axes.size(), Combiner.SUM, over, weighted));
      body = new Expr.StageValue(0, t);
    }
    if (c.has(2)) {
      Expr bias = Build.wide(args.read(2, channel));
      body = empty ? bias : Expr.add(body, bias);
    }
    return args.call(
        "convtranspose", out, axes, stages, body, store, new Lowering.Output(0));
  }

  /** {@code u + shift - j * back}. */
  private static Expr position(Axis u, int shift, Axis j, int back) {
    Expr forward = Expr.add(Expr.var(u), Expr.i32(shift));
    return Expr.add(forward, Expr.mul(Expr.var(j), Expr.i32(-back)));
  }

  private static Expr and(Expr a, Expr b) {
    return a == null ? b : Expr.and(a, b);
  }
}
