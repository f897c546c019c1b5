package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/**
 * Long reductions, with a workgroup for each row: softmax, normalisations, sums, products of a
 * matrix and a vector along rows. Its invocations share the reduced points, join what they have with
 * few barriers, and share the points of the row. Steps: {@code size}, invocations of a workgroup, and
 * {@code sub}, 1 where sums are joined by subgroups.
 */
final class GridRows implements GridFamily {
  /** Shorter reductions are done again by each point sooner than together. */
  private static final int LONG = 32;

  /** Reductions for each point of the output are shared where there are fewer points ... */
  private static final int FEW_POINTS = 16 << 10;

  /** ... or fewer still where neighbouring points read neighbours, which is as good alone. */
  private static final int VERY_FEW_POINTS = 256;

  /** An invocation joins so many parts before the next barrier; all join what is left at the end. */
  private static final int JOINED = 16;

  private static final int TOGETHER = 32;
  /** A read and what is done with it, and a barrier with the reads and writes around it, roughly. */
  private static final double STEP_CYCLES = 10;

  private static final double LEVEL_CYCLES = 30;

  /** Invocations of a subgroup, on most GPUs. */
  private static final double SUBGROUP = 32;

  @Override
  public String name() {
    return "rows";
  }

  @Override
  public GridSpace match(Compute c, GpuTarget target) {
    int rank = c.spatial().size();
    int depth = -1;
    for (Stage s : c.stages()) {
      if (!s.points().isEmpty()) {
        return null;
      }
      int reduced = Reductions.points(s.axes());
      int enough = readsAcross(c, s) ? VERY_FEW_POINTS : FEW_POINTS;
      boolean few = s.outer() < rank || Reductions.points(c.spatial()) < enough;
      if (reduced >= LONG && few && (s.outer() < rank || reduced >= 4 * LONG)) {
        depth = Math.max(depth, s.outer());
      }
    }
    return depth < 0 ? null : new Space(c, depth, target);
  }

  /** Whether neighbours along the output's last axis lie together, and not those that are reduced. */
  private static boolean readsAcross(Compute c, Stage s) {
    if (c.spatial().isEmpty() || s.axes().isEmpty()) {
      return false;
    }
    Axis point = c.spatial().get(c.spatial().size() - 1);
    Axis reduced = s.axes().get(s.axes().size() - 1);
    for (Expr read : Exprs.reads(s.body())) {
      Affine address = Exprs.address(c.inputs(), read);
      if (address.coefficient(point) == 1 && address.coefficient(reduced) > 1) {
        return true;
      }
    }
    return false;
  }

  private record Space(Compute c, int depth, GpuTarget target) implements GridSpace {
    /** Points of the longest reduction. */
    private int most() {
      int most = 1;
      for (Stage s : c.stages()) {
        most = Math.max(most, s.outer() <= depth ? Reductions.points(s.axes()) : 1);
      }
      return most;
    }

    @Override
    public LiteSpace lite() {
      int most = most();
      LiteSpace.Builder space =
          new LiteSpace.Builder("rows")
              .choose("size", target.groupSize(), 32, 64, 128, 256, 512, 1024)
              .keep(new GridRules.GroupFits(target.groupSize()))
              .keep(new GridRules.SomethingToJoin(most));
      if (joins()) {
        space.choose("sub", 2, 0, 1);
      }
      return space.order(s -> cycles(most, s.get("size", 64), s.get("sub", 0)), 12);
    }

    /** Whether there is a sum that subgroups could join. */
    private boolean joins() {
      if (!target.subgroups()) {
        return false;
      }
      for (Stage s : c.stages()) {
        if (s.outer() <= depth && isSum(s)) {
          return true;
        }
      }
      return false;
    }

    /** Each adds its part of the points, then all meet for each level of the tree. */
    private static double cycles(int points, int size, int sub) {
      double levels = Math.log(size / (sub == 0 ? 1.0 : SUBGROUP)) / Math.log(2);
      int steps = (points + size - 1) / size;
      return steps * STEP_CYCLES + levels * LEVEL_CYCLES;
    }

    @Override
    public Schedule defaultSchedule() {
      int most = target.software() ? 0 : most();
      int size = 32;
      while (size * 16 < most && size * 2 <= target.groupSize()) {
        size *= 2;
      }
      Schedule s = Schedule.of("rows").with("size", size);
      return joins() ? s.with("sub", 0) : s;
    }

    @Override
    public GridNest lower(Schedule schedule) {
      return new Lowering(new Grid(c), depth, schedule).nest();
    }
  }

  private static boolean isSum(Stage s) {
    return s.combiner() == Combiner.SUM && s.body().type() == DType.F32;
  }

  private static final class Lowering {
    private final Grid grid;
    private final Compute c;
    private final int depth;
    private final int size;
    private final boolean subgroups;
    private final Reductions reductions;

    Lowering(Grid grid, int depth, Schedule s) {
      this.grid = grid;
      this.c = grid.compute;
      this.depth = depth;
      this.size = s.get("size", 64);
      this.subgroups = s.get("sub", 0) == 1;
      this.reductions = new Reductions(c, null, false, grid.b);
    }

    GridNest nest() {
      List<Axis> outer = c.spatial().subList(0, depth);
      List<Axis> inner = c.spatial().subList(depth, c.spatial().size());
      grid.b.open();
      Digits.bind(outer, Value.get(grid.group), grid.b);
      for (int i = 0; i < c.stages().size(); i++) {
        if (c.stages().get(i).outer() <= depth) {
          together(i);
        }
      }
      int points = Reductions.points(inner);
      if (points == 1) {
        grid.where(Grid.less(Value.get(grid.lane), 1), () -> point(inner, Value.i32(0)));
      } else {
        grid.loop("point", Value.get(grid.lane), points, size, p -> point(inner, p));
      }
      Stmt body = grid.b.close();
      grid.b.emit(body);
      return grid.nest(Reductions.points(outer), size);
    }

    private void point(List<Axis> inner, Value p) {
      Digits.bind(inner, p, grid.b);
      for (int i = 0; i < c.stages().size(); i++) {
        if (c.stages().get(i).outer() > depth) {
          reductions.row(i);
        }
      }
      grid.store();
    }

    /** A stage by all invocations; afterwards each knows its value. */
    private void together(int index) {
      Stage stage = c.stages().get(index);
      DType type = stage.body().type();
      LType register = Value.scalarType(type);
      Local part = Local.of("part", register);
      grid.b.emit(Stmt.let(part, Reductions.identity(stage, false)));
      int reduced = Reductions.points(stage.axes());
      grid.loop(
          "at",
          Value.get(grid.lane),
          reduced,
          size,
          at -> {
            Digits.bind(stage.axes(), at, grid.b);
            reductions.join(stage, stage.body(), part, false);
          });
      Buffer shared = grid.share(type, size);
      if (subgroups && isSum(stage)) {
        grid.b.emit(new Stmt.Join(part, shared));
        reductions.set(0, index, part);
        return;
      }
      Value own = new Value.Address(shared, Value.get(grid.lane));
      grid.b.emit(new Stmt.Store(own, 0, Value.get(part), 1));
      grid.barrier();
      int left = size;
      while (left > TOGETHER) {
        int parts = left / JOINED;
        grid.where(
            Grid.less(Value.get(grid.lane), parts),
            () -> {
              Local joined = join(stage, new Value.Address(shared, Value.get(grid.lane)), parts, JOINED);
              grid.b.emit(new Stmt.Store(own, 0, Value.get(joined), 1));
            });
        grid.barrier();
        left = parts;
      }
      // A barrier more would cost more than that all do the same.
      reductions.set(0, index, join(stage, new Value.Address(shared, Value.i32(0)), 1, left));
    }

    /** Joins {@code count} parts, each {@code step} after the one before. */
    private Local join(Stage stage, Value first, int step, int count) {
      DType type = stage.body().type();
      Local total = Local.of("total", Value.scalarType(type));
      grid.b.emit(Stmt.let(total, new Value.Load(first, 0, Value.Access.SCALAR)));
      grid.loop(
          "part",
          Value.i32(step),
          count * step,
          step,
          part -> {
            Value next =
                new Value.Load(new Value.Offset(first, part), 0, Value.Access.SCALAR);
            Value joined =
                new Value.Binary(stage.combiner().op(), type, Value.get(total), next);
            grid.b.emit(Stmt.let(total, joined));
          });
      return total;
    }
  }
}
