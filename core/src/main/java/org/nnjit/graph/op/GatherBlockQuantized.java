package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Nibbles;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Gather from a table of codes of 4 bits (two in a byte of u8 along the last axis) or 8, each block
 * of {@code block_size} along {@code quantize_axis} with a scale and a zero point (half of the
 * codes' range where none is given; besides what ONNX Runtime takes, floats of the scales' shape).
 * Source: ONNX Runtime's contrib operators, com.microsoft.GatherBlockQuantized.
 */
final class GatherBlockQuantized implements Operator {
  @Override
  public String type() {
    return "GatherBlockQuantized";
  }

  @Override
  public String domain() {
    return "com.microsoft";
  }

  private static int bits(OpContext c) {
    long bits = c.attributes().getInt("bits", 4);
    if (bits != 4 && bits != 8) {
      throw c.error("codes have " + bits + " bits, wanted 4 or 8");
    }
    return (int) bits;
  }

  private static int block(OpContext c) {
    return (int) Math.max(1, c.attributes().getInt("block_size", 128));
  }

  private static boolean floatZeros(OpContext c) {
    return c.has(3) && c.dtype(3).isFloat();
  }

  /** Shape of the table in codes. */
  private static Shape table(OpContext c) {
    Shape s = c.shape(0);
    if (c.dtype(0) != DType.U8 || s.rank() == 0) {
      throw c.error("data is " + c.input(0) + ", wanted u8 with at least one dimension");
    }
    return s.with(s.rank() - 1, s.dim(-1) * (8 / bits(c)));
  }

  private static int axis(OpContext c, String name, int otherwise) {
    return c.axis(c.attributes().getInt(name, otherwise), c.shape(0).rank());
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape table = table(c);
    int last = table.rank() - 1;
    int axis = axis(c, "gather_axis", 0);
    int along = axis(c, "quantize_axis", 1);
    Shape scales = table.with(along, (table.dim(along) + block(c) - 1) / block(c));
    if (!c.shape(2).equals(scales) || !c.dtype(2).isFloat()) {
      throw c.error("scales are " + c.input(2) + ", wanted floats " + scales);
    }
    Shape packed = scales.with(last, (scales.dim(last) * bits(c) + 7) / 8);
    boolean floats = floatZeros(c);
    if (c.has(3)
        && (!c.shape(3).equals(floats ? scales : packed) || !floats && c.dtype(3) != DType.U8)) {
      throw c.error("zero points are " + c.input(3) + ", wanted u8 " + packed);
    }
    int many = c.shape(1).rank();
    int[] dims = new int[table.rank() - 1 + many];
    for (int i = 0; i < dims.length; i++) {
      boolean before = i < axis;
      boolean inside = !before && i < axis + many;
      dims[i] = inside ? c.shape(1).dim(i - axis) : table.dim(before ? i : i - many + 1);
    }
    return List.of(TensorType.of(c.dtype(2), dims));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Shape table = table(c);
    int axis = axis(c, "gather_axis", 0);
    int along = axis(c, "quantize_axis", 1);
    List<Axis> axes = Compute.axes(out);
    List<Expr> vars = Compute.vars(axes);
    int many = c.shape(1).rank();
    Args args = new Args(c);
    Expr chosen = args.read(1, vars.subList(axis, axis + many));
    List<Expr> at = new ArrayList<>(vars.subList(0, axis));
    at.add(Build.index(chosen, table.dim(axis)));
    at.addAll(vars.subList(axis + many, vars.size()));
    List<Expr> block = new ArrayList<>(at);
    block.set(along, Expr.binary(BinaryOp.DIV, at.get(along), Expr.i32(block(c))));
    Expr code = code(c, args, 0, at);
    Expr scale = Build.wide(args.read(2, block));
    Expr shifted;
    if (floatZeros(c)) {
      Expr zero = Expr.cast(scale.type(), args.read(3, block));
      shifted = Expr.sub(Expr.cast(scale.type(), code), zero);
    } else {
      Expr zero = c.has(3) ? code(c, args, 3, block) : Expr.i32(1 << (bits(c) - 1));
      shifted = Expr.cast(scale.type(), Expr.sub(code, zero));
    }
    Lowering lowering =
        args.lowering(
            "gather_q" + bits(c), out, axes, List.of(), Expr.mul(shifted, scale));
    return Build.checked(c, lowering, table.dim(axis));
  }

  /** A code of an input at an index counted in codes, as i32. */
  private static Expr code(OpContext c, Args args, int input, List<Expr> at) {
    if (bits(c) == 8) {
      return Expr.cast(DType.I32, args.read(input, at));
    }
    int last = at.size() - 1;
    int[] dims = c.shape(input).dims().clone();
    List<Expr> row = new ArrayList<>(at);
    row.set(last, Expr.i32(0));
    return Nibbles.read(args.input(input), Exprs.linear(row, dims), at.get(last));
  }
}
