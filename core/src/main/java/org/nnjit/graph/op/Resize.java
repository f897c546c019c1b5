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
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Resize and Upsample: nearest or linear sampling of the last dimensions. */
final class Resize implements Operator {
  private final String type;

  Resize(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  private static int[] outDims(OpContext c) {
    Shape s = c.shape(0);
    double[] scales = scales(c);
    int[] dims = s.dims();
    int sizes = c.has(3) ? 3 : -1;
    int[] given = sizes > 0 ? c.ints(sizes) : null;
    for (int i = 0; i < dims.length; i++) {
      dims[i] = given != null ? given[i] : (int) Math.floor(dims[i] * scales[i]);
    }
    return dims;
  }

  /** Scale of each dimension; from the sizes where those are given. */
  private static double[] scales(OpContext c) {
    int rank = c.shape(0).rank();
    double[] scales = new double[rank];
    boolean upsample = c.node().type().equals("Upsample");
    int input = upsample || c.opset() < 11 ? 1 : 2;
    if (c.attributes().getInts("axes", (int[]) null) != null) {
      throw c.error("attribute axes is not supported");
    }
    Tensor t = null;
    double[] attribute = c.attributes().getFloats("scales");
    if (attribute == null && c.has(input) && c.shape(input).elements() > 0) {
      t = c.value(input);
    }
    int[] sizes = t == null && attribute == null ? c.ints(3) : null;
    for (int i = 0; i < rank; i++) {
      scales[i] =
          t != null
              ? t.getDouble(i)
              : attribute != null ? attribute[i] : (double) sizes[i] / c.shape(0).dim(i);
    }
    return scales;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return List.of(TensorType.of(c.dtype(0), Shape.of(outDims(c))));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    double[] scales = scales(c);
    String mode = c.attributes().getString("mode", "nearest");
    String transform =
        c.opset() < 11 || c.node().type().equals("Upsample")
            ? "asymmetric"
            : c.attributes().getString("coordinate_transformation_mode", "half_pixel");
    List<Axis> axes = Compute.axes(out);
    List<Expr[]> low = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      int n = c.shape(0).dim(i);
      int m = out.shape().dim(i);
      Expr p = Expr.var(axes.get(i));
      if (n == m && scales[i] == 1) {
        low.add(new Expr[] {p});
        continue;
      }
      Expr at = source(c, transform, p, scales[i], n, m);
      if (mode.equals("nearest")) {
        String rounding =
            c.opset() < 11 || c.node().type().equals("Upsample")
                ? "floor"
                : c.attributes().getString("nearest_mode", "round_prefer_floor");
        low.add(new Expr[] {clamp(rounded(c, rounding, at), n)});
      } else if (mode.equals("linear")) {
        Expr limit = Build.number(DType.F32, n - 1);
        Expr x = Expr.max(Build.number(DType.F32, 0), Expr.min(at, limit));
        Expr floor = Expr.unary(org.nnjit.compute.UnaryOp.FLOOR, x);
        Expr first = Expr.cast(DType.I32, floor);
        Expr second = Expr.min(Expr.add(first, Expr.i32(1)), Expr.i32(n - 1));
        low.add(new Expr[] {first, second, Expr.sub(x, floor)});
      } else {
        throw c.error("mode '" + mode + "', nnJIT has nearest and linear");
      }
    }
    Expr body = blend(c, low, new ArrayList<>(), 0);
    return Lowering.of(
        Compute.of(
            "resize", List.of(c.input(0)), out, axes, List.of(), Expr.cast(out.dtype(), body)),
        0);
  }

  private static Expr blend(OpContext c, List<Expr[]> at, List<Expr> index, int d) {
    if (d == at.size()) {
      return Build.wide(Expr.read(0, c.dtype(0), index));
    }
    List<Expr> first = new ArrayList<>(index);
    first.add(at.get(d)[0]);
    Expr a = blend(c, at, first, d + 1);
    if (at.get(d).length == 1) {
      return a;
    }
    List<Expr> second = new ArrayList<>(index);
    second.add(at.get(d)[1]);
    Expr b = blend(c, at, second, d + 1);
    return Expr.add(a, Expr.mul(Expr.sub(b, a), at.get(d)[2]));
  }

  private static Expr f(double v) {
    return Build.number(DType.F32, v);
  }

  private static Expr source(OpContext c, String mode, Expr p, double scale, int n, int m) {
    Expr x = Expr.cast(DType.F32, p);
    return switch (mode) {
      case "asymmetric" -> Expr.div(x, f(scale));
      case "half_pixel" -> Expr.sub(Expr.div(Expr.add(x, f(0.5)), f(scale)), f(0.5));
      case "pytorch_half_pixel" ->
          m == 1 ? f(0) : Expr.sub(Expr.div(Expr.add(x, f(0.5)), f(scale)), f(0.5));
      case "align_corners" ->
          m == 1 ? f(0) : Expr.div(Expr.mul(x, f(n - 1)), f(m - 1));
      default -> throw c.error("coordinate_transformation_mode '" + mode + "' is not supported");
    };
  }

  private static Expr rounded(OpContext c, String mode, Expr x) {
    org.nnjit.compute.UnaryOp floor = org.nnjit.compute.UnaryOp.FLOOR;
    org.nnjit.compute.UnaryOp ceil = org.nnjit.compute.UnaryOp.CEIL;
    Expr r =
        switch (mode) {
          case "floor" -> Expr.unary(floor, x);
          case "ceil" -> Expr.unary(ceil, x);
          case "round_prefer_floor" -> Expr.unary(ceil, Expr.sub(x, f(0.5)));
          case "round_prefer_ceil" -> Expr.unary(floor, Expr.add(x, f(0.5)));
          default -> throw c.error("nearest_mode '" + mode + "' is not supported");
        };
    return Expr.cast(DType.I32, r);
  }

  private static Expr clamp(Expr i, int n) {
    return Expr.max(Expr.i32(0), Expr.min(i, Expr.i32(n - 1)));
  }
}
