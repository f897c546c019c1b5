package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 * from panels of {@code nr} columns, packed at load for weights, or in place when its rows are
 * dense.
 *
 * <p>Steps: {@code mr}, {@code nr} (a multiple of 4), {@code unroll} of k, {@code kc} (k is cut
 * into blocks of this length, 0 for one block), {@code outer} (0: columns are the outer, parallel
 * loop, 1: rows are), {@code pack} (1: B is packed).
 */
public final class ContractionFamily implements KernelFamily {
  /** Longer k is cut, so that a panel of B stays in the first-level cache (measured: 256). */
  private static final int WHOLE_K = 1024;

  @Override
  public String name() {
    return "contraction";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    if (!target.has(Feature.SIMD)) {
      return null;
    }
    Contraction c = Contraction.of(compute);
    if (c == null || c.columns() < 4 || c.depth() < 2) {
      return null;
    }
    LoopBuilder addresses =
        new LoopBuilder(
            MapReduceFamily.buffers(c.compute()), MapReduceFamily.types(c.compute()));
    return Vectors.allows(c.compute().body(), c.n(), addresses)
        ? new Space(c, addresses, target)
        : null;
  }

  private record Space(Contraction c, LoopBuilder addresses, Target target)
      implements KernelSpace {
    @Override
    public Schedule defaultSchedule() {
      int mr = rowsOfTile(c.rows());
      int nr = columnsOfTile(mr, c.columns(), target.vectorRegisters());
      boolean packed = addresses.address(c.b()).coefficient(c.n()) != 1 || reuse(c) > 8;
      long panels = (c.columns() + nr - 1) / nr;
      long strips = (c.rows() + mr - 1) / mr;
      for (Axis axis : c.batch()) {
        strips *= axis.extent();
      }
      boolean cut = c.k().size() == 1 && c.depth() > WHOLE_K && mr > 1;
      return Schedule.of("contraction")
          .with("mr", mr)
          .with("nr", nr)
          .with("unroll", 2)
          .with("kc", cut ? 256 : 0)
          .with("outer", strips > panels ? 1 : 0)
          .with("pack", packed ? 1 : 0);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      return new ContractionLowering(c, schedule).lower();
    }

    @Override
    public Packing packing(Schedule schedule) {
      return schedule.get("pack", 0) == 1
          ? new Packing(c.argB(), ContractionFamily.packing(c, schedule, addresses))
          : null;
    }
  }

  /** How often each element of B is used in one run: packing pays when it is used again. */
  private static long reuse(Contraction c) {
    return c.rows();
  }

  /** Rows of a tile, at most 6, such that the strips come out even. */
  static int rowsOfTile(int rows) {
    if (rows <= 6) {
      return rows;
    }
    if (rows >= 36) {
      return 6;
    }
    int best = 6;
    double bestCost = Double.MAX_VALUE;
    for (int mr = 6; mr >= 4; mr--) {
      int rest = rows % mr;
      // A strip costs its loads as well as its products: short strips waste the panel's loads.
      double cost = rows / mr * (mr + 1.5) + (rest == 0 ? 0 : rest + 3);
      if (cost < bestCost) {
        best = mr;
        bestCost = cost;
      }
    }
    return best;
  }

  /** Columns of a tile: as many vectors as the registers hold beside B's and one splat. */
  static int columnsOfTile(int mr, int columns, int registers) {
    int vectors = 1;
    while ((vectors + 1) * mr + (vectors + 1) + 1 <= registers && vectors < 8) {
      vectors++;
    }
    if (mr >= 5) {
      vectors = 2;
    }
    int needed = (columns + 3) / 4;
    return 4 * Math.min(vectors, needed);
  }

  /**
   * The compute that packs B: panels {@code [batch, ceil(n / nr), k, nr]}, zero beyond column n.
   * Its only input is B as it lies.
   */
  private static Compute packing(Contraction c, Schedule schedule, LoopBuilder addresses) {
    Affine fb = addresses.address(c.b());
    int nr = schedule.get("nr", 8);
    int panels = (c.columns() + nr - 1) / nr;
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
    for (Axis axis : c.k()) {
      Axis copy = new Axis(axis.name(), axis.extent());
      spatial.add(copy);
      at.put(axis, Expr.var(copy));
    }
    Axis lane = new Axis("j", nr);
    spatial.add(lane);
    Expr column = Expr.add(Expr.mul(Expr.var(panel), Expr.i32(nr)), Expr.var(lane));
    at.put(c.n(), column);
    for (Axis axis : c.compute().spatial()) {
      at.putIfAbsent(axis, Expr.i32(0));
    }
    TensorType source = c.compute().inputs().get(c.argB());
    Expr read = asFlat(fb, source.dtype(), at);
    if (c.columns() % nr != 0) {
      Expr inside = Expr.binary(BinaryOp.LT, column, Expr.i32(c.columns()));
      read = Expr.select(inside, read, Expr.constant(source.dtype(), 0));
    }
    int[] dims = new int[spatial.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = spatial.get(i).extent();
    }
    TensorType out = TensorType.of(DType.F32, dims);
    // The address is in the buffer itself, whatever its logical shape and layout.
    TensorType raw = TensorType.of(source.dtype(), extentOf(c, addresses));
    return Compute.of("pack", List.of(raw), out, spatial, List.of(), Expr.cast(DType.F32, read));
  }

  private static int extentOf(Contraction c, LoopBuilder addresses) {
    Affine fb = addresses.address(c.b());
    int top = fb.constant();
    for (int i = 0; i < fb.terms(); i++) {
      Axis axis = ((Expr.Var) fb.term(i)).axis();
      top += fb.coefficient(i) * (axis.extent() - 1);
    }
    return top + 1;
  }

  private static Expr asFlat(Affine address, DType type, Map<Axis, Expr> at) {
    return new Expr.ReadFlat(0, type, Exprs.substitute(address.toExpr(), at));
  }
}
