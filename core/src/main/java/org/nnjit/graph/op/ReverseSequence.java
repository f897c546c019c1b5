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
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** The first {@code sequence_lens[b]} steps of each batch entry b in reverse, the rest as it is. */
final class ReverseSequence implements Operator {

  @Override
  public String type() {
    return "ReverseSequence";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape x = c.shape(0);
    int batch = (int) c.attributes().getInt("batch_axis", 1);
    int time = (int) c.attributes().getInt("time_axis", 0);
    if (x.rank() < 2 || batch + time != 1 || batch * time != 0) {
      throw c.error("batch_axis is " + batch + " and time_axis " + time + " of input " + x
          + ", wanted 0 and 1 or 1 and 0");
    }
    if (!c.shape(1).equals(Shape.of(x.dim(batch)))) {
      throw c.error("sequence_lens has shape " + c.shape(1) + ", wanted [" + x.dim(batch) + "]");
    }
    return List.of(c.input(0));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int batch = (int) c.attributes().getInt("batch_axis", 1);
    int time = 1 - batch;
    List<Axis> axes = Compute.axes(out);
    Args args = new Args(c);
    Expr steps = Expr.i32(out.shape().dim(time));
    Expr given = Expr.cast(DType.I32, args.read(1, Expr.var(axes.get(batch))));
    Expr length = Expr.min(given, steps);
    Expr t = Expr.var(axes.get(time));
    Expr mirrored = Expr.sub(Expr.sub(length, Expr.i32(1)), t);
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.set(time, Expr.select(Expr.lt(t, length), mirrored, t));
    return args.lowering("reverse_sequence", out, axes, List.of(), args.read(0, index));
  }
}
