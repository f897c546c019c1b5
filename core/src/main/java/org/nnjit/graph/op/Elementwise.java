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
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** An operator on each element of one or several broadcast inputs. */
final class Elementwise implements Operator {

  /** What is done with the elements. */
  interface Body {
    /** The result for these elements, in their working precision. */
    Expr of(OpContext c, List<Expr> x);
  }

  private final String domain;
  private final String type;
  private final int arity;
  private final boolean toBool;
  private final Body body;

  /**
   * @param type operator name
   * @param arity number of inputs; 0 for any number, at least one
   * @param toBool result is bool
   * @param body result in terms of the inputs
   */
  Elementwise(String type, int arity, boolean toBool, Body body) {
    this("", type, arity, toBool, body);
  }

  Elementwise(String domain, String type, int arity, boolean toBool, Body body) {
    this.domain = domain;
    this.type = type;
    this.arity = arity;
    this.toBool = toBool;
    this.body = body;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public String domain() {
    return domain;
  }

  private int count(OpContext c) {
    return arity == 0 ? c.inputCount() : arity;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int n = count(c);
    Shape shape = Build.broadcastShape(c, n);
    for (int i = 1; i < n; i++) {
      if (c.dtype(i) != c.dtype(0) && !type.equals("Pow")) {
        throw c.error("inputs are " + c.dtype(0) + " and " + c.dtype(i) + ", wanted one type");
      }
    }
    return List.of(TensorType.of(toBool ? DType.BOOL : c.dtype(0), shape));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    List<Expr> x = new ArrayList<>();
    for (int i = 0; i < count(c); i++) {
      x.add(Build.wide(Build.broadcast(i, c.input(i), axes)));
    }
    return Build.map(c, type.toLowerCase(), out, axes, body.of(c, x), count(c));
  }
}
