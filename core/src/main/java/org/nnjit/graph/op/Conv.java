package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Convolution over any number of spatial dimensions, grouped, strided, dilated, padded. */
final class Conv implements Operator {

  @Override
  public String type() {
    return "Conv";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return List.of(TensorType.of(c.dtype(0), shape(c, 1, 2)));
  }

  /** Shape of the convolution of input 0 with the weight and the optional bias at these inputs. */
  static Shape shape(OpContext c, int weight, int bias) {
    Shape x = c.shape(0);
    Shape w = c.shape(weight);
    if (x.rank() < 3 || w.rank() != x.rank()) {
      throw c.error("input has shape " + x + " and weight " + w
          + ", wanted [batch, channels, space...] and [out, in, kernel...]");
    }
    int group = (int) c.attributes().getInt("group", 1);
    if (group < 1 || w.dim(1) * group != x.dim(1) || w.dim(0) % group != 0) {
      throw c.error("input has " + x.dim(1) + " channels, weight expects " + w.dim(1) * group
          + " (group=" + group + ")");
    }
    if (c.has(bias) && (c.shape(bias).rank() != 1 || c.shape(bias).dim(0) != w.dim(0))) {
      throw c.error("bias has shape " + c.shape(bias) + ", wanted [" + w.dim(0) + "]");
    }
    int[] kernel = c.attributes().getInts("kernel_shape", (int[]) null);
    int[] dims = new int[x.rank() - 2];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = w.dim(i + 2);
      if (kernel != null && (kernel.length != dims.length || kernel[i] != dims[i])) {
        throw c.error("kernel_shape differs from the weight's shape " + w);
      }
    }
    Window window = Window.of(c, dims);
    int[] out = new int[x.rank()];
    out[0] = x.dim(0);
    out[1] = w.dim(0);
    for (int i = 0; i < dims.length; i++) {
      out[i + 2] = window.out[i];
    }
    return Shape.of(out);
  }

  /**
   * How the elements of a convolution are reached.
   *
   * @param axes batch, group, channel of the group, space
   * @param over channel of the input's group, kernel
   * @param x index in the input
   * @param w index in the weight
   * @param inside whether x lies in the input, or null when it always does
   * @param channel of the result
   * @param store index in the result
   */
  record Windows(
      List<Axis> axes,
      List<Axis> over,
      List<Expr> x,
      List<Expr> w,
      Expr inside,
      Expr channel,
      List<Expr> store) {

    /** The sum of what is made of the elements: {@code value} counts as 0 outside the input. */
    Stage sum(Expr value, Expr weight) {
      Expr v =
          inside == null
              ? value
              : Expr.select(inside, value, Build.number(value.type(), 0));
      return new Stage(axes.size(), Combiner.SUM, over, Expr.mul(v, weight));
    }
  }

  static Windows windows(OpContext c, int weight) {
    Shape x = c.shape(0);
    Shape w = c.shape(weight);
    int space = x.rank() - 2;
    int[] kernel = new int[space];
    for (int i = 0; i < space; i++) {
      kernel[i] = w.dim(i + 2);
    }
    Window window = Window.of(c, kernel);
    int group = (int) c.attributes().getInt("group", 1);
    int perIn = w.dim(1);
    int perOut = w.dim(0) / group;
    // A grouped convolution has an axis for the group: every index stays affine.
    List<Axis> axes = new ArrayList<>();
    Axis n = new Axis("n", x.dim(0));
    Axis g = new Axis("g", group);
    Axis o = new Axis("o", perOut);
    axes.add(n);
    axes.add(g);
    axes.add(o);
    List<Axis> over = new ArrayList<>();
    Axis ic = new Axis("c", perIn);
    over.add(ic);
    Expr outChannel = Expr.add(Expr.mul(Expr.var(g), Expr.i32(perOut)), Expr.var(o));
    List<Expr> xi = new ArrayList<>();
    xi.add(Expr.var(n));
    xi.add(Expr.add(Expr.mul(Expr.var(g), Expr.i32(perIn)), Expr.var(ic)));
    List<Expr> wi = new ArrayList<>(List.of(outChannel, Expr.var(ic)));
    List<Expr> store = new ArrayList<>(List.of(Expr.var(n), outChannel));
    Expr inside = null;
    for (int i = 0; i < space; i++) {
      Axis p = new Axis("p" + i, window.out[i]);
      Axis k = new Axis("k" + i, kernel[i]);
      axes.add(p);
      over.add(k);
      Expr at = window.position(i, Expr.var(p), Expr.var(k));
      xi.add(at);
      wi.add(Expr.var(k));
      store.add(Expr.var(p));
      inside = window.guard(i, at, x.dim(i + 2), kernel[i], inside);
    }
    return new Windows(axes, over, xi, wi, inside, outChannel, store);
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Windows at = windows(c, 1);
    Args args = new Args(c);
    Stage sum = at.sum(Build.wide(args.read(0, at.x())), Build.wide(args.read(1, at.w())));
    Expr body = new Expr.StageValue(0, sum.body().type());
    if (c.has(2)) {
      body = Expr.add(body, Build.wide(args.read(2, at.channel())));
    }
    return new Lowering(
        List.of(
            args.call(
                "conv", out, at.axes(), List.of(sum), body, at.store(),
                new Lowering.Output(0))));
  }
}
