package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Reshape, Flatten, Squeeze and Unsqueeze: the same elements in row-major order under another shape. */
final class Reshape implements Operator {
  private final String type;

  Reshape(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape in = c.shape(0);
    Shape out =
        switch (type) {
          case "Flatten" -> flatten(c, in);
          case "Squeeze" -> squeeze(c, in);
          case "Unsqueeze" -> unsqueeze(c, in);
          default -> reshape(c, in);
        };
    return List.of(TensorType.of(c.dtype(0), out));
  }

  private static Shape reshape(OpContext c, Shape in) {
    int[] wanted = c.opset() < 5 ? c.attributes().getInts("shape") : c.ints(1);
    boolean allowZero = c.attributes().getInt("allowzero", 0) == 1;
    int[] dims = wanted.clone();
    int free = -1;
    long known = 1;
    for (int i = 0; i < dims.length; i++) {
      if (dims[i] == 0 && !allowZero) {
        if (i >= in.rank()) {
          throw c.error("shape entry " + i + " is 0 (copy), but the input has shape " + in);
        }
        dims[i] = in.dim(i);
      }
      if (dims[i] == -1 && free < 0) {
        free = i;
        continue;
      }
      if (dims[i] < 0) {
        throw c.error("shape entry " + i + " is " + dims[i]
            + ", wanted a positive number, 0, or one single -1");
      }
      known *= dims[i];
    }
    if (free >= 0) {
      if (known == 0 || in.elements() % known != 0) {
        throw c.error("input " + in + " has " + in.elements()
            + " elements, which the other dimensions, " + known + ", do not divide");
      }
      dims[free] = (int) (in.elements() / known);
    } else if (known != in.elements()) {
      throw c.error("input " + in + " has " + in.elements() + " elements, the new shape "
          + Shape.of(dims) + " " + known);
    }
    return Shape.of(dims);
  }

  private static Shape flatten(OpContext c, Shape in) {
    long raw = c.attributes().getInt("axis", 1);
    int axis = raw == in.rank() ? in.rank() : c.axis(raw, in.rank());
    return Shape.of(in.elements(0, axis), in.elements(axis, in.rank()));
  }

  private static Shape squeeze(OpContext c, Shape in) {
    int[] axes = Build.axes(c, 1, in.rank());
    boolean[] gone = new boolean[in.rank()];
    for (int i = 0; i < in.rank(); i++) {
      gone[i] = axes == null ? in.dim(i) == 1 : Build.contains(axes, i);
      if (gone[i] && in.dim(i) != 1) {
        throw c.error("axis " + i + " of " + in + " is not 1 and cannot be squeezed");
      }
    }
    return Reduce.kept(in, gone, false);
  }

  private static Shape unsqueeze(OpContext c, Shape in) {
    int[] given = c.attributes().getInts("axes", (int[]) null);
    int count = (given != null ? given : c.ints(1)).length;
    int rank = in.rank() + count;
    int[] axes = Build.axes(c, 1, rank);
    int[] dims = new int[rank];
    int next = 0;
    for (int i = 0; i < rank; i++) {
      dims[i] = Build.contains(axes, i) ? 1 : next < in.rank() ? in.dim(next++) : -1;
      if (dims[i] < 0) {
        throw c.error("axes name a dimension twice");
      }
    }
    return Shape.of(dims);
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    List<Expr> plain = withoutOnes(c.shape(0), out.shape(), axes);
    Expr body =
        plain != null
            ? Expr.read(0, c.dtype(0), plain)
            : new Expr.ReadFlat(
                0, c.dtype(0), Exprs.linear(Compute.vars(axes), out.shape().dims()));
    return Lowering.of(
        Compute.of("reshape", List.of(c.input(0)), out, axes, List.of(), body), 0);
  }

  /** The input's indices when the shapes differ by dimensions of 1 only, else null. */
  private static List<Expr> withoutOnes(Shape in, Shape out, List<Axis> axes) {
    List<Expr> index = new ArrayList<>();
    int o = 0;
    for (int i = 0; i < in.rank(); i++) {
      if (in.dim(i) == 1) {
        index.add(Expr.i32(0));
        continue;
      }
      while (o < out.rank() && out.dim(o) == 1) {
        o++;
      }
      if (o == out.rank() || out.dim(o) != in.dim(i)) {
        return null;
      }
      index.add(Expr.var(axes.get(o++)));
    }
    while (o < out.rank() && out.dim(o) == 1) {
      o++;
    }
    return o == out.rank() ? index : null;
  }
}
