package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.loop.GridNest;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/**
 * Products of one or a few rows with a matrix, which is read once and whose reading is all that
 * takes time: a step of text generation, the last layer of a network for images. The invocations of
 * a workgroup share the depth: {@code split} of them have a part of it each for the same columns,
 * and what they have is summed in shared memory. Where the columns are dense in memory, neighbours
 * read four columns each; where the depth is (a transposed matrix), neighbours read four steps of it
 * each, for {@code tn} columns. A matrix of codes of 4 or 8 bits is read by words of 32 bits and
 * unpacked in registers. Steps: {@code size split tn}.
 */
final class GridVector implements GridFamily {
  private static final int MOST_ROWS = 8;

  /** With fewer columns or steps of depth there is too little to share. */
  private static final int LEAST = 32;

  /** Invocations that GPUs work on at once, and what joining parts costs in steps, roughly. */
  private static final double LANES = 16 << 10;

  private static final double SOFTWARE_LANES = 8;

  private static final double JOIN_STEPS = 30;

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public GridSpace match(Compute c, GpuTarget target) {
    Parts p = Parts.codes(c);
    if (p == null) {
      p = Parts.of(c);
    }
    return p == null || p.m() > MOST_ROWS || p.n() < LEAST || p.k() < LEAST
        ? null
        : new Space(p, target);
  }

  /**
   * The axes by what varies with them, outermost first, and the operands.
   *
   * @param compute whose axes these are
   * @param batch axes of both
   * @param x f32, the rows
   * @param w the matrix; null where it consists of codes
   * @param codes the matrix where it consists of codes, else null
   * @param deep steps of the depth are neighbours in memory, not columns
   */
  record Parts(
      Compute compute,
      List<Axis> batch,
      List<Axis> rows,
      List<Axis> columns,
      List<Axis> depth,
      Expr x,
      Expr w,
      QuantisedFamily.Product codes,
      boolean deep) {

    int m() {
      return Reductions.points(rows);
    }

    int n() {
      return Reductions.points(columns);
    }

    int k() {
      return Reductions.points(depth);
    }

    /** A product with a matrix of floats in memory, or null. */
    static Parts of(Compute c) {
      GridOperands p = GridOperands.of(c);
      if (p != null && Reductions.points(p.rows()) > Reductions.points(p.columns())) {
        p = p.turned();
      }
      if (p == null || p.columns().isEmpty()) {
        return null;
      }
      Grid grid = new Grid(c);
      boolean across = inFours(grid, p.b(), p.columns());
      boolean deep = !across && inFours(grid, p.b(), p.depth());
      return across || deep
          ? new Parts(c, p.batch(), p.rows(), p.columns(), p.depth(), p.a(), p.b(), null, deep)
          : null;
    }

    private static boolean inFours(Grid grid, Expr w, List<Axis> axes) {
      Axis last = axes.get(axes.size() - 1);
      return last.extent() % 4 == 0 && grid.isDense(w, last);
    }

    /** A product with a matrix of codes whose rows lie in words, or null. */
    static Parts codes(Compute c) {
      QuantisedFamily.Product p = QuantisedFamily.product(c);
      if (p == null
          || p.k().extent() % p.perWord() != 0
          || p.block() % p.perWord() != 0
          || p.b().rowBytes(p.n(), p.k(), p.k().extent()) == 0
          || p.compute().inputs().get(p.b().argument()).shape().elements() % 4 != 0) {
        return null;
      }
      Expr x = ((Binary) p.compute().stages().get(0).body()).a();
      List<Axis> rows = p.m() == null ? List.of() : List.of(p.m());
      return new Parts(
          p.compute(), List.of(), rows, List.of(p.n()), List.of(p.k()), x, null, p, true);
    }
  }

  private record Space(Parts p, GpuTarget target) implements GridSpace {
    @Override
    public Schedule defaultSchedule() {
      // A program does one invocation after the other: sharing only costs there.
      if (target.software()) {
        return lite().candidates().get(0).schedule();
      }
      int tn = p.m() > 4 ? 1 : p.n() < 4096 || p.m() > 2 ? 2 : 4;
      int split = 1;
      int most = p.deep() ? 16 : 32;
      // Each invocation has some steps to do, and the sums fit what every GPU has.
      while (split < most && split * 2 * 32 <= p.k() && split * 2 * p.m() * 32 * 4 <= 8 << 10) {
        split *= 2;
      }
      int size = p.deep() ? 64 : Math.max(32, 8 * split);
      return Schedule.of("vector")
          .with("size", Math.min(size, target.groupSize()))
          .with("split", split)
          .with("tn", p.deep() ? tn : 4);
    }

    @Override
    public LiteSpace lite() {
      int[] columns = p.deep() ? new int[] {1, 2, 4} : new int[] {4};
      LiteSpace.Builder space =
          new LiteSpace.Builder("vector")
              .choose("size", target.groupSize(), 32, 64, 128, 256)
              .choose("split", p.k(), 1, 2, 4, 8, 16, 32)
              .choose("tn", p.deep() ? p.n() : 1, columns)
              .keep(new GridRules.GroupFits(target.groupSize()))
              .keep(new GridRules.PartsHaveSteps(p.k()))
              .keep(new GridRules.SumsHold(p.m(), p.deep() ? 1 : 4, target.sharedBytes()));
      if (!target.software()) {
        space.keep(new GridRules.GroupsInFlight(this::groups));
      }
      return space.order(this::cost, 16);
    }

    private double groups(Schedule s) {
      int bn = s.get("size", 64) / s.get("split", 1) * s.get("tn", 4);
      int across = (p.n() + bn - 1) / bn;
      return (double) across * Reductions.points(p.batch());
    }

    /** Steps of an invocation, and the barrier, for each time that the lanes of a GPU are full. */
    private double cost(Schedule s) {
      double tn = p.deep() ? s.get("tn", 1) : 1;
      double steps = (double) p.k() / s.get("split", 1) / (p.deep() ? 4 : 1);
      double lanes = target.software() ? SOFTWARE_LANES : LANES;
      double waves = Math.max(1, groups(s) * s.get("size", 64) / lanes);
      return (steps * (tn + p.m() * tn + p.m()) + JOIN_STEPS) * waves;
    }

    @Override
    public GridNest lower(Schedule schedule) {
      return new GridVectorLowering(p, schedule).nest();
    }

    @Override
    public List<Integer> words() {
      return p.codes() == null ? List.of() : List.of(p.codes().b().argument());
    }
  }
}
