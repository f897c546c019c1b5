package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/**
 * What {@link GridProduct} does, for a program in the place of a GPU: each invocation reads both
 * operands where they lie, and keeps {@code tm} by {@code tn} sums, four a vector. Such a program
 * keeps what a workgroup shares where everything lies, clears it number by number with code of its
 * own, which is long to compile, and switches between invocations at barriers. On SwiftShader a
 * product of 384 x 768 x 192 takes a third of the time so, and a tenth of the time to compile.
 *
 * <p>Tiles that hang over make their last row and columns again instead of asking where they are:
 * whoever writes a number writes the same.
 * Steps: {@code tm tn}, and {@code size}, invocations of a workgroup.
 */
final class GridDirect implements GridFamily {
  /** With fewer rows, columns or steps of depth there is nothing to keep. */
  private static final int LEAST = 8;

  private static final int DEEP = 64;

  @Override
  public String name() {
    return "direct";
  }

  @Override
  public GridSpace match(Compute c, GpuTarget target) {
    GridOperands p = target.software() ? GridProduct.operands(c) : null;
    boolean large =
        p != null
            && Reductions.points(p.rows()) >= LEAST
            && Reductions.points(p.columns()) >= LEAST
            && Reductions.points(p.depth()) >= LEAST;
    return large && !isDear(p) ? new Space(c, p) : null;
  }

  /**
   * Whether columns, such as windows that hang over an image, cost so much to read that a workgroup
   * should do it once for all its rows. Of a short depth that is not worth the time to compile.
   */
  private static boolean isDear(GridOperands p) {
    return Reductions.points(p.depth()) >= DEEP && Exprs.any(p.b(), e -> e instanceof Expr.Select);
  }

  private record Space(Compute c, GridOperands p) implements GridSpace {
    @Override
    public LiteSpace lite() {
      int m = Reductions.points(p.rows());
      int n = Reductions.points(p.columns());
      return new LiteSpace.Builder("direct")
          .choose("tm", 16, 2, 4, 8, 16)
          .choose("tn", 4, 4, 8, 16)
          .keep(new GridRules.RegistersHold(128))
          .choose("size", 64, 16, 32, 64)
          .order(
              s -> {
                double tm = s.get("tm", 1);
                double tn = s.get("tn", 4);
                double made = Math.ceil(m / tm) * tm * Math.ceil(n / tn) * tn;
                return made * (1 + 1 / tm + 1 / tn + 0.001 * s.get("size", 32));
              },
              12);
    }

    @Override
    public Schedule defaultSchedule() {
      // Text that the browser has to compile grows with what one invocation does.
      boolean aligned = GridOperands.last(p.columns()).extent() % 4 == 0;
      int n = Reductions.points(p.columns());
      int wide = n % 8 == 0 || n >= 64 ? 8 : 4;
      return Schedule.of("direct")
          .with("tm", 8)
          .with("tn", aligned ? wide : 4)
          .with("size", 32);
    }

    @Override
    public GridNest lower(Schedule s) {
      return new Lowering(new Grid(c), p, s).nest();
    }
  }

  private static final class Lowering {
    private final Grid grid;
    private final LoopBuilder b;
    private final GridOperands parts;
    private final int m;
    private final int n;
    private final int tm;
    private final int tn;
    private final int size;

    /** Four columns are neighbours in the operand and the result, or are not. */
    private final boolean aligned;

    /** Steps of the depth that are written out, so that rows come four numbers at a time. */
    private final int u;

    /** For each row and each column, or four of them, what the axes are there. */
    private final List<Value[]> rows = new ArrayList<>();
    private final List<Value[]> columns = new ArrayList<>();

    Lowering(Grid grid, GridOperands parts, Schedule s) {
      this.grid = grid;
      this.b = grid.b;
      this.parts = parts;
      this.m = Reductions.points(parts.rows());
      this.n = Reductions.points(parts.columns());
      this.tm = s.get("tm", 8);
      this.tn = s.get("tn", 8);
      this.size = s.get("size", 32);
      this.aligned = GridOperands.last(parts.columns()).extent() % 4 == 0;
      this.u = GridOperands.last(parts.depth()).extent() % 4 == 0 ? 4 : 1;
    }

    GridNest nest() {
      int across = (n + tn - 1) / tn;
      int down = (m + tm - 1) / tm;
      int tiles = across * down * Reductions.points(parts.batch());
      Value number = Value.add(Value.mul(Value.get(grid.group), size), Value.get(grid.lane));
      b.open();
      Value tile = b.keep("tile", number);
      grid.where(tiles % size == 0 ? null : Grid.less(tile, tiles), () -> tile(tile, across, down));
      Stmt body = b.close();
      b.emit(body);
      return grid.nest((tiles + size - 1) / size, size);
    }

    private void tile(Value tile, int across, int down) {
      Digits x = Digits.of(tile, across, "column", b::emit);
      Digits y = Digits.of(x.above(), down, "row", b::emit);
      Digits.bind(parts.batch(), y.above(), b);
      places(rows, parts.rows(), Value.mul(y.lowest(), tm), tm, 1, m);
      places(columns, parts.columns(), Value.mul(x.lowest(), tn), tn, aligned ? 4 : 1, n);
      boolean stored = aligned && Fours.fit(grid, GridOperands.last(parts.columns()));
      Fours.read(grid, parts.a(), GridOperands.last(parts.depth()));
      Fours.read(grid, parts.b(), isDeep() ? GridOperands.last(parts.depth()) : GridOperands.last(parts.columns()));
      Local[] sums = new Local[tm * tn / 4];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = Local.of("sum", LType.F32X4);
        b.emit(Stmt.let(sums[i], new Value.FloatConst(LType.F32X4, 0)));
      }
      depth(0, sums);
      for (int i = 0; i < tm; i++) {
        for (int j = 0; j < tn / 4; j++) {
          store(i, j, Value.get(sums[i * (tn / 4) + j]), stored);
        }
      }
    }

    /** What axes are at some places, those beyond the last at the last. */
    private void places(
        List<Value[]> into, List<Axis> axes, Value first, int count, int step, int extent) {
      for (int i = 0; i < count; i += step) {
        Value at = Value.add(first, Value.i32(i));
        if (extent % count != 0) {
          at = new Value.Binary(BinaryOp.MIN, DType.I32, at, Value.i32(extent - step));
        }
        Value rest = b.keep("place", at);
        Value[] digits = new Value[axes.size()];
        for (int a = axes.size() - 1; a > 0; a--) {
          Digits d = Digits.of(rest, axes.get(a).extent(), axes.get(a).name(), b::emit);
          digits[a] = d.lowest();
          rest = d.above();
        }
        digits[0] = rest;
        into.add(digits);
      }
    }

    private void bind(List<Axis> axes, Value[] digits) {
      for (int a = 0; a < digits.length; a++) {
        b.bind(axes.get(a), digits[a]);
      }
    }

    /** Loops over the axes of the depth, from this one on. */
    private void depth(int axis, Local[] sums) {
      if (axis == parts.depth().size()) {
        step(sums);
        return;
      }
      Axis a = parts.depth().get(axis);
      Local var = b.beginFor(a);
      depth(axis + 1, sums);
      b.endFor(var, Value.i32(0), Value.i32(a.extent()), a == GridOperands.last(parts.depth()) ? u : 1);
    }

    /** Whether neighbours along the depth, not along the columns, are neighbours in B's memory. */
    private boolean isDeep() {
      return u == 4 && grid.isDense(parts.b(), GridOperands.last(parts.depth()));
    }

    /** {@link #u} steps of the depth. */
    private void step(Local[] sums) {
      Axis deep = GridOperands.last(parts.depth());
      Value[] x = new Value[tm];
      for (int i = 0; i < tm; i++) {
        int row = i;
        grid.where(
            null,
            () -> {
              bind(parts.rows(), rows.get(row));
              x[row] =
                  b.keep("x", u == 4 ? Fours.load(grid, parts.a(), deep) : b.lower(parts.a()));
            });
      }
      for (int j = 0; j < tn / 4; j++) {
        Value[] neighbours = isDeep() ? neighbours(j) : null;
        for (int l = 0; l < u; l++) {
          Value y = neighbours == null ? four(j, l) : lanes(neighbours, l);
          for (int i = 0; i < tm; i++) {
            Local sum = sums[i * (tn / 4) + j];
            Value splat = new Value.Splat(u == 4 ? new Value.Lane(x[i], l) : x[i]);
            b.emit(Stmt.let(sum, new Value.MulAdd(splat, y, Value.get(sum))));
          }
        }
      }
    }

    /** Four columns of B at a step of the depth. */
    private Value four(int four, int step) {
      Axis deep = GridOperands.last(parts.depth());
      Value at = Value.add(b.axisValue(deep), Value.i32(step));
      if (aligned) {
        Axis along = GridOperands.last(parts.columns());
        return columns(four, 1, at, () -> Fours.load(grid, parts.b(), along))[0];
      }
      Value[] found = columns(four, 4, at, () -> b.lower(parts.b()));
      return b.keep("y", new Value.Lanes(found[0], found[1], found[2], found[3]));
    }

    /** For each of four columns of B four steps of the depth. */
    private Value[] neighbours(int four) {
      Axis deep = GridOperands.last(parts.depth());
      return columns(four, 4, b.axisValue(deep), () -> Fours.load(grid, parts.b(), deep));
    }

    /** What is found at each of some columns, from the first of four on, at a step of the depth. */
    private Value[] columns(int four, int count, Value step, Supplier<Value> find) {
      Value[] found = new Value[count];
      for (int i = 0; i < count; i++) {
        int lane = i;
        grid.where(
            null,
            () -> {
              b.bind(GridOperands.last(parts.depth()), step);
              bindColumn(four, lane);
              found[lane] = b.keep("y", find.get());
            });
      }
      return found;
    }

    private Value lanes(Value[] columns, int step) {
      return b.keep(
          "y",
          new Value.Lanes(
              new Value.Lane(columns[0], step), new Value.Lane(columns[1], step),
              new Value.Lane(columns[2], step), new Value.Lane(columns[3], step)));
    }

    /** Binds the columns to one of four. */
    private void bindColumn(int four, int lane) {
      if (!aligned) {
        bind(parts.columns(), columns.get(four * 4 + lane));
        return;
      }
      Value[] digits = columns.get(four).clone();
      int lowest = digits.length - 1;
      digits[lowest] = Value.add(digits[lowest], Value.i32(lane));
      bind(parts.columns(), digits);
    }

    /** Four points of the result of a row. */
    private void store(int row, int four, Value sum, boolean whole) {
      for (int i = 0; i < (whole ? 1 : 4); i++) {
        int lane = i;
        grid.where(
            null,
            () -> {
              bind(parts.rows(), rows.get(row));
              bindColumn(four, lane);
              b.setStage(0, whole ? sum : new Value.Lane(sum, lane));
              if (whole) {
                Fours.store(grid, GridOperands.last(parts.columns()));
              } else {
                grid.store();
              }
            });
      }
    }
  }
}
