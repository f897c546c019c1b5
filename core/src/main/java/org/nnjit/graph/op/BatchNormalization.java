package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.TensorType;

/** Inference form: (x - mean) / sqrt(var + epsilon) * scale + bias, by channel. */
final class BatchNormalization implements Operator {

  @Override
  public String type() {
    return "BatchNormalization";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.attributes().getInt("training_mode", 0) != 0) {
      throw c.error("training_mode=1; nnJIT runs models for inference only");
    }
    if (c.shape(0).rank() < 2) {
      throw c.error("input has shape " + c.shape(0) + ", wanted [batch, channels, ...]");
    }
    for (int i = 1; i < 5; i++) {
      if (c.shape(i).rank() != 1 || c.shape(i).dim(0) != c.shape(0).dim(1)) {
        throw c.error(
            "input " + i + " has shape " + c.shape(i) + ", wanted [" + c.shape(0).dim(1)
                + "], one for each channel");
      }
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Expr x = Build.wide(Build.broadcast(0, c.input(0), axes));
    Expr[] p = new Expr[5];
    for (int i = 1; i < 5; i++) {
      p[i] = Expr.cast(x.type(), Expr.read(i, c.dtype(i), Expr.var(axes.get(1))));
    }
    Expr epsilon = Build.number(x.type(), c.attributes().getFloat("epsilon", 1e-5));
    Expr deviation = Expr.unary(UnaryOp.SQRT, Expr.add(p[4], epsilon));
    Expr body =
        Expr.add(Expr.mul(Expr.div(Expr.sub(x, p[3]), deviation), p[1]), p[2]);
    return Build.map(c, "batchnorm", out, axes, body, 5);
  }
}
