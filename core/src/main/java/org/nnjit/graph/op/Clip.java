package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** Values kept between two bounds: attributes before opset 11, optional inputs since. */
final class Clip implements Operator {

  @Override
  public String type() {
    return "Clip";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    List<TensorType> types = new ArrayList<>(List.of(c.input(0)));
    List<Integer> inputs = new ArrayList<>(List.of(0));
    Expr x = Build.wide(Build.broadcast(0, c.input(0), axes));
    Expr low = bound(c, 1, "min", x.type(), types, inputs);
    Expr high = bound(c, 2, "max", x.type(), types, inputs);
    x = low == null ? x : Expr.max(x, low);
    x = high == null ? x : Expr.min(x, high);
    Compute compute =
        Compute.of("clip", types, out, axes, List.of(), Expr.cast(out.dtype(), x));
    int[] order = new int[inputs.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = inputs.get(i);
    }
    return Lowering.of(compute, order);
  }

  private static Expr bound(
      OpContext c, int input, String name, DType t, List<TensorType> types, List<Integer> inputs) {
    if (c.attributes().has(name)) {
      return Build.number(t, c.attributes().getFloat(name, 0));
    }
    if (!c.has(input)) {
      return null;
    }
    if (c.valueOrNull(input) != null) {
      return Build.number(t, c.valueOrNull(input).getDouble(0));
    }
    types.add(c.input(input));
    inputs.add(input);
    return Build.wide(Expr.read(types.size() - 1, c.dtype(input), List.of()));
  }
}
