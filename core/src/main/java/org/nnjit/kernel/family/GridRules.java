package org.nnjit.kernel.family;

import org.nnjit.schedule.Schedule;

/** What kernels for GPUs need not try; the rules of tiles come from {@link GridTiles}' choices. */
final class GridRules {
  private GridRules() {}

  /** Invocations of the workgroup that makes a tile. */
  static int size(Schedule s) {
    return s.get("bm", 1) / s.get("tm", 1) * (s.get("bn", 4) / s.get("tn", 4));
  }

  /** The device refuses larger ones. */
  record GroupFits(int most) implements Rule {
    @Override
    public String reason() {
      return "a workgroup has at most " + most + " invocations here";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("size", 1) <= most;
    }
  }

  /** Of a tree whose leaves hold one number each, the first level could have been a loop. */
  record SomethingToJoin(int points) implements Rule {
    @Override
    public String reason() {
      return "an invocation adds up two points at least before it meets the others";
    }

    @Override
    public boolean keeps(Schedule s) {
      return 2 * s.get("size", 1) <= points;
    }
  }

  /** A workgroup that hangs over the end of everything does nothing there. */
  record PointsForAll(int points) implements Rule {
    @Override
    public String reason() {
      return "of more invocations than there are points some do nothing";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("size", 1) <= points;
    }
  }

  /** Memory answers late: only other invocations fill the wait. */
  record ManyInvocations(int points) implements Rule {
    /** 16 cores with a thousand invocations each; larger GPUs want more, smaller ones need no less. */
    private static final int ENOUGH = 16 << 10;

    @Override
    public String reason() {
      return "fewer than " + ENOUGH + " invocations do not hide how late memory answers";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("each", 1) == 1 || points / s.get("each", 1) >= ENOUGH;
    }
  }

  /** Sums, a four of each row of A and a four of B are live at once. */
  record RegistersHold(int numbers) implements Rule {
    @Override
    public String reason() {
      return "an invocation's tile must fit " + numbers + " registers: beyond, a core holds fewer"
          + " invocations or spills sums";
    }

    @Override
    public boolean keeps(Schedule s) {
      int rows = s.get("tm", 1);
      return rows * s.get("tn", 4) + 4 * rows + 4 <= numbers;
    }
  }

  /** Tiles of workgroups consist of those of invocations. */
  record WholeInvocations() implements Rule {
    @Override
    public String reason() {
      return "a workgroup's tile is as large as an invocation's at least";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("bm", 1) >= s.get("tm", 1) && s.get("bn", 4) >= s.get("tn", 4);
    }
  }

  /** Hardware runs 32 or 64 invocations as one, whether all have work or not. */
  record FullGroups(int most) implements Rule {
    private static final int FEWEST = 32;
    private static final int MOST = 256;

    @Override
    public String reason() {
      return "workgroups of fewer than " + FEWEST + " leave lanes idle, those of more than "
          + Math.min(most, MOST) + " wait long at barriers, or are refused";
    }

    @Override
    public boolean keeps(Schedule s) {
      return size(s) >= FEWEST && size(s) <= Math.min(most, MOST);
    }
  }

  /** A tile that hangs over the matrix computes nothing of use there. */
  record TileInside(int rows, int columns) implements Rule {
    @Override
    public String reason() {
      return "a tile twice the matrix, " + rows + " by " + columns + ", computes in vain";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("bm", 1) < 2 * rows && s.get("bn", 1) < 2 * columns;
    }
  }

  /** Cut edges cost as much as whole tiles. */
  record LittleWaste(LiteSpace.Cost padded, double least) implements Rule {
    private static final double MOST = 1.25;

    @Override
    public String reason() {
      return "ragged edges alone make it 25 % slower than the tiles that fit best";
    }

    @Override
    public boolean keeps(Schedule s) {
      return padded.of(s) <= MOST * least;
    }

    @Override
    public String toString() {
      return reason();
    }
  }

  /** Memory comes in lines, of which all should be used. */
  record WholeLines() implements Rule {
    /** Half a line of most GPUs, a sector of the others, in numbers. */
    private static final int SECTOR = 8;

    @Override
    public String reason() {
      return "neighbouring invocations should read " + SECTOR + " neighbours of A and "
          + 2 * SECTOR + " of B at least: memory comes in lines";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("bk", 4) >= SECTOR && s.get("bn", 4) >= 2 * SECTOR;
    }
  }

  /** Tiles of both operands, later one of the result. */
  record SharedHolds(int bytes) implements Rule {
    @Override
    public String reason() {
      return "tiles must fit the " + bytes + " bytes that a workgroup shares";
    }

    @Override
    public boolean keeps(Schedule s) {
      return 4 * GridTiles.shared(s.get("bm", 1), s.get("bn", 4), s.get("bk", 4), 1) <= bytes;
    }
  }

  /** The parts of the depth of {@link GridVector} meet once. */
  record PartsHaveSteps(int depth) implements Rule {
    private static final int FEWEST = 32;

    @Override
    public String reason() {
      return "a part of fewer than " + FEWEST + " steps is over before it is joined with the others";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("split", 1) <= s.get("size", 1)
          && (s.get("split", 1) == 1 || s.get("split", 1) * FEWEST <= depth);
    }
  }

  /** Vectors of sums for each row and column, or four columns, of an invocation of {@link GridVector}. */
  record SumsHold(int rows, int columns, int bytes) implements Rule {
    private static final int MOST = 8;

    @Override
    public String reason() {
      return "more than " + MOST + " vectors of sums leave no registers for what is read, and all"
          + " sums must fit the " + bytes + " bytes that a workgroup shares";
    }

    @Override
    public boolean keeps(Schedule s) {
      int tn = s.get("tn", 1);
      return (tn == columns || rows * tn / columns <= MOST)
          && 4 * rows * s.get("size", 1) * tn <= bytes;
    }
  }

  /** Everyone waits at the barrier for those that bring a tile. */
  record AllBring(int depth) implements Rule {
    @Override
    public String reason() {
      return "a step in which not every invocation brings four numbers, or longer than the depth of "
          + depth + " twice, waits for few";
    }

    @Override
    public boolean keeps(Schedule s) {
      int bk = s.get("bk", 4);
      return (s.get("bm", 1) + s.get("bn", 4)) * bk / 4 >= size(s) && bk < 2 * depth;
    }
  }

  /** Even small GPUs have so many cores; how many more are of use {@link GridTiles}' costs say. */
  record GroupsInFlight(LiteSpace.Cost groups) implements Rule {
    private static final int FEWEST = 16;

    @Override
    public String reason() {
      return "fewer than " + FEWEST + " workgroups leave cores of a GPU without work";
    }

    @Override
    public boolean keeps(Schedule s) {
      return groups.of(s) >= FEWEST;
    }

    @Override
    public String toString() {
      return reason();
    }
  }
}
