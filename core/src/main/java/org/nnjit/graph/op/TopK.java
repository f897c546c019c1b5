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
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * The k largest or smallest elements along an axis and where they stood: on short axes by counting
 * how many elements go before each, of a long last axis in blocks, else sorted on the host.
 */
final class TopK implements Operator {
  /** Pairs of elements compared, at most: the host takes as long. */
  private static final int MOST = 1 << 18;

  @Override
  public String type() {
    return "TopK";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int axis = c.axis(c.attributes().getInt("axis", -1), c.shape(0).rank());
    int k = (int) (c.opset() < 10 ? c.attributes().getInt("k", 1) : c.value(1).getLong(0));
    if (k < 0 || k > c.shape(0).dim(axis)) {
      throw c.error("k is " + k + ", axis " + axis + " of " + c.shape(0) + " has fewer elements");
    }
    Shape s = c.shape(0).with(axis, k);
    return List.of(TensorType.of(c.dtype(0), s), TensorType.of(DType.I64, s));
  }

  @Override
  public Lowering lower(OpContext c) {
    List<TensorType> types = infer(c);
    TensorType x = c.input(0);
    int axis = c.axis(c.attributes().getInt("axis", -1), x.shape().rank());
    int n = x.shape().dim(axis);
    if (types.get(0).shape().elements() == 0) {
      return null;
    }
    if (x.shape().elements() * n > MOST) {
      boolean largest = c.attributes().getInt("largest", 1) == 1;
      int k = types.get(0).shape().dim(axis);
      return axis == x.shape().rank() - 1 ? TopKBlocks.lower(c, k, largest) : null;
    }
    TensorType ranks = TensorType.of(DType.I32, x.shape());
    Lowering.Operand rank = new Lowering.Temp(2);
    Lowering.Operand where = Build.result(c, 1);
    List<Lowering.Call> calls = new ArrayList<>();
    calls.add(new Lowering.Call(rank(c, ranks, axis), List.of(new Lowering.Input(0)), rank));
    calls.add(new Lowering.Call(where(ranks, types.get(1), axis), List.of(rank), where));
    if (Build.wants(c, 0)) {
      List<Axis> axes = Compute.axes(types.get(0));
      Expr at = Expr.read(1, DType.I64, Compute.vars(axes));
      Expr body = Expr.read(0, x.dtype(), Build.along(axes, axis, Build.index(at, n)));
      Compute values =
          Compute.of("topk", List.of(x, types.get(1)), types.get(0), axes, List.of(), body);
      calls.add(
          new Lowering.Call(
              values, List.of(new Lowering.Input(0), where), new Lowering.Output(0)));
    }
    return new Lowering(calls);
  }

  /** How many elements go before each: the greater or smaller ones, and equal ones on the left. */
  private static Compute rank(OpContext c, TensorType ranks, int axis) {
    boolean largest = c.attributes().getInt("largest", 1) == 1;
    List<Axis> axes = Compute.axes(ranks);
    Axis j = new Axis("j", axes.get(axis).extent());
    Expr own = Build.wide(Expr.read(0, c.dtype(0), Compute.vars(axes)));
    Expr other = Build.wide(Expr.read(0, c.dtype(0), Build.along(axes, axis, Expr.var(j))));
    Expr left = Expr.lt(Expr.var(j), Expr.var(axes.get(axis)));
    Expr before =
        Expr.select(left, Build.not(wins(own, other, largest)), wins(other, own, largest));
    Expr one = Expr.select(before, Expr.i32(1), Expr.i32(0));
    Stage count = new Stage(axes.size(), Combiner.SUM, List.of(j), one);
    Expr body = new Expr.StageValue(0, DType.I32);
    return Compute.of("topk_rank", List.of(c.input(0)), ranks, axes, List.of(count), body);
  }

  /** True where a goes before b wherever they stand; a NaN is greater than any number. */
  private static Expr wins(Expr a, Expr b, boolean largest) {
    Expr greater = largest ? a : b;
    Expr smaller = largest ? b : a;
    Expr wins = Expr.lt(smaller, greater);
    if (!a.type().isFloat()) {
      return wins;
    }
    Expr onlyNan =
        Expr.and(
            Expr.unary(UnaryOp.IS_NAN, greater),
            Build.not(Expr.unary(UnaryOp.IS_NAN, smaller)));
    return Expr.binary(BinaryOp.OR, wins, onlyNan);
  }

  /** Where the element of each rank stands. */
  private static Compute where(TensorType ranks, TensorType out, int axis) {
    List<Axis> axes = Compute.axes(out);
    Axis i = new Axis("i", ranks.shape().dim(axis));
    Expr rank = Expr.read(0, DType.I32, Build.along(axes, axis, Expr.var(i)));
    Expr hit = Expr.select(Build.eq(rank, Expr.var(axes.get(axis))), Expr.var(i), Expr.i32(0));
    Stage found = new Stage(axes.size(), Combiner.MAX, List.of(i), hit);
    Expr body = Expr.cast(DType.I64, new Expr.StageValue(0, DType.I32));
    return Compute.of("topk_where", List.of(ranks), out, axes, List.of(found), body);
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    List<TensorType> types = infer(c);
    Tensor x = c.value(0);
    int axis = c.axis(c.attributes().getInt("axis", -1), x.shape().rank());
    boolean largest = c.attributes().getInt("largest", 1) == 1;
    int n = x.shape().dim(axis);
    int k = types.get(0).shape().dim(axis);
    int inner = x.shape().elements(axis + 1, x.shape().rank());
    int outer = x.shape().elements(0, axis);
    Tensor values = Tensor.zeros(x.dtype(), types.get(0).shape());
    Tensor indices = Tensor.zeros(DType.I64, types.get(0).shape());
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        List<Integer> order = new ArrayList<>();
        for (int j = 0; j < n; j++) {
          order.add(j);
        }
        int base = o * n * inner + i;
        order.sort(
            (p, q) -> {
              int by = compare(x, base + p * inner, base + q * inner);
              return by != 0 ? (largest ? -by : by) : p - q;
            });
        for (int j = 0; j < k; j++) {
          int to = (o * k + j) * inner + i;
          int from = base + order.get(j) * inner;
          if (x.dtype().isFloat()) {
            values.setDouble(to, x.getDouble(from));
          } else {
            values.setLong(to, x.getLong(from));
          }
          indices.setLong(to, order.get(j));
        }
      }
    }
    return List.of(values, indices);
  }

  private static int compare(Tensor x, int a, int b) {
    return x.dtype().isFloat()
        ? Double.compare(x.getDouble(a), x.getDouble(b))
        : Long.compare(x.getLong(a), x.getLong(b));
  }
}
