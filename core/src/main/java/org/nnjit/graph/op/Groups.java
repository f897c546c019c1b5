package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.tensor.Shape;

/**
 * Dimensions split into those that are kept and those reduced over, for operators that bring each
 * group of elements to a common measure. Spatial axes are the kept dimensions, then the reduced
 * ones, so that a stage runs once for each group.
 */
final class Groups {
  private final Shape shape;
  private final boolean[] reduced;
  private final List<Axis> dims = new ArrayList<>();
  private final List<Axis> spatial = new ArrayList<>();
  private final int outer;

  /** An element of a group by its index in the tensor. */
  interface Element {
    Expr at(List<Expr> index);
  }

  Groups(Shape shape, boolean[] reduced) {
    this.shape = shape;
    this.reduced = reduced;
    List<Axis> inner = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      Axis axis = new Axis("i" + i, shape.dim(i));
      dims.add(axis);
      (reduced[i] ? inner : spatial).add(axis);
    }
    outer = spatial.size();
    spatial.addAll(inner);
  }

  /** Elements in one group. */
  int size() {
    int n = 1;
    for (int i = 0; i < reduced.length; i++) {
      n *= reduced[i] ? shape.dim(i) : 1;
    }
    return n;
  }

  /** Axes in the order a compute declares them. */
  List<Axis> spatial() {
    return spatial;
  }

  /** Index of a point, one entry for each dimension. */
  List<Expr> point() {
    return Compute.vars(dims);
  }

  /** A reduction over the group of a point. */
  Stage stage(Combiner combiner, Element element) {
    List<Axis> over = new ArrayList<>();
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < reduced.length; i++) {
      Axis axis = dims.get(i);
      if (reduced[i]) {
        axis = new Axis("r" + i, shape.dim(i));
        over.add(axis);
      }
      index.add(Expr.var(axis));
    }
    return new Stage(outer, combiner, over, element.at(index));
  }
}
