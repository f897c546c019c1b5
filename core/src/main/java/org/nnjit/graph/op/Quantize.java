package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * QuantizeLinear, {@code saturate(round(x / scale) + zero_point)} with ties to even, and
 * DequantizeLinear, {@code (x - zero_point) * scale}. Scale and zero point are one for the tensor,
 * one for each index of {@code axis}, or one for each block of {@code block_size} along it.
 */
final class Quantize implements Operator {
  private final boolean forth;

  /** @param forth true for QuantizeLinear */
  Quantize(boolean forth) {
    this.forth = forth;
  }

  @Override
  public String type() {
    return forth ? "QuantizeLinear" : "DequantizeLinear";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    checkScale(c);
    if (!forth) {
      if (!c.dtype(0).isInteger() || c.has(2) && c.dtype(2) != c.dtype(0)) {
        throw c.error("input is " + c.dtype(0) + (c.has(2) ? ", zero point " + c.dtype(2) : "")
            + ", wanted one type of integers");
      }
      return List.of(TensorType.of(c.dtype(1), c.shape(0)));
    }
    int code = (int) c.attributes().getInt("output_dtype", 0);
    DType to = c.has(2) ? c.dtype(2) : code == 0 ? DType.U8 : DType.ofOnnx(code);
    if (to == null || !to.isInteger() || to.bytes() > 2) {
      throw c.error("result would be " + (to == null ? "of ONNX type " + code : to)
          + ", wanted i8, u8, i16 or u16");
    }
    return List.of(TensorType.of(to, c.shape(0)));
  }

  private static void checkScale(OpContext c) {
    Shape x = c.shape(0);
    Shape scale = c.shape(1);
    if (!c.dtype(1).isFloat()) {
      throw c.error("scale is " + c.dtype(1) + ", wanted floats");
    }
    int block = block(c);
    boolean fits = scale.elements() == 1 && scale.rank() < 2;
    if (!fits) {
      int axis = axis(c);
      Shape blocks = x.with(axis, block == 0 ? 0 : (x.dim(axis) + block - 1) / block);
      fits =
          block == 0
              ? scale.rank() == 1 && scale.dim(0) == x.dim(axis)
              : scale.equals(blocks);
    }
    if (!fits) {
      throw c.error("scale has shape " + scale + ", wanted one element, or one for each "
          + (block == 0 ? "index" : "block of " + block) + " of axis " + axis(c) + " of " + x);
    }
    if (c.has(2) && !c.shape(2).equals(scale) && c.shape(2).elements() != scale.elements()) {
      throw c.error("zero point has shape " + c.shape(2) + ", wanted that of scale, " + scale);
    }
  }

  private static int axis(OpContext c) {
    return c.axis(c.attributes().getInt("axis", 1), c.shape(0).rank());
  }

  private static int block(OpContext c) {
    return (int) Math.max(0, c.attributes().getInt("block_size", 0));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Args args = new Args(c);
    Expr x = args.read(0, Compute.vars(axes));
    Expr scale = Build.wide(parameter(c, args, 1, axes));
    if (forth) {
      Expr zero = c.has(2) ? parameter(c, args, 2, axes) : null;
      Expr y = quantized(Expr.cast(scale.type(), x), scale, zero, out.dtype());
      return args.lowering("quantize", out, axes, List.of(), y);
    }
    Expr whole = Expr.cast(DType.I32, x);
    if (c.has(2)) {
      whole = Expr.sub(whole, Expr.cast(DType.I32, parameter(c, args, 2, axes)));
    }
    Expr y = Expr.mul(Expr.cast(scale.type(), whole), scale);
    return args.lowering("dequantize", out, axes, List.of(), y);
  }

  /** Scale (1) or zero point (2) of the point at these axes. */
  private static Expr parameter(OpContext c, Args args, int input, List<Axis> axes) {
    Shape s = c.shape(input);
    if (s.elements() == 1) {
      return args.scalar(input);
    }
    int axis = axis(c);
    if (s.rank() == 1 && block(c) == 0) {
      return args.read(input, Expr.var(axes.get(axis)));
    }
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.set(axis, Expr.binary(BinaryOp.DIV, index.get(axis), Expr.i32(block(c))));
    return args.read(input, index);
  }

  /**
   * {@code saturate(round(x / scale) + zero)}.
   *
   * @param x float
   * @param scale of x's type
   * @param zero integer, or null for 0
   */
  static Expr quantized(Expr x, Expr scale, Expr zero, DType to) {
    Expr whole = Expr.unary(UnaryOp.ROUND, Expr.div(x, scale));
    if (zero != null) {
      whole = Expr.add(whole, Expr.cast(whole.type(), zero));
    }
    return saturated(whole, to);
  }

  /** A whole float brought into an integer type's range and converted. */
  static Expr saturated(Expr whole, DType to) {
    int bits = to.bytes() * 8;
    double least = to.isUnsigned() ? 0 : -(1 << (bits - 1));
    double greatest = to.isUnsigned() ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;
    Expr low = Build.number(whole.type(), least);
    Expr high = Build.number(whole.type(), greatest);
    return Expr.cast(to, Expr.min(Expr.max(whole, low), high));
  }
}
