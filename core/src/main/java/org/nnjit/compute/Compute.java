package org.nnjit.compute;

import java.util.List;
import org.nnjit.tensor.TensorType;

/**
 * What is to be calculated: for every point of the spatial axes, {@code body} is stored in the
 * output at the logical index {@code store}. Arguments 0 to n-1 are the inputs that {@link
 * Expr.Read} names. The stored points must not overlap and, unless the operator says so (Concat
 * parts, padding), cover the output.
 *
 * @param name what the kernel is called after, lower case: {@code matmul_bias_gelu}
 * @param inputs type of each argument
 * @param output type of the result
 * @param spatial axes of the result's points
 * @param stages reductions, in order; later ones may use earlier ones
 * @param body value of a point; its type is the output's
 * @param store logical index in the output of a point, one expression for each dimension
 */
public record Compute(
    String name,
    List<TensorType> inputs,
    TensorType output,
    List<Axis> spatial,
    List<Stage> stages,
    Expr body,
    List<Expr> store) {

  public Compute {
    inputs = List.copyOf(inputs);
    spatial = List.copyOf(spatial);
    stages = List.copyOf(stages);
    store = List.copyOf(store);
    if (store.size() != output.shape().rank()) {
      throw new IllegalArgumentException(
          name + ": store index has " + store.size() + " entries for " + output);
    }
    if (body.type() != output.dtype()) {
      throw new IllegalArgumentException(
          name + ": body is " + body.type() + ", output " + output);
    }
  }

  /** A compute whose spatial axes are the output's dimensions, in order. */
  public static Compute of(
      String name,
      List<TensorType> inputs,
      TensorType output,
      List<Axis> spatial,
      List<Stage> stages,
      Expr body) {
    return new Compute(name, inputs, output, spatial, stages, body, vars(spatial));
  }

  /** One axis for each dimension of a type, named i0, i1, ... */
  public static List<Axis> axes(TensorType type) {
    Axis[] axes = new Axis[type.shape().rank()];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = new Axis("i" + i, type.shape().dim(i));
    }
    return List.of(axes);
  }

  /** The axes as index expressions. */
  public static List<Expr> vars(List<Axis> axes) {
    Expr[] vars = new Expr[axes.size()];
    for (int i = 0; i < vars.length; i++) {
      vars[i] = Expr.var(axes.get(i));
    }
    return List.of(vars);
  }
}
