package org.nnjit.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.interp.ComputeInterpreter;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Calls that take the body of another into themselves. */
class InlineTest {
  private static final TensorType INDICES = TensorType.of(DType.I64, Shape.of(2));
  private static final TensorType X = TensorType.of(DType.F32, Shape.of(2, 3));
  private static final TensorType TRANSPOSED = TensorType.of(DType.F32, Shape.of(3, 2));

  @Test
  void readsInsideAnIndexKeepTheirArgument() {
    List<Axis> axes = Compute.axes(TRANSPOSED);
    Expr swapped =
        Expr.read(0, DType.F32, Expr.var(axes.get(1)), Expr.var(axes.get(0)));
    Compute transpose = Compute.of("transpose", List.of(X), TRANSPOSED, axes, List.of(), swapped);

    TensorType rows = TensorType.of(DType.F32, Shape.of(2, 2));
    List<Axis> points = Compute.axes(rows);
    Expr row = Expr.cast(DType.I32, Expr.read(1, DType.I64, Expr.var(points.get(0))));
    Expr gathered = Expr.read(0, DType.F32, row, Expr.var(points.get(1)));
    Compute gather =
        Compute.of("gather", List.of(TRANSPOSED, INDICES), rows, points, List.of(), gathered);

    ComputeCall merged =
        Inline.into(
            new ComputeCall("gather", gather, List.of("xt", "indices"), "y"),
            "xt",
            new ComputeCall("transpose", transpose, List.of("x"), "xt"));

    Map<String, Tensor> values =
        Map.of(
            "x", Tensor.ofFloats(X.shape(), 1, 2, 3, 4, 5, 6),
            "indices", Tensor.ofLongs(INDICES.shape(), 2, 0));
    List<Tensor> args = new ArrayList<>();
    for (String name : merged.args()) {
      args.add(values.get(name));
    }
    Tensor y = Tensor.zeros(DType.F32, rows.shape());
    ComputeInterpreter.evaluate(merged.compute(), args, y);
    assertEquals(Tensor.ofFloats(rows.shape(), 3, 6, 1, 4).toString(), y.toString());
  }
}
