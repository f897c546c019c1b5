package org.nnjit.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.interp.ComputeInterpreter;
import org.nnjit.kernel.family.Families;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Programs of a few calls before and after all fusions. */
class FusionTest {
  private static final int N = 9;
  private static final TensorType SQUARE = TensorType.of(DType.F32, Shape.of(N, N));

  /** {@code z[i, j] = x[i, j] op y[j, i]}. */
  private static ComputeCall withTranspose(BinaryOp op, String x, String y, String z) {
    List<Axis> axes = Compute.axes(SQUARE);
    Expr here = Expr.read(0, DType.F32, Compute.vars(axes));
    Expr across = Expr.read(1, DType.F32, Expr.var(axes.get(1)), Expr.var(axes.get(0)));
    Compute c =
        Compute.of(
            "map", List.of(SQUARE, SQUARE), SQUARE, axes, List.of(),
            Expr.binary(op, here, across));
    return new ComputeCall("map", c, List.of(x, y), z);
  }

  /** {@code z = x y}. */
  private static ComputeCall matmul(String x, String y, String z) {
    List<Axis> axes = Compute.axes(SQUARE);
    Axis k = new Axis("k", N);
    Expr a = Expr.read(0, DType.F32, Expr.var(axes.get(0)), Expr.var(k));
    Expr b = Expr.read(1, DType.F32, Expr.var(k), Expr.var(axes.get(1)));
    Stage sum = new Stage(2, Combiner.SUM, List.of(k), Expr.mul(a, b));
    Compute c =
        Compute.of(
            "matmul", List.of(SQUARE, SQUARE), SQUARE, axes, List.of(sum),
            new Expr.StageValue(0, DType.F32));
    return new ComputeCall("matmul", c, List.of(x, y), z);
  }

  /** {@code y[i, j] = x[j, i]}. */
  private static ComputeCall transpose(String x, String y) {
    List<Axis> axes = Compute.axes(SQUARE);
    Expr across = Expr.read(0, DType.F32, Expr.var(axes.get(1)), Expr.var(axes.get(0)));
    Compute c = Compute.of("transpose", List.of(SQUARE), SQUARE, axes, List.of(), across);
    return new ComputeCall("transpose", c, List.of(x), y);
  }

  private static Program program(Call... calls) {
    Map<String, TensorType> types = new HashMap<>();
    types.put("x", SQUARE);
    for (Call call : calls) {
      types.put(call.results().get(0), SQUARE);
    }
    return new Program(List.of("x"), List.of("y"), types, Map.of(), List.of(calls));
  }

  private static String run(Program program) {
    Tensor x = Tensor.zeros(DType.F32, SQUARE.shape());
    for (int i = 0; i < x.elements(); i++) {
      x.setDouble(i, i * i % 7 - 3);
    }
    Map<String, Tensor> values = new HashMap<>(Map.of("x", x));
    for (Call call : program.calls()) {
      ComputeCall c = (ComputeCall) call;
      List<Tensor> args = new ArrayList<>();
      c.args().forEach(a -> args.add(values.get(a)));
      Tensor y = Tensor.zeros(DType.F32, SQUARE.shape());
      ComputeInterpreter.evaluate(c.compute(), args, y);
      values.put(c.result(), y);
    }
    StringBuilder all = new StringBuilder();
    Tensor y = values.get("y");
    for (int i = 0; i < y.elements(); i++) {
      all.append(y.getDouble(i)).append(' ');
    }
    return all.toString();
  }

  @Test
  void aMapThatAlsoReadsAcrossIsNoEpilogue() {
    Program program =
        program(matmul("x", "x", "s"), withTranspose(BinaryOp.SUB, "s", "s", "y"));
    Program fused = Fusion.apply(program, c -> false, c -> false, c -> false);
    assertEquals(2, fused.calls().size());
    assertEquals(run(program), run(fused));
  }

  @Test
  void operandsOfAProductAreReadByNothingElse() {
    // x times its transpose, plus the transpose: one call that reads x in three ways.
    Program program =
        program(
            transpose("x", "t"), matmul("x", "t", "s"), withTranspose(BinaryOp.ADD, "s", "x", "y"));
    Program fused = Fusion.apply(program, c -> false, c -> false, c -> false);
    assertEquals(1, fused.calls().size());
    ComputeCall call = (ComputeCall) fused.calls().get(0);
    assertEquals(List.of("x", "x", "x"), call.args());
    List<Integer> read = new ArrayList<>();
    Exprs.reads(call.compute()).forEach(r -> read.add(Exprs.argOf(r)));
    assertEquals(3, Set.copyOf(read).size(), read.toString());
    assertEquals(
        "contraction",
        Families.of(call.compute(), Target.common()).defaultSchedule(Set.of()).family());
    assertEquals(run(program), run(fused));
  }
}
