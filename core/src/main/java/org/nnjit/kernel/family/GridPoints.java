package org.nnjit.kernel.family;

import org.nnjit.compute.Compute;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.Value;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/**
 * Every compute with an invocation for each of its points, which does the reductions alone. Steps:
 * {@code size}, invocations of a workgroup.
 */
final class GridPoints implements GridFamily {

  @Override
  public String name() {
    return "points";
  }

  @Override
  public GridSpace match(Compute compute, GpuTarget target) {
    return new Space(compute);
  }

  private record Space(Compute c) implements GridSpace {
    @Override
    public Schedule defaultSchedule() {
      return Schedule.of("points").with("size", 64);
    }

    @Override
    public GridNest lower(Schedule schedule) {
      Grid grid = new Grid(c);
      int size = schedule.get("size", 64);
      int points = Reductions.points(c.spatial());
      Value first = Value.mul(Value.get(grid.group), size);
      Value point = grid.b.keep("point", Value.add(first, Value.get(grid.lane)));
      grid.where(
          points % size == 0 ? null : Grid.less(point, points),
          () -> {
            Digits.bind(c.spatial(), point, grid.b);
            Reductions reductions = new Reductions(c, null, false, grid.b);
            for (int i = 0; i < c.stages().size(); i++) {
              reductions.row(i);
            }
            grid.store();
          });
      return grid.nest((points + size - 1) / size, size);
    }
  }
}
