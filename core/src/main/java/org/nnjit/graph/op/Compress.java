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
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * The slices along an axis whose condition holds: a copy of each run of neighbours, on the host
 * where there are many.
 */
final class Compress implements Operator {
  private static final int MOST_RUNS = 32;

  @Override
  public String type() {
    return "Compress";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Tensor condition = c.value(1);
    if (condition.shape().rank() != 1 || condition.elements() > along(c).dim(axis(c))) {
      throw c.error("condition has shape " + condition.shape() + ", wanted at most "
          + along(c).dim(axis(c)) + " entries for input " + c.shape(0));
    }
    int n = 0;
    for (int i = 0; i < condition.elements(); i++) {
      n += (int) condition.getLong(i);
    }
    return List.of(TensorType.of(c.dtype(0), along(c).with(axis(c), n)));
  }

  /** The input's shape; without an axis, that of the flattened input. */
  private static Shape along(OpContext c) {
    Shape x = c.shape(0);
    return c.attributes().has("axis") ? x : Shape.of(x.elements(0, x.rank()));
  }

  private static int axis(OpContext c) {
    return c.attributes().has("axis")
        ? c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank())
        : 0;
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Tensor condition = c.value(1);
    int axis = axis(c);
    boolean flat = !c.attributes().has("axis");
    List<Lowering.Call> calls = new ArrayList<>();
    int to = 0;
    for (int from = 0; from < condition.elements(); from++) {
      int run = 0;
      while (from + run < condition.elements() && condition.getLong(from + run) != 0) {
        run++;
      }
      if (run == 0) {
        continue;
      }
      List<Axis> axes = Compute.axes(TensorType.of(c.dtype(0), along(c).with(axis, run)));
      List<Expr> index = new ArrayList<>(Compute.vars(axes));
      List<Expr> store = new ArrayList<>(index);
      store.set(axis, Expr.add(index.get(axis), Expr.i32(to)));
      index.set(axis, Expr.add(index.get(axis), Expr.i32(from)));
      Expr body =
          flat
              ? new Expr.ReadFlat(0, c.dtype(0), index.get(0))
              : Expr.read(0, c.dtype(0), index);
      Compute part =
          new Compute("compress", List.of(c.input(0)), out, axes, List.of(), body, store);
      calls.add(
          new Lowering.Call(part, List.of(new Lowering.Input(0)), new Lowering.Output(0)));
      to += run;
      from += run;
    }
    return calls.isEmpty() || calls.size() > MOST_RUNS ? null : new Lowering(calls);
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Shape shape = along(c);
    int axis = axis(c);
    Tensor condition = c.value(1);
    Tensor out = Tensor.zeros(c.dtype(0), infer(c).get(0).shape());
    int bytes = shape.elements(axis + 1, shape.rank()) * c.dtype(0).bytes();
    int outer = shape.elements(0, axis);
    int at = 0;
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < condition.elements(); i++) {
        if (condition.getLong(i) != 0) {
          int from = (o * shape.dim(axis) + i) * bytes;
          System.arraycopy(c.value(0).bytes(), from, out.bytes(), at, bytes);
          at += bytes;
        }
      }
    }
    return List.of(out);
  }
}
