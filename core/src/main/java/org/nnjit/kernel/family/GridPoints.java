package org.nnjit.kernel.family;

import org.nnjit.compute.Compute;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.Value;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/**
 * Every compute with an invocation for each of its points, or for some of them, which does the
 * reductions alone. Steps: {@code size}, invocations of a workgroup; {@code each}, points of an
 * invocation: neighbouring invocations have neighbouring points each time.
 */
final class GridPoints implements GridFamily {

  @Override
  public String name() {
    return "points";
  }

  @Override
  public GridSpace match(Compute compute, GpuTarget target) {
    return new Space(compute, target);
  }

  private record Space(Compute c, GpuTarget target) implements GridSpace {
    @Override
    public Schedule defaultSchedule() {
      return Schedule.of("points").with("size", 64);
    }

    @Override
    public LiteSpace lite() {
      int points = Reductions.points(c.spatial());
      return new LiteSpace.Builder("points")
          .choose("size", target.groupSize(), 32, 64, 128, 256)
          .keep(new GridRules.GroupFits(target.groupSize()))
          .keep(new GridRules.PointsForAll(points))
          .choose("each", 16, 1, 2, 4)
          .keep(new GridRules.ManyInvocations(points))
          .order(Space::cost, 12);
    }

    /** What is known beforehand is little: the middle first. */
    private static double cost(Schedule s) {
      double apart = Math.log(s.get("size", 64) / 64.0) / Math.log(2);
      return 1 + 0.02 * Math.abs(apart) + 0.01 * (s.get("each", 1) - 1);
    }

    @Override
    public GridNest lower(Schedule schedule) {
      Grid grid = new Grid(c);
      int size = schedule.get("size", 64);
      int each = schedule.get("each", 1);
      int points = Reductions.points(c.spatial());
      Value first = Value.mul(Value.get(grid.group), size * each);
      if (each == 1) {
        point(grid, Value.add(first, Value.get(grid.lane)), points % size == 0);
      } else {
        grid.b.open();
        Value from = grid.b.keep("first", first);
        grid.loop(
            "own",
            Value.get(grid.lane),
            size * each,
            size,
            own -> point(grid, Value.add(from, own), points % (size * each) == 0));
        grid.b.emit(grid.b.close());
      }
      return grid.nest((points + size * each - 1) / (size * each), size);
    }

    /**
     * One point by its number.
     *
     * @param whole there are no numbers beyond the last
     */
    private void point(Grid grid, Value number, boolean whole) {
      Value point = grid.b.keep("point", number);
      grid.where(
          whole ? null : Grid.less(point, Reductions.points(c.spatial())),
          () -> {
            Digits.bind(c.spatial(), point, grid.b);
            Reductions reductions = new Reductions(c, null, false, grid.b);
            for (int i = 0; i < c.stages().size(); i++) {
              reductions.row(i);
            }
            grid.store();
          });
    }
  }
}
