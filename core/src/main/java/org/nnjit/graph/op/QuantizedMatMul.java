package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
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
    List<Lowering.Call> calls = new ArrayList<>();
    Args args = new Args(c);
    Expr x = Expr.cast(DType.I32, args.read(0, p.a()));
    Expr y = Expr.cast(DType.I32, args.read(b, p.b()));
    Expr body = new Expr.StageValue(0, DType.I32);
    Expr zeroOfA = c.has(zeroA) ? whole(parameter(c, args, zeroA, p, true)) : null;
    Expr zeroOfB =
        c.has(zeroB) && !isZero(c.valueOrNull(zeroB))
            ? whole(parameter(c, args, zeroB, p, false))
            : null;
    if (c.shape(b).rank() == 2 && (zeroOfA == null || c.shape(zeroA).elements() == 1)) {
      // What the sum has too much, so that a kernel may multiply bytes.
      if (zeroOfA != null) {
        Expr columns = sums(c, args, calls, b, p.b().subList(1, 2), p.k());
        body = Expr.sub(body, Expr.mul(zeroOfA, columns));
      }
      if (zeroOfB != null) {
        Expr rows = sums(c, args, calls, 0, p.a().subList(0, p.a().size() - 1), p.k());
        if (zeroOfA != null) {
          rows = Expr.sub(rows, Expr.mul(zeroOfA, Expr.i32(p.k().extent())));
        }
        body = Expr.sub(body, Expr.mul(zeroOfB, rows));
      }
    } else {
      x = zeroOfA == null ? x : Expr.sub(x, zeroOfA);
      y = zeroOfB == null ? y : Expr.sub(y, zeroOfB);
    }
    if (linear) {
      Expr scale =
          Expr.mul(
              Build.wide(parameter(c, args, 1, p, true)),
              Build.wide(parameter(c, args, 4, p, false)));
      scale = Expr.div(scale, Build.wide(args.scalar(6)));
      body = requantized(body, scale, args.scalar(7), out.dtype());
    }
    calls.add(
        args.call(linear ? "qlinear_matmul" : "matmul_integer", out, p.axes(),
            List.of(p.sum(Expr.mul(x, y))), body, new Lowering.Output(0)));
    return new Lowering(calls);
  }

  private static Expr whole(Expr e) {
    return Expr.cast(DType.I32, e);
  }

  private static boolean isZero(Tensor t) {
    for (int i = 0; t != null && i < t.elements(); i++) {
      if (t.getLong(i) != 0) {
        return false;
      }
    }
    return t != null;
  }

  /**
   * The sum over k of an operand for a point of the product; a call that makes all such sums is added.
   *
   * @param at the operand's index but for k
   */
  private static Expr sums(
      OpContext c, Args args, List<Lowering.Call> calls, int input, List<Expr> at, Axis k) {
    boolean ofRows = input == 0;
    int[] dims = new int[at.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = c.shape(input).dim(ofRows ? i : i + 1);
    }
    TensorType type = TensorType.of(DType.I32, dims);
    List<Axis> axes = Compute.axes(type);
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.add(ofRows ? index.size() : 0, Expr.var(k));
    Args own = new Args(c);
    Stage sum = new Stage(axes.size(), Combiner.SUM, List.of(k), whole(own.read(input, index)));
    Lowering.Temp result = new Lowering.Temp(input);
    calls.add(
        own.call(ofRows ? "sum_rows" : "sum_columns", type, axes, List.of(sum),
            new Expr.StageValue(0, DType.I32), result));
    return args.read(result, type, at);
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
