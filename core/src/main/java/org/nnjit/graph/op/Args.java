package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.tensor.TensorType;

/** The arguments of one compute, gathered while its expressions read them. */
final class Args {
  private final OpContext c;
  private final List<TensorType> types = new ArrayList<>();
  private final List<Lowering.Operand> operands = new ArrayList<>();

  Args(OpContext c) {
    this.c = c;
  }

  /** Argument number of a value of the lowering. */
  int add(Lowering.Operand operand, TensorType type) {
    int known = operands.indexOf(operand);
    if (known >= 0) {
      return known;
    }
    operands.add(operand);
    types.add(type);
    return types.size() - 1;
  }

  /** Argument number of the node's input. */
  int input(int i) {
    return add(new Lowering.Input(i), c.input(i));
  }

  /** An element of the node's input. */
  Expr read(int input, List<Expr> index) {
    return Expr.read(input(input), c.dtype(input), index);
  }

  Expr read(int input, Expr... index) {
    return read(input, List.of(index));
  }

  /** An element of any value of the lowering. */
  Expr read(Lowering.Operand operand, TensorType type, List<Expr> index) {
    return Expr.read(add(operand, type), type.dtype(), index);
  }

  /** The first element of the node's input, which has one. */
  Expr scalar(int input) {
    return read(input, Collections.nCopies(c.shape(input).rank(), Expr.i32(0)));
  }

  /** The node's input at the axes of a result it broadcasts to. */
  Expr broadcast(int input, List<Axis> axes) {
    return Build.broadcast(input(input), c.input(input), axes);
  }

  /** A call whose spatial axes are the result's dimensions; the body is cast to its type. */
  Lowering.Call call(
      String name,
      TensorType out,
      List<Axis> axes,
      List<Stage> stages,
      Expr body,
      Lowering.Operand result) {
    return call(name, out, axes, stages, body, Compute.vars(axes), result);
  }

  /** A call that stores its points where {@code store} says. */
  Lowering.Call call(
      String name,
      TensorType out,
      List<Axis> axes,
      List<Stage> stages,
      Expr body,
      List<Expr> store,
      Lowering.Operand result) {
    Expr value = Expr.cast(out.dtype(), body);
    Compute compute = new Compute(name, types, out, axes, stages, value, store);
    return new Lowering.Call(compute, operands, result);
  }

  /** The lowering of a node that is one compute whose axes are its result's dimensions. */
  Lowering lowering(
      String name, TensorType out, List<Axis> axes, List<Stage> stages, Expr body) {
    return new Lowering(
        List.of(call(name, out, axes, stages, body, new Lowering.Output(0))));
  }
}
