package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Compute;
import org.nnjit.schedule.GpuTarget;

/** The families for GPUs, most special first: the first that accepts a compute lowers it. */
public final class GridFamilies {
  private static final List<GridFamily> ALL =
      List.of(
          new GridAttention(), new GridVector(), new GridDirect(), new GridProduct(), new GridRows(),
          new GridPoints());

  private GridFamilies() {}

  /**
   * The kernels of the first family that has some; the last has some for everything.
   *
   * @param wide for each argument whether elements of a narrow type lie in a word each
   */
  public static GridSpace of(Compute compute, GpuTarget target, List<Boolean> wide) {
    Compute collapsed = Grid.collapsed(compute);
    for (GridFamily f : ALL) {
      GridSpace space = f.match(collapsed, target);
      if (space != null && packed(space, wide)) {
        return space;
      }
    }
    throw new IllegalStateException("no family for GPUs accepts " + compute.name());
  }

  /** Whether a compute is an attention that one kernel does. */
  public static boolean attends(Compute compute) {
    return GridAttention.suits(compute);
  }

  private static boolean packed(GridSpace space, List<Boolean> wide) {
    for (int argument : space.words()) {
      if (wide.get(argument)) {
        return false;
      }
    }
    return true;
  }
}
