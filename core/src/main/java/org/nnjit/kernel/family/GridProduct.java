package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
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
 * Sums of products of two operands that share no axis of the output but those of a batch: MatMul,
 * Gemm, and convolution as an implicit product of matrices, whatever the operands are worked out
 * from. Rows are all axes that only one operand varies with, columns those of the other, depth the
 * reduced ones. A workgroup makes a tile of the output: it brings tiles of both operands to its
 * shared memory, {@code bk} steps of the depth at a time, and each invocation keeps {@code tm} by
 * {@code tn} sums in registers, four a vector. Where tiles are few, {@code ks}
 * invocations share the depth of each sum. {@code u} steps of the depth, 4 or 1, are written out.
 * Steps: {@code bm bn bk tm tn ks u}.
 */
final class GridProduct implements GridFamily {
  /** With fewer rows, columns or steps of depth there is nothing to share. */
  private static final int LEAST = 8;

  @Override
  public String name() {
    return "product";
  }

  @Override
  public GridSpace match(Compute c, GpuTarget target) {
    GridOperands p = operands(c);
    if (p == null
        || Reductions.points(p.rows()) < LEAST
        || Reductions.points(p.columns()) < LEAST
        || Reductions.points(p.depth()) < LEAST) {
      return null;
    }
    return new Space(c, p, target);
  }

  /** The operands in the order in which the columns are what the output is dense along, or null. */
  static GridOperands operands(Compute c) {
    GridOperands p = GridOperands.of(c);
    if (p == null || p.rows().isEmpty() || p.columns().isEmpty()) {
      return null;
    }
    return p.rows().contains(c.spatial().get(c.spatial().size() - 1)) ? p.turned() : p;
  }

  private record Space(Compute c, GridOperands p, GpuTarget target) implements GridSpace {
    @Override
    public LiteSpace lite() {
      return GridTiles.lite(
          Reductions.points(p.rows()),
          Reductions.points(p.columns()),
          Reductions.points(p.depth()),
          Reductions.points(p.batch()),
          target);
    }

    @Override
    public Schedule defaultSchedule() {
      int m = Reductions.points(p.rows());
      int n = Reductions.points(p.columns());
      if (target.software()) {
        return inSoftware(m);
      }
      int bm = m > 32 ? 64 : 32;
      int bn = n > 32 ? 64 : 32;
      // Small outputs are cut finer, so that there is work for every core of the GPU.
      long tiles = (long) Reductions.points(p.batch()) * ((m + 63) / 64) * ((n + 63) / 64);
      if (tiles < 16) {
        bm = 32;
        bn = 32;
      }
      // Sums of 8 by 8 read half as much of shared memory as those of 4 by 4.
      int side = bm == 64 && bn == 64 ? 8 : 4;
      return Schedule.of("product")
          .with("bm", bm)
          .with("bn", bn)
          .with("bk", side == 8 ? 32 : 16)
          .with("tm", side)
          .with("tn", side)
          .with("u", unroll(side * side));
    }

    /**
     * Tiles of little memory, which is cleared number by number, and few invocations, between which
     * there is nothing to switch for; what is left for {@link GridDirect} has columns that are dear to
     * read, so that rows are many.
     */
    private static Schedule inSoftware(int m) {
      return Schedule.of("product")
          .with("bm", m > 32 ? 64 : 32)
          .with("bn", m > 32 ? 16 : 32)
          .with("bk", 8)
          .with("tm", 8)
          .with("tn", 8)
          .with("u", 1);
    }

    /** Steps of the depth in a turn. Written out, sums of 8 by 8 take a browser twice as long to compile. */
    private static int unroll(int sums) {
      return sums < 64 ? 4 : 1;
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
    private final int k;
    private final int bm;
    private final int bn;
    private final int bk;
    private final int tm;
    private final int tn;
    private final int ks;
    private final int u;
    private final int size;

    /** A tile of each operand, later one of the result. */
    private Buffer shared;

    Lowering(Grid grid, GridOperands parts, Schedule s) {
      this.grid = grid;
      this.b = grid.b;
      this.parts = parts;
      this.m = Reductions.points(parts.rows());
      this.n = Reductions.points(parts.columns());
      this.k = Reductions.points(parts.depth());
      this.bm = s.get("bm", 32);
      this.bn = s.get("bn", 32);
      this.bk = s.get("bk", 16);
      this.tm = s.get("tm", 4);
      this.tn = s.get("tn", 4);
      this.ks = s.get("ks", 1);
      this.u = s.get("u", Space.unroll(tm * tn));
      this.size = bm / tm * (bn / tn) * ks;
    }

    GridNest nest() {
      int across = (n + bn - 1) / bn;
      int down = (m + bm - 1) / bm;
      b.open();
      Digits columns = Digits.of(Value.get(grid.group), across, "column", b::emit);
      Digits rows = Digits.of(columns.above(), down, "row", b::emit);
      Value column = b.keep("column", Value.mul(columns.lowest(), bn));
      Value row = b.keep("row", Value.mul(rows.lowest(), bm));
      Digits.bind(parts.batch(), rows.above(), b);
      Digits own = Digits.of(Value.get(grid.lane), bn / tn, "across", b::emit);
      Value down0 = own.above();
      Value part = Value.i32(0);
      if (ks > 1) {
        Digits parts = Digits.of(own.above(), bm / tm, "down", b::emit);
        down0 = parts.lowest();
        part = parts.above();
      }
      Value first = b.keep("first", Value.mul(down0, tm));
      Value begin = ks > 1 ? b.keep("begin", Value.mul(part, u)) : part;
      Value fours = b.keep("fours", Value.mul(own.lowest(), 4));
      fours(parts.a(), parts.rows(), true);
      fours(parts.b(), parts.columns(), false);
      shared = grid.shareFours(GridTiles.shared(bm, bn, bk, ks));
      Local[] sums = new Local[tm * tn / 4];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = Local.of("sum", LType.F32X4);
        b.emit(Stmt.let(sums[i], new Value.FloatConst(LType.F32X4, 0)));
      }
      grid.loop(
          "step",
          Value.i32(0),
          k,
          bk,
          step -> {
            bring(parts.a(), parts.rows(), row, m, bm, step, true);
            bring(parts.b(), parts.columns(), column, n, bn, step, false);
            grid.barrier();
            grid.loop("at", begin, bk, u * ks, at -> add(sums, at, first, fours));
            grid.barrier();
          });
      Value from = ks > 1 ? b.keep("from", Value.mul(part, bm * bn)) : part;
      store(sums, row, column, first, Value.add(from, fours));
      Stmt body = b.close();
      b.emit(body);
      return grid.nest(across * down * Reductions.points(parts.batch()), size);
    }

    /**
     * The sums pass through shared memory, so that what follows the product is written once, and
     * neighbouring invocations write neighbours.
     */
    private void store(Local[] sums, Value row, Value column, Value first, Value fours) {
      for (int i = 0; i < tm; i++) {
        for (int j = 0; j < tn / 4; j++) {
          Value place = Value.mul(Value.add(first, Value.i32(i)), bn);
          place = Value.add(Value.add(place, fours), Value.i32(j * (bn / tn * 4)));
          Value sum = Value.get(sums[i * (tn / 4) + j]);
          b.emit(new Stmt.Store(new Value.Address(shared, place), 0, sum, 4));
        }
      }
      grid.barrier();
      if (Fours.fit(grid, GridOperands.last(parts.columns()))) {
        storeFours(row, column);
        return;
      }
      grid.loop(
          "element",
          Value.get(grid.lane),
          bm * bn,
          size,
          element -> {
            Digits d = Digits.of(element, bn, "number", b::emit);
            Value y = b.keep("y", Value.add(row, d.above()));
            Value x = b.keep("x", Value.add(column, d.lowest()));
            grid.where(
                inside(m % bm != 0, y, m, n % bn != 0, x, n),
                () -> {
                  Digits.bind(parts.rows(), y, b);
                  Digits.bind(parts.columns(), x, b);
                  b.setStage(0, b.keep("sum", sum(element, Value.Access.SCALAR)));
                  grid.store();
                });
          });
    }

    /** What the parts of the depth come to. */
    private Value sum(Value element, Value.Access access) {
      Value place = new Value.Address(shared, element);
      Value sum = new Value.Load(place, 0, access);
      for (int i = 1; i < ks; i++) {
        Value more = new Value.Load(place, i * bm * bn, access);
        sum = new Value.Binary(BinaryOp.ADD, DType.F32, sum, more);
      }
      return sum;
    }

    /** Four columns at a time. */
    private void storeFours(Value row, Value column) {
      grid.loop(
          "four",
          Value.get(grid.lane),
          bm * bn / 4,
          size,
          four -> {
            Digits d = Digits.of(four, bn / 4, "number", b::emit);
            Value y = b.keep("y", Value.add(row, d.above()));
            Value x = b.keep("x", Value.add(column, Value.mul(d.lowest(), 4)));
            grid.where(
                inside(m % bm != 0, y, m, n % bn != 0, x, n),
                () -> {
                  Digits.bind(parts.rows(), y, b);
                  Digits.bind(parts.columns(), x, b);
                  b.setStage(0, b.keep("sum", sum(Value.mul(four, 4), Value.Access.VECTOR)));
                  Fours.store(grid, GridOperands.last(parts.columns()));
                });
          });
    }

    /** Both bounds, as far as they are in doubt; null when neither is. */
    private static Value inside(
        boolean first, Value y, int m, boolean second, Value x, int n) {
      Value a = first ? Grid.less(y, m) : null;
      Value c = second ? Grid.less(x, n) : null;
      return a == null
          ? c
          : c == null ? a : new Value.Binary(BinaryOp.AND, DType.BOOL, a, c);
    }

    /** Makes the buffer of an operand one of vectors where tiles of it are read so. */
    private void fours(Expr operand, List<Axis> axes, boolean deep) {
      Axis along = GridOperands.last(deep ? parts.depth() : axes);
      if (along.extent() % 4 == 0 && grid.isDense(operand, along)) {
        grid.readFours(operand, along);
      }
    }

    /**
     * A tile of an operand to shared memory, four elements at a time.
     *
     * @param deep for each row four neighbours along the depth lie together, else for each step of
     *     the depth four neighbouring columns
     */
    private void bring(
        Expr operand,
        List<Axis> axes,
        Value from,
        int extent,
        int tile,
        Value step,
        boolean deep) {
      List<Axis> along = deep ? parts.depth() : axes;
      // Then four are inside or outside together.
      boolean aligned = GridOperands.last(along).extent() % 4 == 0;
      // Neighbouring invocations read neighbours in memory.
      boolean depthFirst = deep || isDense(operand, parts.depth());
      // A loop and not straight code: browsers make a pipeline of less text sooner.
      grid.loop(
          "number",
          Value.get(grid.lane),
          tile * bk / 4,
          size,
          number -> {
              int depths = deep ? bk / 4 : bk;
              int others = deep ? tile : tile / 4;
              Digits d = Digits.of(number, depthFirst ? depths : others, "number", b::emit);
              Value depth = depthFirst ? d.lowest() : d.above();
              Value other = depthFirst ? d.above() : d.lowest();
              Value slot = deep ? slot(other, bk, depth) : slot(depth, tile, other);
              slot = deep ? slot : Value.add(slot, Value.i32(bm * bk));
              Value at = b.keep("k", Value.add(step, Value.mul(depth, deep ? 4 : 1)));
              Value place = b.keep("place", Value.add(from, Value.mul(other, deep ? 1 : 4)));
              Value four =
                  aligned
                      ? four(operand, axes, at, place, extent, tile, GridOperands.last(along))
                      : lanes(operand, axes, at, place, extent, deep);
              b.emit(new Stmt.Store(new Value.Address(shared, slot), 0, four, 4));
          });
    }

    /** Where the four of a row lie in shared memory. */
    private Value slot(Value row, int length, Value four) {
      return b.keep("slot", Value.add(Value.mul(row, length), Value.mul(four, 4)));
    }

    /** Four elements from a multiple of four on along the last of some axes; 0 outside. */
    private Value four(
        Expr operand, List<Axis> axes, Value at, Value place, int extent, int tile, Axis along) {
      Local four = Local.of("four", LType.F32X4);
      Value bounds = inside(k % bk != 0, at, k, extent % tile != 0, place, extent);
      if (bounds != null) {
        b.emit(Stmt.let(four, new Value.FloatConst(LType.F32X4, 0)));
      }
      grid.where(
          bounds,
          () -> {
            Digits.bind(parts.depth(), at, b);
            Digits.bind(axes, place, b);
            b.emit(Stmt.let(four, Fours.load(grid, operand, along)));
          });
      return Value.get(four);
    }

    /** Four elements one by one; 0 outside. */
    private Value lanes(
        Expr operand, List<Axis> axes, Value k0, Value place0, int extent, boolean deep) {
      Value[] four = new Value[4];
      for (int i = 0; i < 4; i++) {
        Value at = deep ? b.keep("k", Value.add(k0, Value.i32(i))) : k0;
        Value place = deep ? place0 : b.keep("place", Value.add(place0, Value.i32(i)));
        Local element = Local.of("element", LType.F32);
        boolean short0 = k % bk != 0;
        int tile = deep ? bm : bn;
        Value bounds = inside(short0, at, k, extent % tile != 0, place, extent);
        if (bounds != null) {
          b.emit(Stmt.let(element, new Value.FloatConst(LType.F32, 0)));
        }
        Runnable load =
            () -> {
              Digits.bind(parts.depth(), at, b);
              Digits.bind(axes, place, b);
              b.emit(Stmt.let(element, b.lower(operand)));
            };
        grid.where(bounds, load);
        four[i] = Value.get(element);
      }
      return new Value.Lanes(four[0], four[1], four[2], four[3]);
    }

    /** True when the operand is an element in memory, and neighbours along the last axis are too. */
    private boolean isDense(Expr operand, List<Axis> axes) {
      return grid.isDense(operand, GridOperands.last(axes));
    }

    /** Some steps of the depth for the sums of an invocation. */
    private void add(Local[] sums, Value at, Value first, Value fours) {
      Value[] x = new Value[tm];
      for (int i = 0; i < tm; i++) {
        Value row = Value.mul(Value.add(first, Value.i32(i)), bk);
        Value place = new Value.Address(shared, Value.add(row, at));
        Value.Access access = u == 4 ? Value.Access.VECTOR : Value.Access.SCALAR;
        x[i] = b.keep("x", new Value.Load(place, 0, access));
      }
      for (int l = 0; l < u; l++) {
        Value row = Value.add(Value.mul(at, bn), Value.i32(bm * bk + l * bn));
        Value rowB = new Value.Address(shared, Value.add(row, fours));
        for (int j = 0; j < tn / 4; j++) {
          Value y = b.keep("y", new Value.Load(rowB, j * (bn / tn * 4), Value.Access.VECTOR));
          for (int i = 0; i < tm; i++) {
            Local sum = sums[i * (tn / 4) + j];
            Value splat = new Value.Splat(u == 4 ? new Value.Lane(x[i], l) : x[i]);
            b.emit(Stmt.let(sum, new Value.MulAdd(splat, y, Value.get(sum))));
          }
        }
      }
    }
  }
}
