package org.nnjit.graph.op;

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

/** Blocks of space stacked as channels. */
final class SpaceToDepth implements Operator {

  @Override
  public String type() {
    return "SpaceToDepth";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int b = (int) c.attributes().getInt("blocksize", 1);
    Shape s = c.shape(0);
    if (s.rank() != 4 || s.dim(2) % b != 0 || s.dim(3) % b != 0) {
      throw c.error("input " + s + " does not divide into blocks of " + b);
    }
    return List.of(
        TensorType.of(c.dtype(0), s.dim(0), s.dim(1) * b * b, s.dim(2) / b, s.dim(3) / b));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int b = (int) c.attributes().getInt("blocksize", 1);
    List<Axis> axes = Compute.axes(out);
    Expr ch = Expr.var(axes.get(1));
    Expr channels = Expr.i32(c.shape(0).dim(1));
    Expr inBlock = Expr.binary(BinaryOp.DIV, ch, channels);
    Expr y = Expr.mul(Expr.var(axes.get(2)), Expr.i32(b));
    Expr x = Expr.mul(Expr.var(axes.get(3)), Expr.i32(b));
    Expr body =
        Expr.read(
            0,
            c.dtype(0),
            Expr.var(axes.get(0)),
            Expr.binary(BinaryOp.REM, ch, channels),
            Expr.add(y, Expr.binary(BinaryOp.DIV, inBlock, Expr.i32(b))),
            Expr.add(x, Expr.binary(BinaryOp.REM, inBlock, Expr.i32(b))));
    return Build.map(c, "spacetodepth", out, axes, body, 1);
  }
}
