package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
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
import org.nnjit.tensor.TensorType;

/**
 * Samples x [batch, channels, space...] at the positions of a grid [batch, out..., dimensions],
 * which counts the last dimension of space first and spans -1 to 1. Positions between elements are
 * weighted sums of the 2 (linear) or 4 (cubic, a = -0.75) nearest along each dimension.
 */
final class GridSample implements Operator {

  @Override
  public String type() {
    return "GridSample";
  }

  /** What lies outside the input. */
  private enum Padding {
    ZEROS,
    BORDER,
    REFLECTION
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape x = c.shape(0);
    Shape grid = c.shape(1);
    int space = x.rank() - 2;
    boolean fits = space > 0 && grid.rank() == x.rank() && grid.dim(0) == x.dim(0)
        && grid.dim(-1) == space;
    if (!fits) {
      throw c.error("input has shape " + x + " and grid " + grid
          + ", wanted [batch, channels, space...] and [batch, out..., dimensions of space]");
    }
    int[] out = x.dims();
    for (int i = 0; i < space; i++) {
      if (x.dim(i + 2) == 0) {
        throw c.error("input " + x + " has nothing to sample");
      }
      out[i + 2] = grid.dim(i + 1);
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(out)));
  }

  /** Elements along each dimension that a position takes. */
  private static int taps(OpContext c) {
    String mode = c.attributes().getString("mode", c.opset() < 20 ? "bilinear" : "linear");
    return switch (mode) {
      case "nearest" -> 1;
      case "linear", "bilinear" -> 2;
      case "cubic", "bicubic" -> 4;
      default -> throw c.error("mode is \"" + mode + "\", wanted linear, nearest or cubic");
    };
  }

  private static Padding padding(OpContext c) {
    String mode = c.attributes().getString("padding_mode", "zeros");
    return switch (mode) {
      case "zeros" -> Padding.ZEROS;
      case "border" -> Padding.BORDER;
      case "reflection" -> Padding.REFLECTION;
      default ->
          throw c.error("padding_mode is \"" + mode + "\", wanted zeros, border or reflection");
    };
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    int taps = taps(c);
    Padding padding = padding(c);
    boolean corners = c.attributes().getInt("align_corners", 0) == 1;
    List<Axis> axes = Compute.axes(out);
    int space = axes.size() - 2;
    Args args = new Args(c);
    List<Axis> over = new ArrayList<>();
    List<Expr> index = new ArrayList<>(List.of(Expr.var(axes.get(0)), Expr.var(axes.get(1))));
    Expr inside = null;
    Expr weight = null;
    for (int i = 0; i < space; i++) {
      List<Expr> at = new ArrayList<>(List.of(Expr.var(axes.get(0))));
      for (int d = 0; d < space; d++) {
        at.add(Expr.var(axes.get(d + 2)));
      }
      at.add(Expr.i32(space - 1 - i));
      Line line = new Line(c.shape(0).dim(i + 2), corners, padding);
      Expr p = line.position(Expr.cast(DType.F32, args.read(1, at)));
      if (taps == 1) {
        p = Expr.unary(UnaryOp.ROUND, p);
        index.add(line.element(p));
        inside = and(inside, line.inside(p));
        continue;
      }
      Axis tap = new Axis("t" + i, taps);
      over.add(tap);
      Expr low = Expr.unary(UnaryOp.FLOOR, p);
      Expr offset = Expr.sub(Expr.cast(DType.F32, Expr.var(tap)), f(taps / 2 - 1));
      Expr q = Expr.add(low, offset);
      Expr distance = Expr.unary(UnaryOp.ABS, Expr.sub(Expr.sub(p, low), offset));
      Expr w = taps == 2 ? Expr.sub(f(1), distance) : cubic(distance);
      weight = weight == null ? w : Expr.mul(weight, w);
      index.add(line.element(q));
      inside = and(inside, line.inside(q));
    }
    Expr value = Build.wide(args.read(0, index));
    if (inside != null) {
      value = Expr.select(inside, value, Build.number(value.type(), 0));
    }
    if (taps == 1) {
      return args.lowering("grid_sample", out, axes, List.of(), value);
    }
    Expr product = Expr.mul(value, Expr.cast(value.type(), weight));
    Stage sum = new Stage(axes.size(), Combiner.SUM, over, product);
    Expr body = new Expr.StageValue(0, product.type());
    return args.lowering("grid_sample", out, axes, List.of(sum), body);
  }

  /** Keys' kernel with a = -0.75 at a distance below 2. */
  private static Expr cubic(Expr d) {
    double a = -0.75;
    Expr near = polynomial(d, a + 2, -(a + 3), 0, 1);
    Expr far = polynomial(d, a, -5 * a, 8 * a, -4 * a);
    return Expr.select(Build.le(d, f(1)), near, far);
  }

  private static Expr polynomial(Expr x, double... coefficients) {
    Expr sum = f(coefficients[0]);
    for (int i = 1; i < coefficients.length; i++) {
      sum = Expr.add(Expr.mul(sum, x), f(coefficients[i]));
    }
    return sum;
  }

  private static Expr f(double v) {
    return Build.number(DType.F32, v);
  }

  private static Expr and(Expr a, Expr b) {
    return a == null || b == null ? (a == null ? b : a) : Expr.and(a, b);
  }

  /** One dimension of the input. */
  private record Line(int extent, boolean corners, Padding padding) {
    private double first() {
      return corners ? 0 : -0.5;
    }

    private double last() {
      return corners ? extent - 1 : extent - 0.5;
    }

    /** Position in elements of a grid value. */
    Expr position(Expr x) {
      Expr fromStart = Expr.add(x, f(1));
      return corners
          ? Expr.mul(fromStart, f((extent - 1) / 2.0))
          : Expr.sub(Expr.mul(fromStart, f(extent / 2.0)), f(0.5));
    }

    private Expr reflected(Expr p) {
      double range = last() - first();
      if (range == 0) {
        return f(first());
      }
      Expr d = Expr.unary(UnaryOp.ABS, Expr.sub(p, f(first())));
      Expr turns = Expr.unary(UnaryOp.FLOOR, Expr.div(d, f(range)));
      Expr rest = Expr.sub(d, Expr.mul(turns, f(range)));
      Expr odd = Expr.binary(BinaryOp.FLOOR_MOD, turns, f(2));
      return Expr.select(
          Build.eq(odd, f(0)), Expr.add(rest, f(first())), Expr.sub(f(last()), rest));
    }

    /** Index of the element at a whole position, always a valid one. */
    Expr element(Expr whole) {
      Expr inside = padding == Padding.REFLECTION ? reflected(whole) : whole;
      Expr clamped = Expr.max(f(0), Expr.min(inside, f(extent - 1)));
      return Expr.cast(DType.I32, clamped);
    }

    /** Whether a whole position counts; null when all do. */
    Expr inside(Expr whole) {
      return padding == Padding.ZEROS
          ? Expr.and(Build.le(f(0), whole), Build.le(whole, f(extent - 1)))
          : null;
    }
  }
}
