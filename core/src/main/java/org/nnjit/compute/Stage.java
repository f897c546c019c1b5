package org.nnjit.compute;

import java.util.List;

/**
 * A step inside a compute: for each point of the first {@code outer} spatial axes, joins {@code
 * body} over {@code axes}. The body may use those spatial axes, its own axes and earlier stages
 * with no more outer axes. Softmax over rows is two stages with the row as outer axis; MatMul is
 * one stage with all spatial axes as outer.
 *
 * <p>A stage with {@code points} makes a row of values, one for each of their points, that later
 * stages read at an index: the scores of attention are a stage with a point for each key.
 *
 * @param outer number of leading spatial axes that the stage is made for
 * @param points axes of a row of values; empty for one value
 * @param combiner how values are joined
 * @param axes what is reduced over, outermost first; without any the value is the body itself
 * @param body the value joined
 */
public record Stage(
    int outer, List<Axis> points, Combiner combiner, List<Axis> axes, Expr body) {
  public Stage {
    points = List.copyOf(points);
    axes = List.copyOf(axes);
  }

  /** A reduction to one value. */
  public Stage(int outer, Combiner combiner, List<Axis> axes, Expr body) {
    this(outer, List.of(), combiner, axes, body);
  }

  /** The same stage of another body. */
  public Stage with(Expr other) {
    return new Stage(outer, points, combiner, axes, other);
  }
}
