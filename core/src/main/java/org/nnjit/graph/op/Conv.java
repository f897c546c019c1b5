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
    Shape x = c.shape(0);
    Shape w = c.shape(1);
    if (x.rank() < 3 || w.rank() != x.rank()) {
      throw c.error("input has shape " + x + " and weight " + w
          + ", wanted [batch, channels, space...] and [out, in, kernel...]");
    }
    int group = (int) c.attributes().getInt("group", 1);
    if (group < 1 || w.dim(1) * group != x.dim(1) || w.dim(0) % group != 0) {
      throw c.error("input has " + x.dim(1) + " channels, weight expects " + w.dim(1) * group
          + " (group=" + group + ")");
    }
    if (c.has(2) && (c.shape(2).rank() != 1 || c.shape(2).dim(0) != w.dim(0))) {
      throw c.error("bias has shape " + c.shape(2) + ", wanted [" + w.dim(0) + "]");
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
    return List.of(TensorType.of(c.dtype(0), Shape.of(out)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Shape x = c.shape(0);
    Shape w = c.shape(1);
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
    Expr value = Build.wide(Expr.read(0, c.dtype(0), xi));
    if (inside != null) {
      value = Expr.select(inside, value, Build.number(value.type(), 0));
    }
    Expr product = Expr.mul(value, Build.wide(Expr.read(1, c.dtype(1), wi)));
    Stage sum = new Stage(axes.size(), Combiner.SUM, over, product);
    Expr body = new Expr.StageValue(0, product.type());
    List<TensorType> inputs = new ArrayList<>(List.of(c.input(0), c.input(1)));
    if (c.has(2)) {
      inputs.add(c.input(2));
      body = Expr.add(body, Build.wide(Expr.read(2, c.dtype(2), outChannel)));
    }
    return Lowering.of(
        new Compute(
            "conv", inputs, out, axes, List.of(sum), Expr.cast(out.dtype(), body), store));
  }
}
