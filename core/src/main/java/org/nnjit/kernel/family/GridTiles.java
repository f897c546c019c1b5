package org.nnjit.kernel.family;

import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/**
 * The schedules of {@link GridProduct} that are worth trying: tiles of workgroups and of
 * invocations, cut by {@link GridRules}, in the order of a rough model. What it costs to be wrong
 * about a GPU is an order in which better tiles come later; measuring corrects that.
 */
final class GridTiles {
  /** Numbers that an invocation may hold: half of what the most generous GPUs have. */
  private static final int REGISTERS = 128;

  /** As many as a session's tuning gets through. */
  private static final int MOST = 48;

  /** Reads of shared memory for each multiply-add of a tile of one by one; broadcasts halve them. */
  private static final double SHARED_COST = 0.5;

  /** What an element brought from memory costs, address and conversion included, in multiply-adds. */
  private static final double BRING_COST = 12;

  /** Two barriers of a step, in multiply-adds of an invocation. */
  private static final double STEP_COST = 60;

  /** Invocations that fill a GPU of middle size. */
  private static final double BUSY = 8192;

  private GridTiles() {}

  /**
   * Numbers that a workgroup shares.
   *
   * @param parts into which the depth of a step is cut
   */
  static int shared(int bm, int bn, int bk, int parts) {
    return Math.max((bm + bn) * bk, bm * bn * parts);
  }

  /** The space of a product of [m, k] and [k, n], so many times. */
  static LiteSpace lite(int m, int n, int k, int batches, GpuTarget target) {
    LiteSpace.Cost padded = s -> (double) padded(m, s.get("bm", 1)) * padded(n, s.get("bn", 4));
    LiteSpace.Cost groups =
        s -> (double) tiles(m, s.get("bm", 1)) * tiles(n, s.get("bn", 4)) * batches;
    return new LiteSpace.Builder("product")
        .choose("bm", 256, 8, 16, 32, 64, 128)
        .choose("bn", 64, 8, 16, 32, 64, 128)
        .keep(new GridRules.TileInside(m, n))
        .keep(new GridRules.LittleWaste(padded, (double) padded(m, 8) * padded(n, 16)))
        .choose("bk", 16, 4, 8, 16, 32)
        .keep(new GridRules.WholeLines())
        .keep(new GridRules.SharedHolds(target.sharedBytes()))
        .choose("tm", 16, 1, 2, 4, 8, 16)
        .choose("tn", 4, 4, 8, 16)
        .keep(new GridRules.WholeInvocations())
        .keep(new GridRules.RegistersHold(REGISTERS))
        .keep(new GridRules.FullGroups(target.groupSize()))
        .keep(new GridRules.AllBring(k))
        .keep(new GridRules.GroupsInFlight(groups))
        .order(s -> cost(s, padded.of(s) * k * batches, groups.of(s)), MOST);
  }

  private static int tiles(int extent, int tile) {
    return (extent + tile - 1) / tile;
  }

  private static int padded(int extent, int tile) {
    return tiles(extent, tile) * tile;
  }

  /**
   * Predicted time.
   *
   * @param steps multiply-adds of all tiles, what hangs over included
   */
  private static double cost(Schedule s, double steps, double groups) {
    double tm = s.get("tm", 1);
    double tn = s.get("tn", 4);
    double reads = SHARED_COST * (1 / tm + 1 / tn);
    double brings = BRING_COST * (1.0 / s.get("bm", 1) + 1.0 / s.get("bn", 4));
    double waits = STEP_COST / (s.get("bk", 4) * tm * tn);
    double idle = Math.max(1, BUSY / (groups * GridRules.size(s)));
    return steps * (1 + reads + brings + waits) * idle;
  }
}
