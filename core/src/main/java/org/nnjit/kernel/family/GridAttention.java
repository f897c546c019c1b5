package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Stage;
import org.nnjit.loop.GridNest;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/**
 * Attention without its scores in memory, as FlashAttention does it: an invocation keeps a row of Q
 * and of the result in registers and goes over the keys, with the largest score and the sum of
 * exponentials so far. With many rows, a workgroup brings {@code bk} keys at a time to its shared
 * memory, for {@code rows} rows. With few, {@code split} invocations share the keys of a row and
 * join what they have at the end. Steps: {@code rows split bk}.
 */
final class GridAttention implements GridFamily {
  /** A row of Q and one of the result have to fit in registers. */
  private static final int MOST_COLUMNS = 192;

  /** With fewer rows keys are not shared, but their rows. */
  private static final int MANY_ROWS = 16;

  /** As long as their scores are fewer, tiles of two products read less than rows do. */
  private static final long MANY_SCORES = 1 << 18;

  @Override
  public String name() {
    return "attention";
  }

  @Override
  public GridSpace match(Compute c, GpuTarget target) {
    Parts p = Parts.of(c);
    return p == null ? null : new Space(p);
  }

  /** Whether a whole attention can be one kernel, and had better be. */
  static boolean suits(Compute original) {
    Parts p = Parts.of(Grid.collapsed(original));
    return p != null
        && (p.rows() < MANY_ROWS || (long) p.rows() * p.key().extent() >= MANY_SCORES);
  }

  /**
   * The stages as {@link AttentionParts} numbers them.
   *
   * @param q read at the depth, the same for all keys
   * @param k read at the depth and the point of the first stage
   * @param v read at the column and the key of the last stage
   * @param row axis that only Q and the result have, or null for one row
   * @param batch the axes of the result but row and column
   */
  record Parts(Compute compute, Expr q, Expr k, Expr v, Axis row, List<Axis> batch) {

    Stage stage(int i) {
      return compute.stages().get(i);
    }

    Axis depth() {
      return stage(0).axes().get(0);
    }

    Axis column() {
      return compute.spatial().get(compute.spatial().size() - 1);
    }

    /** Axis of the keys in V. */
    Axis key() {
      return stage(AttentionParts.LAST + 1).axes().get(0);
    }

    int rows() {
      return row == null ? 1 : row.extent();
    }

    static Parts of(Compute c) {
      if (c.stages().size() != AttentionParts.LAST + 2 || c.stages().get(0).points().isEmpty()) {
        return null;
      }
      Stage dot = c.stages().get(0);
      Stage result = c.stages().get(AttentionParts.LAST + 1);
      int outer = c.spatial().size() - 1;
      // What is not a plain softmax has weights of its own for each key.
      if (!c.stages().get(AttentionParts.LAST).points().isEmpty()
          || dot.axes().size() != 1
          || result.axes().size() != 1
          || dot.outer() != outer
          || result.outer() != outer + 1) {
        return null;
      }
      LoopBuilder b =
          new LoopBuilder(MapReduceFamily.buffers(c), MapReduceFamily.types(c));
      Binary product = (Binary) dot.body();
      Axis point = dot.points().get(0);
      boolean swap = uses(b, product.a(), point);
      Expr q = swap ? product.b() : product.a();
      Expr k = swap ? product.a() : product.b();
      Expr v = ((Binary) result.body()).b();
      Axis depth = dot.axes().get(0);
      Axis column = c.spatial().get(outer);
      if (uses(b, q, point) || !uses(b, k, point) || depth.extent() % 4 != 0
          || column.extent() % 4 != 0 || depth.extent() + column.extent() > MOST_COLUMNS) {
        return null;
      }
      Axis row = null;
      List<Axis> batch = new ArrayList<>();
      for (Axis a : c.spatial().subList(0, outer)) {
        boolean alone = uses(b, q, a) && !uses(b, k, a) && !uses(b, v, a);
        if (alone && (row == null || a.extent() > row.extent())) {
          if (row != null) {
            batch.add(row);
          }
          row = a;
        } else {
          batch.add(a);
        }
      }
      return new Parts(c, q, k, v, row, batch);
    }

    private static boolean uses(LoopBuilder b, Expr read, Axis axis) {
      Affine a = b.address(read);
      return a.coefficient(axis) != 0 || a.hidesAxis(axis);
    }
  }

  private record Space(Parts p) implements GridSpace {
    @Override
    public Schedule defaultSchedule() {
      int rows = Math.min(p.rows(), 64);
      int split = 1;
      // What the invocations join has to fit in 12 of the 16 KB that every GPU has.
      int most = (12 << 10) / (4 * (p.column().extent() + 2));
      while (p.rows() < MANY_ROWS
          && 2 * split * rows <= Math.min(64, most)
          && 8 * split <= p.key().extent()) {
        split *= 2;
      }
      int bk = 16;
      while (bk > 4 && bk * 4 * (p.depth().extent() + p.column().extent()) > 8 << 10) {
        bk /= 2;
      }
      return Schedule.of("attention").with("rows", rows).with("split", split).with("bk", bk);
    }

    @Override
    public GridNest lower(Schedule schedule) {
      return new GridAttentionLowering(p, schedule).nest();
    }
  }
}
