package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** Parts along an axis; sizes by attribute, by input, or equal. */
final class Split implements Operator {

  @Override
  public String type() {
    return "Split";
  }

  private static int[] sizes(OpContext c) {
    int axis = c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    int extent = c.shape(0).dim(axis);
    int[] split = c.attributes().getInts("split", (int[]) null);
    if (split == null && c.has(1)) {
      split = c.ints(1);
    }
    int parts = c.node().outputs().size();
    if (split == null) {
      parts = (int) c.attributes().getInt("num_outputs", parts);
      int each = (extent + parts - 1) / parts;
      split = new int[parts];
      for (int i = 0; i < parts; i++) {
        split[i] = Math.max(0, Math.min(each, extent - i * each));
      }
    }
    int sum = 0;
    for (int s : split) {
      sum += s;
    }
    if (sum != extent || split.length < c.node().outputs().size()) {
      throw c.error("parts sum to " + sum + " over " + split.length + " outputs, axis " + axis
          + " of " + c.shape(0) + " has " + extent);
    }
    return split;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int axis = c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    List<TensorType> types = new ArrayList<>();
    for (int size : sizes(c)) {
      types.add(TensorType.of(c.dtype(0), c.shape(0).with(axis, size)));
    }
    return types;
  }

  @Override
  public Lowering lower(OpContext c) {
    int axis = c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    List<TensorType> types = infer(c);
    List<Lowering.Call> calls = new ArrayList<>();
    int at = 0;
    for (int o = 0; o < c.node().outputs().size(); o++) {
      TensorType out = types.get(o);
      if (!c.node().outputs().get(o).isEmpty()) {
        List<Axis> axes = Compute.axes(out);
        List<Expr> index = new ArrayList<>(Compute.vars(axes));
        index.set(axis, Expr.add(index.get(axis), Expr.i32(at)));
        Expr body = Expr.read(0, c.dtype(0), index);
        Compute part =
            Compute.of("split", List.of(c.input(0)), out, axes, List.of(), body);
        calls.add(
            new Lowering.Call(part, List.of(new Lowering.Input(0)), new Lowering.Output(o)));
      }
      at += out.shape().dim(axis);
    }
    return new Lowering(calls);
  }
}
