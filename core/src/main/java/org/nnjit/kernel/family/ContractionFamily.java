package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Register-tiled products: a tile of {@code mr} rows by {@code nr} columns stays in vector
 * registers while k runs; A is read in place, one element splatted over four columns; B is read
 * from panels of {@code nr / streams} columns, packed at load for weights, or in place when its rows are
 * dense.
 *
 * <p>Steps: {@code mr}, {@code nr} (a multiple of 4), {@code unroll} of k, {@code kc} (k is cut
 * into blocks of at most this length, 0 for one block), {@code outer} (0: panels of columns are the
 * outer, parallel loop, 1: runs of strips are), {@code mc} (strips in a run), {@code pack} (1: B is
 * packed), {@code ahead} (1: strips fetch the next block of packed B bit by bit), {@code streams}
 * (parts of nr columns, each from a panel far from the others: caches fetch several ascending streams
 * faster than one).
 */
public final class ContractionFamily implements KernelFamily {
  /** Rows that pass all panels together. */
  private static final int RUN_ROWS = 48;

  /** Strips that pass all panels together where these are in the first-level cache (1, 4, 16). */
  private static final int NEAR_STRIPS = 4;

  /** Steps of k in a loop turn: fewer leave the loop's own instructions visible. */
  private static final int UNROLL = 8;

  /** Parts that several threads can share evenly. */
  private static final int PARTS = 8;

  /** Largest tiles of the full space: no register file holds more. */
  private static final int MOST_ROWS = 16;

  private static final int MOST_VECTORS = 16;

  private static final int MOST_CANDIDATES = 32;

  /** Share of a step's time that a loop turn costs, that a cut of k costs, that far panels cost. */
  private static final double TURN = 0.15;

  private static final double CUT = 0.01;
  private static final double FAR = 1.06;

  /** Streams that reach the memory's rate; more do not: 8.8, 10.6, 11.7, 11.9 GB/s for 1, 2, 4, 8. */
  private static final int STREAMS = 4;

  /** Weights are packed for the tile that so many rows like best. */
  private static final int MANY_ROWS = 64;

  /** Times of the best that a tile may take whose weights plans of other rows have packed. */
  private static final double SHARED = 1.02;

  /** The same for few rows, which wait for memory. */
  private static final double SHARED_BY_FEW = 1.5;

  /** Products of so many rows pass B once or twice: they wait for it. */
  private static final int FEW_ROWS = 8;

  /**
   * Up to so many rows, weights from afar are cut into short blocks of k that strips of two rows meet one
   * after the other: while a strip calculates on what is near, the next lines come. Tiles of all rows
   * wait for lines, then calculate: 13 GFMA/s where these do 20 (4 rows), 13 and 24 (6 rows) on a Zen 4
   * that reads 26 GB/s; lengths of 16 to 64 are alike.
   */
  private static final int SHORT_ROWS = 16;

  private static final int SHORT_CUT = 32;

  /** Times as long that other tiles take there. */
  private static final double WAITS = 1.4;

  /** Cycles that a step of k takes beyond what its instructions explain, whatever the tile. */
  private static final double STEP_CYCLES = 0.5;

  /** Cycles to begin and end a tile. */
  private static final double TILE_CYCLES = 60;

  @Override
  public String name() {
    return "contraction";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    if (!target.has(Feature.SIMD)) {
      return null;
    }
    Contraction c = Contraction.withHalves(compute);
    if (c == null || c.columns() < 4 || c.depth() < 2) {
      return null;
    }
    LoopBuilder addresses = addresses(c);
    return Vectors.allows(c.compute().body(), c.n(), addresses)
        ? new Space(c, addresses, target)
        : null;
  }

  /** True when a product can read its weight as 16-bit floats. */
  public static boolean readsHalves(Compute compute, Target target) {
    return HalfProduct.of(compute) != null
        && new ContractionFamily().match(compute, target) != null;
  }

  /** The kernels of a contraction whose operands suit. */
  static KernelSpace space(Contraction c, Target target) {
    return new Space(c, addresses(c), target);
  }

  static LoopBuilder addresses(Contraction c) {
    return new LoopBuilder(
        MapReduceFamily.buffers(c.compute()), MapReduceFamily.types(c.compute()));
  }

  private record Space(Contraction c, LoopBuilder addresses, Target target)
      implements KernelSpace {
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      boolean weight = weights.contains(c.argB());
      int[] tile = tile(weight);
      int mr = tile[0];
      int nr = tile[1];
      boolean isShort = takesShortCuts(weight);
      boolean outside = !isShort && rowsOutside(mr, nr);
      boolean packed =
          weight
              || c.half() != null
              || c.rows() > 8
              || addresses.address(c.b()).coefficient(c.n()) != 1;
      return Schedule.of("contraction")
          .with("mr", mr)
          .with("nr", nr)
          .with("unroll", UNROLL)
          .with("kc", isShort ? SHORT_CUT : mr > 1 ? cut(nr) : 0)
          .with("outer", outside ? 1 : 0)
          .with("mc", outside ? run(mr, nr) : 1)
          .with("pack", packed ? 1 : 0)
          .with("ahead", packed && !isShort && isFar(mr, nr) ? 1 : 0)
          .with("streams", packed ? panelsOf(nr) : 1);
    }

    /** Whether B comes from farther than the second-level cache, for strips that could fetch it. */
    private boolean isFar(int mr, int nr) {
      return c.half() == null && c.rows() > 2 * mr && mr > 1 && bytesOfB(nr) > target.l2Bytes();
    }

    /** Panels that lie side by side in a tile of few rows. */
    private int panelsOf(int nr) {
      int width = sharedWidth();
      return c.rows() <= SHORT_ROWS && nr % width == 0 ? nr / width : 1;
    }

    /** Whether B is a weight that strips of two rows should meet in short blocks of k. */
    private boolean takesShortCuts(boolean weight) {
      return weight
          && c.half() == null
          && c.rows() > 2
          && c.rows() <= SHORT_ROWS
          && c.k().size() == 1
          && c.depth() > SHORT_CUT
          && batches() == 1
          && bytesOfB(sharedWidth()) > target.l2Bytes() / 4;
    }

    /** Columns of packed panels of weights. */
    private int sharedWidth() {
      return best(MANY_ROWS, 0)[1];
    }

    /** Bytes of a panel of B that stay in the first-level cache beside A and C. */
    private int panelBytes() {
      return target.l1Bytes() / 2;
    }

    /**
     * Bytes above which A comes from beyond the second-level cache again with each panel of B, and
     * a result is better written once, row by row.
     */
    private int farBytes() {
      return target.l2Bytes() / 4 * 3;
    }

    /** Bytes of A that stay in the second-level cache while all panels of B pass. */
    private int runBytes() {
      return target.l2Bytes() / 4;
    }

    private int batches() {
      int batches = 1;
      for (Axis axis : c.batch()) {
        batches *= axis.extent();
      }
      return batches;
    }

    private long bytesOfB(int nr) {
      return (c.columns() + nr - 1) / nr * (4L * nr * c.depth());
    }

    /**
     * Whether rows are the outer loop: where all of B is near, where the result is too large to be
     * written panel by panel, or where panels are too few to share.
     */
    private boolean rowsOutside(int mr, int nr) {
      if (c.half() != null) {
        return false;
      }
      long bytesOfC = (long) batches() * c.rows() * c.columns() * 4;
      boolean streams = bytesOfB(nr) <= target.l2Bytes() && bytesOfC >= farBytes();
      boolean few = (c.columns() + nr - 1) / nr * batches() < PARTS;
      return streams
          || c.rows() > mr * 8 && (bytesOfB(nr) <= panelBytes() || few)
          || bytesOfA(nr) > farBytes();
    }

    /** Bytes of a block of k of A; 0 for windows, which share most of theirs. */
    private long bytesOfA(int nr) {
      return c.k().size() > 1 ? 0 : 4L * c.rows() * steps(nr);
    }

    /** Steps of k in a block. */
    private int steps(int nr) {
      int cut = cut(nr);
      return cut == 0 ? c.depth() : cut;
    }

    /** Strips in a run: few where B stays in the first-level cache, else such that runs share. */
    private int run(int mr, int nr) {
      if (bytesOfB(nr) <= panelBytes()) {
        return Math.min(NEAR_STRIPS, (c.rows() + mr - 1) / mr);
      }
      int strips = (c.rows() + mr - 1) / mr;
      int runs = Math.max(1, c.rows() / RUN_ROWS);
      if (bytesOfB(nr) > target.l2Bytes() && bytesOfA(nr) > farBytes()) {
        runs = (int) ((bytesOfA(nr) + runBytes() - 1) / runBytes());
      }
      if (runs * batches() < 2 * PARTS) {
        runs = Math.min(strips, (2 * PARTS + batches() - 1) / batches());
      }
      return (strips + runs - 1) / runs;
    }

    /** Length of a block of k such that a panel of B stays in the first-level cache, or 0. */
    private int cut(int nr) {
      int most = panelBytes() / (4 * nr);
      if (c.depth() <= most) {
        return 0;
      }
      int run = c.run(addresses.address(c.a()));
      int parts = (run + most - 1) / most;
      return ((run + parts - 1) / parts + UNROLL - 1) / UNROLL * UNROLL;
    }

    /**
     * Rows and columns of the tile that takes the fewest cycles for one step of k. Weights are packed
     * once for plans of all numbers of rows, as far as the tiles that suits are not much slower.
     */
    private int[] tile(boolean weight) {
      int width = sharedWidth();
      if (c.rows() == 1) {
        return new int[] {1, width * streamsOf(width)};
      }
      if (takesShortCuts(weight)) {
        boolean two = 2 * width < c.columns() + 4 && 6 * width / 4 < target.vectorRegisters();
        return new int[] {2, two ? 2 * width : width};
      }
      int[] best = best(c.rows(), 0);
      if (!weight || best[1] == width) {
        return best;
      }
      int[] shared = best(c.rows(), width);
      double most = c.rows() <= FEW_ROWS ? SHARED_BY_FEW : SHARED;
      double cycles = cycles(c.rows(), shared[0], shared[1]);
      return cycles <= most * cycles(c.rows(), best[0], best[1]) ? shared : best;
    }

    /** Streams of panels so wide whose sums of one row the registers hold, as many as there are panels at most. */
    private int streamsOf(int width) {
      int streams = STREAMS;
      while (streams > 1
          && (streams * width / 4 + 3 > target.vectorRegisters() || (streams - 1) * width >= c.columns())) {
        streams /= 2;
      }
      return streams;
    }

    /** The best tile of all, or of those so many columns wide; a few rows may have several panels. */
    private int[] best(int rows, int width) {
      int[] best = {1, 4};
      double bestCost = Double.MAX_VALUE;
      for (int mr = Math.min(2, rows); mr <= Math.min(8, rows); mr++) {
        for (int vectors = 1; vectors <= 6 && (vectors == 1 || 4 * vectors < c.columns() + 4);
            vectors++) {
          boolean fits =
              width == 0 || 4 * vectors == width || rows <= FEW_ROWS && 4 * vectors % width == 0;
          if (!fits || mr * vectors + vectors + 1 > target.vectorRegisters()) {
            continue;
          }
          double cost = cycles(rows, mr, 4 * vectors);
          if (cost < bestCost * 0.999) {
            best = new int[] {mr, 4 * vectors};
            bestCost = cost;
          }
        }
      }
      return best;
    }

    /** Cycles that all tiles of these rows, whole and cut, need for one step of k. */
    private double cycles(int rows, int mr, int nr) {
      int rest = c.columns() % nr;
      int tiles = c.columns() / nr;
      double whole = tiles * strips(rows, mr, nr);
      return rest == 0 ? whole : whole + strips(rows, mr, rest);
    }

    private double strips(int rows, int mr, int columns) {
      int rest = rows % mr;
      int tiles = rows / mr;
      double whole = tiles * cyclesOfTile(mr, columns);
      return rest == 0 ? whole : whole + cyclesOfTile(rest, columns);
    }

    /**
     * Cycles of a tile for one step of k, on a core that issues four instructions of which two may
     * be multiply-adds with a latency of four. Besides the loads and multiply-adds a step moves a
     * pointer, and has its part of the loop.
     */
    private double cyclesOfTile(int rows, int columns) {
      int vectors = (columns + 3) / 4;
      int sums = rows * vectors;
      double issue = (sums + rows + vectors + 1.75) / 4;
      double perTile = TILE_CYCLES / Math.max(64, Math.min(c.depth(), panelBytes() / (4 * columns)));
      return Math.max(Math.max(4, sums / 2.0), issue) + STEP_CYCLES + perTile;
    }

    @Override
    public LiteSpace lite(Set<Integer> weights) {
      boolean halves = c.half() != null;
      boolean mustPack = halves || addresses.address(c.b()).coefficient(c.n()) != 1;
      boolean weight = weights.contains(c.argB());
      boolean isShort = takesShortCuts(weight);
      int[] tile = tile(weight);
      LiteSpace.Cost perStep = s -> cycles(c.rows(), s.get("mr", 1), s.get("nr", 4));
      return new LiteSpace.Builder("contraction")
          .choose("mr", Math.min(c.rows(), MOST_ROWS), range(1, Math.min(c.rows(), MOST_ROWS)))
          .keep(new ContractionRules.TileInside(c.rows(), c.columns()))
          .choose("nr", MOST_VECTORS, range(4, 4 * MOST_VECTORS))
          .keep(new ContractionRules.TileInside(c.rows(), c.columns()))
          .keep(new ContractionRules.RegistersHold(target.vectorRegisters()))
          .keep(new ContractionRules.LittleWaste(perStep, cycles(c.rows(), tile[0], tile[1])))
          .choose("unroll", 16, 4, 8, 16)
          .choose("kc", c.depth(), cuts(tile[1], isShort))
          .keep(new ContractionRules.BlockOfSteps(c.depth()))
          .choose("outer", 2, halves ? new int[] {0} : new int[] {0, 1})
          .keep(
              new ContractionRules.PartsToShare(
                  c.rows(), c.columns(), batches(), target.threads()))
          .choose("mc", c.rows(), 1, 4, 16)
          .keep(new ContractionRules.RunsOfRows())
          .choose("pack", mustPack ? 1 : 2, mustPack || weight ? new int[] {1} : new int[] {0, 1})
          .choose("ahead", 2, isFar(tile[0], tile[1]) ? new int[] {0, 1} : new int[] {0})
          .choose("streams", MOST_VECTORS, streams())
          .keep(new ContractionRules.WholeVectors())
          .order(s -> cost(s, isShort), MOST_CANDIDATES);
    }

    @Override
    public LiteSpace wide(Set<Integer> weights, int count) {
      boolean halves = c.half() != null;
      boolean mustPack = halves || addresses.address(c.b()).coefficient(c.n()) != 1;
      return new LiteSpace.Builder("contraction")
          .choose("mr", 1, range(1, Math.min(c.rows(), MOST_ROWS)))
          .choose("nr", 1, range(4, 4 * MOST_VECTORS))
          .keep(new ContractionRules.TileInside(c.rows(), c.columns()))
          .keep(new ContractionRules.RegistersHold(2 * target.vectorRegisters()))
          .choose("unroll", 1, halves ? new int[] {2, 4, 8, 16} : new int[] {1, 2, 4, 8, 16})
          .choose("kc", 1, c.k().size() == 1 ? new int[] {0, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024} : new int[] {0})
          .keep(new ContractionRules.BlockOfSteps(c.depth()))
          .choose("outer", 1, halves ? new int[] {0} : new int[] {0, 1})
          .choose("mc", 1, 1, 2, 8, 32)
          .keep(new ContractionRules.RunsOfRows())
          .choose("pack", 1, mustPack ? new int[] {1} : new int[] {0, 1})
          .choose("streams", 1, streams())
          .keep(new ContractionRules.WholeVectors())
          .draw(count);
    }

    /** Lengths of a block of k: none, and such that a panel fills a first-level cache or less; or short ones. */
    private int[] cuts(int nr, boolean isShort) {
      int cut = cut(nr);
      int half = (c.depth() / 2 + UNROLL - 1) / UNROLL * UNROLL;
      if (isShort) {
        return new int[] {SHORT_CUT, 2 * SHORT_CUT, cut};
      }
      if (c.k().size() > 1) {
        return cut == 0 ? new int[] {0} : new int[] {0, cut};
      }
      return cut == 0 ? new int[] {0, half} : new int[] {0, cut, cut / 2 / UNROLL * UNROLL};
    }

    private int[] streams() {
      return c.rows() <= SHORT_ROWS ? new int[] {1, 2, STREAMS} : new int[] {1};
    }

    /** Cycles of the whole product. */
    private double cost(Schedule s, boolean isShort) {
      int nr = s.get("nr", 4);
      int kc = s.get("kc", 0);
      int parts = kc == 0 ? 1 : (c.depth() + kc - 1) / kc;
      double cost = cycles(c.rows(), s.get("mr", 1), nr) * c.depth();
      cost *= 1 + TURN * (1.0 / s.get("unroll", 1) - 1.0 / UNROLL);
      if (isShort) {
        return cost * (s.get("mr", 1) <= 2 && kc > 0 && kc <= 2 * SHORT_CUT ? 1 : WAITS);
      }
      cost *= 1 + CUT * (parts - 1);
      boolean far = 4L * nr * (kc == 0 ? c.depth() : kc) > panelBytes() && s.get("mr", 1) > 1;
      boolean rowsOuter = s.get("outer", 0) == 1;
      boolean farther = rowsOuter && s.get("mc", 1) < NEAR_STRIPS && bytesOfB(nr) > panelBytes();
      boolean waits = c.rows() <= FEW_ROWS && s.get("streams", 1) < STREAMS;
      return cost * (far || farther ? FAR : 1) * (waits ? FAR : 1);
    }

    private static int[] range(int step, int last) {
      int[] out = new int[last / step];
      for (int i = 0; i < out.length; i++) {
        out[i] = (i + 1) * step;
      }
      return out;
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      boolean widened = c.half() != null && c.rows() > FEW_ROWS;
      return (widened
              ? ContractionLowering.widening(c, schedule)
              : new ContractionLowering(c, schedule))
          .lower();
    }

    @Override
    public List<Packing> packings(Schedule schedule) {
      return schedule.get("pack", 0) == 1
          ? List.of(
              new Packing(
                  c.argB(), packing(c, schedule, addresses),
                  c.half() == null ? List.of() : c.half().others()))
          : List.of();
    }
  }

  /**
   * The compute that packs B: panels {@code [batch, ceil(n / width), k, width]}, zero beyond column n;
   * of halves words {@code [batch, ceil(n / width), ceil(k / 2), width]}, times a factor, its second input.
   * Its first input is B as it lies. Tiles of all rows, and of all numbers of streams, read the same
   * panels if these are as wide.
   */
  static Compute packing(Contraction c, Schedule schedule, LoopBuilder addresses) {
    Affine fb = addresses.address(c.b());
    int width = schedule.get("nr", 8) / streams(schedule);
    int panels = (c.columns() + width - 1) / width;
    List<Axis> spatial = new ArrayList<>();
    Map<Axis, Expr> at = new HashMap<>();
    List<Axis> batch = c.batchOfB(addresses);
    for (Axis axis : batch) {
      Axis copy = new Axis(axis.name(), axis.extent());
      spatial.add(copy);
      at.put(axis, Expr.var(copy));
    }
    Axis panel = new Axis("p", panels);
    spatial.add(panel);
    Axis word = new Axis("word", c.pairs());
    for (Axis axis : c.k()) {
      Axis copy = c.half() != null ? word : new Axis(axis.name(), axis.extent());
      spatial.add(copy);
      at.put(axis, Expr.var(copy));
    }
    Axis lane = new Axis("j", width);
    spatial.add(lane);
    Expr column = Expr.add(Expr.mul(Expr.var(panel), Expr.i32(width)), Expr.var(lane));
    at.put(c.n(), column);
    for (Axis axis : c.compute().spatial()) {
      at.putIfAbsent(axis, Expr.i32(0));
    }
    DType type = c.compute().inputs().get(c.argB()).dtype();
    int elements = extentOf(c, addresses);
    Expr read;
    if (c.half() == null) {
      read = asFlat(fb, type, at);
    } else {
      read = HalfProduct.word(c, fb, at, Expr.var(word));
      boolean words = HalfProduct.readsWords(c, fb);
      type = words ? DType.I32 : DType.U16;
      elements = words ? (elements + 1) / 2 : elements;
    }
    if (c.columns() != panels * width) {
      Expr inside = Expr.binary(BinaryOp.LT, column, Expr.i32(c.columns()));
      read = Expr.select(inside, read, Expr.constant(read.type(), 0));
    }
    int[] dims = new int[spatial.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = spatial.get(i).extent();
    }
    DType packed = c.half() == null ? DType.F32 : DType.I32;
    TensorType out = TensorType.of(packed, dims);
    // The address is in the buffer itself, whatever its logical shape and layout.
    TensorType raw = TensorType.of(type, elements);
    List<TensorType> inputs = new ArrayList<>(List.of(raw));
    for (int i : c.half() == null ? List.<Integer>of() : c.half().others()) {
      inputs.add(c.compute().inputs().get(i));
    }
    return Compute.of("pack", inputs, out, spatial, List.of(), Expr.cast(packed, read));
  }

  /** Parts of a tile's columns that lie apart in packed B. */
  static int streams(Schedule schedule) {
    return schedule.get("pack", 0) == 1 ? schedule.get("streams", 1) : 1;
  }

  /** Elements from the start of B's buffer to the last that is read. */
  private static int extentOf(Contraction c, LoopBuilder addresses) {
    return (int) addresses.address(c.b()).most() + 1;
  }

  private static Expr asFlat(Affine address, DType type, Map<Axis, Expr> at) {
    return new Expr.ReadFlat(0, type, Exprs.substitute(address.toExpr(), at));
  }
}
