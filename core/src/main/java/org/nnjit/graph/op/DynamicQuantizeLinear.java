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
import org.nnjit.tensor.TensorType;

/**
 * Quantises f32 to u8 by the range of the data, widened to hold 0. Outputs: the u8 tensor, the
 * scale {@code (max - min) / 255} and the zero point {@code round(-min / scale)}.
 */
final class DynamicQuantizeLinear implements Operator {
  private static final TensorType SCALE = TensorType.of(DType.F32, Shape.SCALAR);
  private static final TensorType ZERO_POINT = TensorType.of(DType.U8, Shape.SCALAR);

  @Override
  public String type() {
    return "DynamicQuantizeLinear";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.dtype(0) != DType.F32) {
      throw c.error("input is " + c.dtype(0) + ", wanted f32");
    }
    return List.of(TensorType.of(DType.U8, c.shape(0)), SCALE, ZERO_POINT);
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Lowering.Operand scale = Build.result(c, 1);
    Lowering.Operand zeroPoint = Build.result(c, 2);
    Expr zero = Build.number(DType.F32, 0);

    Args forScale = new Args(c);
    List<Stage> range =
        List.of(over(c, forScale, Combiner.MAX), over(c, forScale, Combiner.MIN));
    Expr greatest = Expr.max(new Expr.StageValue(0, DType.F32), zero);
    Expr least = Expr.min(new Expr.StageValue(1, DType.F32), zero);
    Expr width = Expr.sub(greatest, least);
    Expr step =
        Expr.select(
            Build.eq(width, zero),
            Build.number(DType.F32, 1),
            Expr.div(width, Build.number(DType.F32, 255)));
    Lowering.Call first =
        forScale.call("dynamic_scale", SCALE, List.of(), range, step, scale);

    Args forZero = new Args(c);
    List<Stage> low = List.of(over(c, forZero, Combiner.MIN));
    Expr shift =
        Expr.div(
            Expr.unary(UnaryOp.NEG, Expr.min(new Expr.StageValue(0, DType.F32), zero)),
            forZero.read(scale, SCALE, List.of()));
    Expr whole = Quantize.saturated(Expr.unary(UnaryOp.ROUND, shift), DType.U8);
    Lowering.Call second =
        forZero.call("dynamic_zero_point", ZERO_POINT, List.of(), low, whole, zeroPoint);

    List<Axis> axes = Compute.axes(out);
    Args args = new Args(c);
    Expr y =
        Quantize.quantized(
            args.read(0, Compute.vars(axes)),
            args.read(scale, SCALE, List.of()),
            args.read(zeroPoint, ZERO_POINT, List.of()),
            DType.U8);
    Lowering.Call third =
        args.call("dynamic_quantize", out, axes, List.of(), y, new Lowering.Output(0));
    return new Lowering(List.of(first, second, third));
  }

  private static Stage over(OpContext c, Args args, Combiner combiner) {
    List<Axis> axes = new ArrayList<>(Compute.axes(c.input(0)));
    Expr x = args.read(0, Compute.vars(axes));
    if (axes.isEmpty()) {
      axes.add(new Axis("one", 1));
    }
    return new Stage(0, combiner, axes, x);
  }
}
