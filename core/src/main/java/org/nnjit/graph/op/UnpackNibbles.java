package org.nnjit.graph.op;

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
 * Integers of 4 bits, two in each byte of a u8 vector, as i8 (attribute {@code signed} is 1) or u8
 * of the shape {@code dims}: what a file's tensor of ONNX's types int4 and uint4 becomes.
 */
final class UnpackNibbles implements Operator {
  @Override
  public String type() {
    return "UnpackNibbles";
  }

  @Override
  public String domain() {
    return "nnjit";
  }

  private static boolean signed(OpContext c) {
    return c.attributes().getInt("signed", 0) == 1;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Shape shape = Shape.of(c.attributes().getInts("dims"));
    return List.of(TensorType.of(signed(c) ? DType.I8 : DType.U8, shape));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    Args args = new Args(c);
    Expr place = Exprs.linear(Compute.vars(axes), out.shape().dims());
    Expr code = Nibbles.read(args.input(0), Expr.i32(0), place);
    if (signed(c)) {
      // 8 to 15 stand for -8 to -1.
      Expr eight = Expr.i32(8);
      code = Expr.sub(Expr.binary(BinaryOp.XOR, code, eight), eight);
    }
    return args.lowering("unpack", out, axes, List.of(), code);
  }
}
