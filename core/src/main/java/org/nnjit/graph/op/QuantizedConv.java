package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * ConvInteger (x, w, x_zero_point, w_zero_point), whose result is the i32 convolution, and
 * QLinearConv (x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias),
 * whose result is quantised again. Parameters of w are one or one for each output channel; padding
 * counts as x's zero point.
 */
final class QuantizedConv implements Operator {
  private final boolean linear;
  private final int w;
  private final int zeroX;
  private final int zeroW;

  /** @param linear true for QLinearConv */
  QuantizedConv(boolean linear) {
    this.linear = linear;
    w = linear ? 3 : 1;
    zeroX = 2;
    zeroW = linear ? 5 : 3;
  }

  @Override
  public String type() {
    return linear ? "QLinearConv" : "ConvInteger";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    DType t = linear ? c.dtype(7) : DType.I32;
    TensorType out = TensorType.of(t, Conv.shape(c, w, 8));
    int[] ofTensor = linear ? new int[] {1, zeroX, 6, 7} : new int[] {zeroX};
    for (int i : ofTensor) {
      if (c.has(i) && c.shape(i).elements() != 1) {
        throw c.error("input " + i + " has shape " + c.shape(i) + ", wanted one element");
      }
    }
    int channels = out.shape().dim(1);
    for (int i : linear ? new int[] {4, zeroW} : new int[] {zeroW}) {
      if (c.has(i) && c.shape(i).elements() != 1 && !c.shape(i).equals(Shape.of(channels))) {
        throw c.error("input " + i + " has shape " + c.shape(i) + ", wanted one element or ["
            + channels + "]");
      }
    }
    return List.of(out);
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Conv.Windows at = Conv.windows(c, w);
    Args args = new Args(c);
    Expr x = Expr.cast(DType.I32, args.read(0, at.x()));
    if (c.has(zeroX)) {
      x = Expr.sub(x, Expr.cast(DType.I32, args.scalar(zeroX)));
    }
    Expr weight = Expr.cast(DType.I32, args.read(w, at.w()));
    if (c.has(zeroW)) {
      weight = Expr.sub(weight, Expr.cast(DType.I32, ofChannel(c, args, zeroW, at)));
    }
    Stage sum = at.sum(x, weight);
    Expr body = new Expr.StageValue(0, DType.I32);
    if (linear) {
      if (c.has(8)) {
        body = Expr.add(body, args.read(8, at.channel()));
      }
      Expr scale = Expr.mul(Build.wide(args.scalar(1)), Build.wide(ofChannel(c, args, 4, at)));
      scale = Expr.div(scale, Build.wide(args.scalar(6)));
      body = QuantizedMatMul.requantized(body, scale, args.scalar(7), out.dtype());
    }
    return new Lowering(
        List.of(
            args.call(
                linear ? "qlinear_conv" : "conv_integer", out, at.axes(), List.of(sum), body,
                at.store(), new Lowering.Output(0))));
  }

  private static Expr ofChannel(OpContext c, Args args, int input, Conv.Windows at) {
    return c.shape(input).elements() == 1
        ? args.scalar(input)
        : args.read(input, at.channel());
  }
}
