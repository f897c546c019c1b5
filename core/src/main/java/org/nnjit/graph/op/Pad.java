package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Padding by a constant, by reflection, by the edge or around. */
final class Pad implements Operator {

  @Override
  public String type() {
    return "Pad";
  }

  private static int[] pads(OpContext c) {
    int rank = c.shape(0).rank();
    int[] given = c.opset() < 11 ? c.attributes().getInts("pads") : c.ints(1);
    if (!c.has(3)) {
      if (given.length != 2 * rank) {
        throw c.error("pads has " + given.length + " entries, wanted " + 2 * rank + " for "
            + c.shape(0));
      }
      return given;
    }
    int[] axes = c.ints(3);
    int[] all = new int[2 * rank];
    for (int i = 0; i < axes.length; i++) {
      int axis = c.axis(axes[i], rank);
      all[axis] = given[i];
      all[axis + rank] = given[i + axes.length];
    }
    return all;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int[] pads = pads(c);
    int[] dims = c.shape(0).dims();
    for (int i = 0; i < dims.length; i++) {
      dims[i] += pads[i] + pads[i + dims.length];
      if (dims[i] < 0) {
        throw c.error("pads take more from dimension " + i + " of " + c.shape(0) + " than it has");
      }
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int[] pads = pads(c);
    String mode = c.attributes().getString("mode", "constant");
    List<Axis> axes = Compute.axes(out);
    List<Expr> index = new ArrayList<>();
    Expr inside = null;
    for (int i = 0; i < axes.size(); i++) {
      int n = c.shape(0).dim(i);
      Expr at = Expr.add(Expr.var(axes.get(i)), Expr.i32(-pads[i]));
      boolean padded = pads[i] != 0 || pads[i + axes.size()] != 0;
      if (padded && mode.equals("constant")) {
        Expr within = Expr.and(Build.le(Expr.i32(0), at), Expr.lt(at, Expr.i32(n)));
        inside = inside == null ? within : Expr.and(inside, within);
      } else if (padded) {
        at = folded(c, mode, at, n);
      }
      index.add(at);
    }
    Expr body = Expr.read(0, c.dtype(0), index);
    List<TensorType> inputs = new ArrayList<>(List.of(c.input(0)));
    int[] order = {0};
    if (inside != null) {
      Expr fill = Expr.constant(c.dtype(0), c.attributes().getFloat("value", 0));
      if (c.has(2)) {
        inputs.add(c.input(2));
        order = new int[] {0, 2};
        List<Expr> zero = c.shape(2).rank() == 0 ? List.of() : List.of(Expr.i32(0));
        fill = Expr.read(1, c.dtype(2), zero);
      }
      body = Expr.select(inside, body, fill);
    }
    return Lowering.of(Compute.of("pad", inputs, out, axes, List.of(), body), order);
  }

  private static Expr folded(OpContext c, String mode, Expr at, int n) {
    Expr last = Expr.i32(n - 1);
    return switch (mode) {
      case "edge" -> Expr.max(Expr.i32(0), Expr.min(at, last));
      case "wrap" -> Expr.binary(BinaryOp.FLOOR_MOD, at, Expr.i32(n));
      case "reflect" -> {
        // A triangle wave of period 2 (n - 1).
        Expr period = Expr.i32(Math.max(1, 2 * (n - 1)));
        Expr m = Expr.binary(BinaryOp.FLOOR_MOD, at, period);
        yield Expr.min(m, Expr.sub(period, m));
      }
      default -> throw c.error("mode '" + mode + "', wanted constant, reflect, edge or wrap");
    };
  }
}
