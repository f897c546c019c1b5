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
import org.nnjit.tensor.TensorType;

/** Inference: the input, and a mask of ones. */
final class Dropout implements Operator {

  @Override
  public String type() {
    return "Dropout";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.has(2) && c.value(2).getLong(0) != 0) {
      throw c.error("training_mode is set; nnJIT runs models for inference only");
    }
    DType mask = c.opset() < 10 ? c.dtype(0) : DType.BOOL;
    return List.of(TensorType.of(c.dtype(0), c.shape(0)), TensorType.of(mask, c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    List<TensorType> out = infer(c);
    List<Lowering.Call> calls = new ArrayList<>();
    List<Axis> axes = Compute.axes(out.get(0));
    Compute copy =
        Compute.of(
            "copy", List.of(c.input(0)), out.get(0), axes, List.of(),
            Build.broadcast(0, c.input(0), axes));
    calls.add(new Lowering.Call(copy, List.of(new Lowering.Input(0)), new Lowering.Output(0)));
    if (c.node().outputs().size() > 1) {
      List<Axis> again = Compute.axes(out.get(1));
      Expr one = Build.number(out.get(1).dtype(), 1);
      Compute mask = Compute.of("ones", List.of(), out.get(1), again, List.of(), one);
      calls.add(new Lowering.Call(mask, List.of(), new Lowering.Output(1)));
    }
    return new Lowering(calls);
  }
}
