package org.nnjit.compute;

import java.util.List;

/**
 * A reduction inside a compute: for each point of the first {@code outer} spatial axes, joins
 * {@code body} over {@code axes}. The body may use those spatial axes, its own axes and earlier
 * stages with no more outer axes. Softmax over rows is two stages with the row as outer axis;
 * MatMul is one stage with all spatial axes as outer.
 *
 * @param outer number of leading spatial axes that the reduction is made for
 * @param combiner how values are joined
 * @param axes what is reduced over, outermost first, not empty
 * @param body the value joined
 */
public record Stage(int outer, Combiner combiner, List<Axis> axes, Expr body) {
  public Stage {
    axes = List.copyOf(axes);
  }
}
