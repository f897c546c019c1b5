package org.nnjit.kernel.family;

import org.nnjit.schedule.Schedule;

/** What a register-tiled product need not try. */
final class ContractionRules {
  private ContractionRules() {}

  private static int height(Schedule s) {
    return s.get("mr", 1);
  }

  private static int width(Schedule s) {
    return s.get("nr", 4) / 4;
  }

  /** Sums, a row of B and a splat of A are live at once. */
  record RegistersHold(int registers) implements Rule {
    @Override
    public String reason() {
      return "a tile must fit " + registers + " vector registers: a spilled sum is loaded and stored"
          + " at every step";
    }

    @Override
    public boolean keeps(Schedule s) {
      return height(s) * width(s) + width(s) + 1 <= registers;
    }
  }

  /** A tile that hangs over the matrix computes nothing of use there. */
  record TileInside(int rows, int columns) implements Rule {
    @Override
    public String reason() {
      return "a tile larger than the matrix, " + rows + " by " + columns + ", computes in vain";
    }

    @Override
    public boolean keeps(Schedule s) {
      return height(s) <= rows && width(s) <= (columns + 3) / 4;
    }
  }

  /** Tiles that instruction issue, latency or cut edges make slow. */
  record LittleWaste(LiteSpace.Cost cycles, double least) implements Rule {
    private static final double MOST = 1.3;

    @Override
    public String reason() {
      return "issue, latency and edges alone make it 30 % slower than the best tile";
    }

    @Override
    public boolean keeps(Schedule s) {
      return cycles.of(s) <= MOST * least;
    }

    @Override
    public String toString() {
      return reason();
    }
  }

  /** A block of k is one whose panel stays in a cache. */
  record BlockOfSteps(int depth) implements Rule {
    private static final int FEWEST = 32;

    @Override
    public String reason() {
      return "blocks of k shorter than " + FEWEST + " steps, or of all k, cost more sums kept and"
          + " fetched than they save";
    }

    @Override
    public boolean keeps(Schedule s) {
      int kc = s.get("kc", 0);
      return kc == 0 || kc >= FEWEST && kc < depth;
    }
  }

  /** Threads share the outer loop. */
  record PartsToShare(int rows, int columns, int batches, int threads) implements Rule {
    @Override
    public String reason() {
      return threads + " threads need as many parts of the outer loop";
    }

    @Override
    public boolean keeps(Schedule s) {
      int size = s.get("outer", 0) == 1 ? rows : columns;
      int step = s.get("outer", 0) == 1 ? height(s) : 4 * width(s);
      return (size + step - 1) / step * batches >= threads;
    }
  }

  /** Each stream of B is a panel of its own. */
  record WholeVectors() implements Rule {
    @Override
    public String reason() {
      return "streams of packed B are whole vectors wide";
    }

    @Override
    public boolean keeps(Schedule s) {
      int streams = s.get("streams", 1);
      return streams == 1 || s.get("pack", 0) == 1 && width(s) % streams == 0;
    }
  }

  /** Runs of strips pass over all panels. */
  record RunsOfRows() implements Rule {
    @Override
    public String reason() {
      return "runs of strips matter only where rows are the outer loop";
    }

    @Override
    public boolean keeps(Schedule s) {
      return s.get("outer", 0) == 1 || s.get("mc", 1) == 1;
    }
  }
}
