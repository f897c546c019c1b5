package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Compute;
import org.nnjit.schedule.GpuTarget;

/** The families for GPUs, most special first: the first that accepts a compute lowers it. */
public final class GridFamilies {
  private static final List<GridFamily> ALL =
      List.of(new GridProduct(), new GridRows(), new GridPoints());

  private GridFamilies() {}

  /** The kernels of the first family that has some; the last has some for everything. */
  public static GridSpace of(Compute compute, GpuTarget target) {
    Compute collapsed = Grid.collapsed(compute);
    for (GridFamily f : ALL) {
      GridSpace space = f.match(collapsed, target);
      if (space != null) {
        return space;
      }
    }
    throw new IllegalStateException("no family for GPUs accepts " + compute.name());
  }
}
