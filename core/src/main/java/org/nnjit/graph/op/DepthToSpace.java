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

/** Blocks of channels spread over space. */
final class DepthToSpace implements Operator {

  @Override
  public String type() {
    return "DepthToSpace";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int b = (int) c.attributes().getInt("blocksize", 1);
    Shape s = c.shape(0);
    if (s.rank() != 4 || s.dim(1) % (b * b) != 0) {
      throw c.error("input " + s + " does not divide into blocks of " + b);
    }
    return List.of(
        TensorType.of(c.dtype(0), s.dim(0), s.dim(1) / (b * b), s.dim(2) * b, s.dim(3) * b));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int b = (int) c.attributes().getInt("blocksize", 1);
    boolean columns = c.attributes().getString("mode", "DCR").equals("CRD");
    List<Axis> axes = Compute.axes(out);
    Expr ch = Expr.var(axes.get(1));
    Expr y = Expr.var(axes.get(2));
    Expr x = Expr.var(axes.get(3));
    Expr block = Expr.i32(b);
    Expr inBlock =
        Expr.add(
            Expr.mul(Expr.binary(BinaryOp.REM, y, block), block),
            Expr.binary(BinaryOp.REM, x, block));
    Expr from =
        columns
            ? Expr.add(Expr.mul(ch, Expr.i32(b * b)), inBlock)
            : Expr.add(Expr.mul(inBlock, Expr.i32(out.shape().dim(1))), ch);
    Expr body =
        Expr.read(
            0, c.dtype(0), Expr.var(axes.get(0)), from, Expr.binary(BinaryOp.DIV, y, block),
            Expr.binary(BinaryOp.DIV, x, block));
    return Build.map(c, "depthtospace", out, axes, body, 1);
  }
}
