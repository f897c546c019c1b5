package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * MatMulInteger (a, b, a_zero_point, b_zero_point), whose result is the i32 product, and
 * QLinearMatMul (a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point), whose
 * result is quantised again. Parameters of a are one or one for each row, those of b one or one for
 * each column.
 */
final class QuantizedMatMul implements Operator {
  private final boolean linear;
  private final int b;
  private final int zeroA;
  private final int zeroB;

  /** @param linear true for QLinearMatMul */
  QuantizedMatMul(boolean linear) {
    this.linear = linear;
    b = linear ? 3 : 1;
    zeroA = 2;
    zeroB = linear ? 5 : 3;
  }

  @Override
  public String type() {
    return linear ? "QLinearMatMul" : "MatMulInteger";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    DType t = linear ? c.dtype(7) : DType.I32;
    TensorType out = TensorType.of(t, MatMul.shape(c, 0, b));
    int rows = c.shape(0).rank() > 1 ? c.shape(0).dim(-2) : 1;
    int columns = c.shape(b).rank() > 1 ? c.shape(b).dim(-1) : 1;
    check(c, zeroA, rows, true, out.shape());
    check(c, zeroB, columns, false, out.shape());
    if (linear) {
      check(c, 1, rows, true, out.shape());
      check(c, 4, columns, false, out.shape());
      check(c, 6, 1, false, out.shape());
      check(c, 7, 1, false, out.shape());
    }
    return List.of(out);
  }

  private static void check(OpContext c, int input, int each, boolean ofRows, Shape out) {
    if (!c.has(input) || c.shape(input).elements() == 1) {
      return;
    }
    Shape s = c.shape(input);
    boolean fits =
        ofRows && s.rank() == 1
            ? s.dim(0) == each
            : each > 1 && out.equals(Shape.broadcast(out, s));
    if (!fits) {
      throw c.error("input " + input + " has shape " + s + ", wanted one element"
          + (each == 1 ? "" : " or one for each of " + each + (ofRows ? " rows" : " columns")));
    }
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    MatMul.Product p = MatMul.Product.of(c.shape(0), c.shape(b), out);
    Args args = new Args(c);
    Expr x = Expr.cast(DType.I32, args.read(0, p.a()));
    if (c.has(zeroA)) {
      x = Expr.sub(x, Expr.cast(DType.I32, parameter(c, args, zeroA, p, true)));
    }
    Expr y = Expr.cast(DType.I32, args.read(b, p.b()));
    if (c.has(zeroB)) {
      y = Expr.sub(y, Expr.cast(DType.I32, parameter(c, args, zeroB, p, false)));
    }
    Stage sum = p.sum(Expr.mul(x, y));
    Expr body = new Expr.StageValue(0, DType.I32);
    if (linear) {
      Expr scale =
          Expr.mul(
              Build.wide(parameter(c, args, 1, p, true)),
              Build.wide(parameter(c, args, 4, p, false)));
      scale = Expr.div(scale, Build.wide(args.scalar(6)));
      body = requantized(body, scale, args.scalar(7), out.dtype());
    }
    return args.lowering(linear ? "qlinear_matmul" : "matmul_integer", out, p.axes(),
        List.of(sum), body);
  }

  /** A sum of products by its scale, rounded, shifted and saturated. */
  static Expr requantized(Expr sum, Expr scale, Expr zero, DType to) {
    Expr product = Expr.mul(Expr.cast(scale.type(), sum), scale);
    Expr whole = Expr.unary(UnaryOp.ROUND, product);
    return Quantize.saturated(Expr.add(whole, Expr.cast(scale.type(), zero)), to);
  }

  private static Expr parameter(
      OpContext c, Args args, int input, MatMul.Product p, boolean ofRows) {
    List<Axis> axes = p.axes();
    if (c.shape(input).elements() == 1) {
      return args.scalar(input);
    }
    if (ofRows && c.shape(input).rank() == 1) {
      return args.read(input, p.a().get(p.a().size() - 2));
    }
    return args.broadcast(input, axes);
  }
}
