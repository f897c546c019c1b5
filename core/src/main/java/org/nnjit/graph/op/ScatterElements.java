package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Data with single elements replaced or joined; with many along the axis it runs on the host. */
final class ScatterElements implements Operator {
  private final String type;

  ScatterElements(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    if (!c.shape(1).equals(c.shape(2))) {
      throw c.error("indices have shape " + c.shape(1) + " and updates " + c.shape(2));
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    Shape indices = c.shape(1);
    int axis = c.axis(c.attributes().getInt("axis", 0), indices.rank());
    if (!ScatterSearch.pays(c, indices.dim(axis))) {
      return null;
    }
    List<Axis> axes = Compute.axes(c.input(0));
    Expr inside = null;
    for (int d = 0; d < indices.rank(); d++) {
      if (d != axis && indices.dim(d) < c.shape(0).dim(d)) {
        Expr within = Expr.lt(Expr.var(axes.get(d)), Expr.i32(indices.dim(d)));
        inside = inside == null ? within : Expr.and(inside, within);
      }
    }
    Expr reached = inside;
    Lowering search = ScatterSearch.lower(
        c,
        axes,
        indices.dim(axis),
        u -> {
          Expr at = Expr.read(1, c.dtype(1), Build.along(axes, axis, u));
          Expr named = ScatterSearch.names(at, c.shape(0).dim(axis), axes.get(axis));
          return reached == null
              ? named
              : Expr.select(reached, named, new Expr.IntConst(DType.BOOL, 0));
        },
        u -> Build.wide(Expr.read(2, c.dtype(2), Build.along(axes, axis, u))));
    return Build.checked(c, search, c.shape(0).dim(axis));
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Tensor data = c.value(0);
    int axis = c.axis(c.attributes().getInt("axis", 0), data.shape().rank());
    String how = c.attributes().getString("reduction", "none");
    Tensor out = new Tensor(data.dtype(), data.shape(), data.bytes().clone());
    Tensor indices = c.value(1);
    Tensor updates = c.value(2);
    int[] strides = data.shape().rowMajorStrides();
    for (int i = 0; i < indices.elements(); i++) {
      int rest = i;
      int to = 0;
      for (int d = data.shape().rank() - 1; d >= 0; d--) {
        int at = rest % indices.shape().dim(d);
        rest /= indices.shape().dim(d);
        if (d == axis) {
          at = checked(c, indices.getLong(i), data.shape().dim(d));
        }
        to += at * strides[d];
      }
      join(c, how, out, to, updates, i);
    }
    return List.of(out);
  }

  static int checked(OpContext c, long index, int extent) {
    if (index < -extent || index >= extent) {
      throw c.error("index " + index + " lies outside a dimension of " + extent);
    }
    return (int) (index < 0 ? index + extent : index);
  }

  static void join(OpContext c, String how, Tensor out, int to, Tensor updates, int from) {
    boolean floats = out.dtype().isFloat();
    double a = out.getDouble(to);
    double b = updates.getDouble(from);
    switch (how) {
      case "none" -> {
        if (floats) {
          out.setDouble(to, b);
        } else {
          out.setLong(to, updates.getLong(from));
        }
      }
      case "add" -> out.setDouble(to, a + b);
      case "mul" -> out.setDouble(to, a * b);
      case "max" -> out.setDouble(to, Math.max(a, b));
      case "min" -> out.setDouble(to, Math.min(a, b));
      default -> throw c.error("reduction '" + how + "', wanted none, add, mul, max or min");
    }
  }
}
