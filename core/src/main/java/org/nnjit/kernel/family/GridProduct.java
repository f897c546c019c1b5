package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
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
 * Sums of products of two operands that share no axis of the output but those of a batch: MatMul,
 * Gemm, and convolution as an implicit product of matrices, whatever the operands are worked out
 * from. Rows are all axes that only one operand varies with, columns those of the other, depth the
 * reduced ones. A workgroup makes a tile of the output: it brings tiles of both operands to its
 * shared memory, {@code bk} steps of the depth at a time, and each invocation keeps {@code tm} by
 * {@code tn} sums in registers. Steps: {@code bm bn bk tm tn}.
 */
final class GridProduct implements GridFamily {
  /** With fewer rows, columns or steps of depth there is nothing to share. */
  private static final int LEAST = 8;

  @Override
  public String name() {
    return "product";
  }

  @Override
  public GridSpace match(Compute compute, GpuTarget target) {
    Compute c = Grid.collapsed(compute);
    Parts p = Parts.of(c);
    if (p == null
        || Reductions.points(p.rows()) < LEAST
        || Reductions.points(p.columns()) < LEAST
        || Reductions.points(p.depth()) < LEAST) {
      return null;
    }
    return new Space(compute, target);
  }

  /** The axes by what varies with them, outermost first, and the operands. */
  private record Parts(
      List<Axis> batch, List<Axis> rows, List<Axis> columns, List<Axis> depth, Expr a, Expr b) {

    static Parts of(Compute c) {
      if (c.stages().size() != 1) {
        return null;
      }
      Stage s = c.stages().get(0);
      if (s.combiner() != Combiner.SUM
          || s.outer() != c.spatial().size()
          || !s.points().isEmpty()
          || !(s.body() instanceof Binary product)
          || product.op() != BinaryOp.MUL
          || product.type() != DType.F32) {
        return null;
      }
      List<Axis> batch = new ArrayList<>();
      List<Axis> onlyA = new ArrayList<>();
      List<Axis> onlyB = new ArrayList<>();
      for (Axis axis : c.spatial()) {
        boolean inA = Exprs.uses(product.a(), axis);
        boolean inB = Exprs.uses(product.b(), axis);
        (inA == inB ? batch : inA ? onlyA : onlyB).add(axis);
      }
      if (onlyA.isEmpty() || onlyB.isEmpty()) {
        return null;
      }
      // The columns are what the output is dense along.
      Axis last = c.spatial().get(c.spatial().size() - 1);
      return onlyA.contains(last)
          ? new Parts(batch, onlyB, onlyA, s.axes(), product.b(), product.a())
          : new Parts(batch, onlyA, onlyB, s.axes(), product.a(), product.b());
    }
  }

  private record Space(Compute original, GpuTarget target) implements GridSpace {
    @Override
    public Schedule defaultSchedule() {
      Parts p = Parts.of(Grid.collapsed(original));
      int m = Reductions.points(p.rows());
      int n = Reductions.points(p.columns());
      int bm = m > 32 ? 64 : 32;
      int bn = n > 32 ? 64 : 32;
      // Small outputs are cut finer, so that there is work for every core of the GPU.
      long tiles = (long) Reductions.points(p.batch()) * ((m + 63) / 64) * ((n + 63) / 64);
      if (tiles < 64) {
        bm = 32;
        bn = 32;
      }
      return Schedule.of("product")
          .with("bm", bm)
          .with("bn", bn)
          .with("bk", 16)
          .with("tm", 4)
          .with("tn", 4);
    }

    @Override
    public GridNest lower(Schedule s) {
      Grid grid = new Grid(original);
      return new Lowering(grid, Parts.of(grid.compute), s).nest();
    }
  }

  private static final class Lowering {
    private final Grid grid;
    private final LoopBuilder b;
    private final Parts parts;
    private final int m;
    private final int n;
    private final int k;
    private final int bm;
    private final int bn;
    private final int bk;
    private final int tm;
    private final int tn;
    private final int size;

    Lowering(Grid grid, Parts parts, Schedule s) {
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
      this.size = bm / tm * (bn / tn);
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
      Value down0 = b.keep("down", Value.mul(own.above(), tm));
      Buffer sharedA = grid.share(DType.F32, bk * bm);
      Buffer sharedB = grid.share(DType.F32, bk * bn);
      Local[] sums = new Local[tm * tn];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = Local.of("sum", LType.F32);
        b.emit(Stmt.let(sums[i], new Value.FloatConst(LType.F32, 0)));
      }
      grid.loop(
          "step",
          Value.i32(0),
          k,
          bk,
          step -> {
            bring(sharedA, parts.a(), parts.rows(), row, m, bm, step);
            bring(sharedB, parts.b(), parts.columns(), column, n, bn, step);
            grid.barrier();
            grid.loop("at", Value.i32(0), bk, 1, at -> add(sums, sharedA, sharedB, at, down0, own));
            grid.barrier();
          });
      for (int i = 0; i < tm; i++) {
        for (int j = 0; j < tn; j++) {
          Value y = Value.add(Value.add(row, down0), Value.i32(i));
          Value x = Value.add(Value.add(column, own.lowest()), Value.i32(j * (bn / tn)));
          Local sum = sums[i * tn + j];
          grid.where(
              inside(m % bm != 0, y, m, n % bn != 0, x, n),
              () -> {
                Digits.bind(parts.rows(), b.keep("y", y), b);
                Digits.bind(parts.columns(), b.keep("x", x), b);
                b.setStage(0, Value.get(sum));
                grid.store();
              });
        }
      }
      Stmt body = b.close();
      b.emit(body);
      return grid.nest(across * down * Reductions.points(parts.batch()), size);
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

    /** A tile of an operand to shared memory: for each step of the depth all its rows, or columns. */
    private void bring(
        Buffer into, Expr operand, List<Axis> axes, Value from, int extent, int tile, Value step) {
      // Neighbouring invocations read neighbours in memory.
      boolean deep = isDense(operand, parts.depth()) && !isDense(operand, axes);
      for (int i = 0; i < tile * bk; i += size) {
        Value number = Value.add(Value.get(grid.lane), Value.i32(i));
        boolean partial = tile * bk - i < size;
        grid.where(
            partial ? Grid.less(number, tile * bk) : null,
            () -> {
              Digits d = Digits.of(number, deep ? bk : tile, "number", b::emit);
              Value depth = deep ? d.lowest() : d.above();
              Value other = deep ? d.above() : d.lowest();
              Value at = b.keep("k", Value.add(step, depth));
              Value place = b.keep("place", Value.add(from, other));
              Value slot = b.keep("slot", Value.add(Value.mul(depth, tile), other));
              Value address = new Value.Address(into, slot);
              Value bounds =
                  inside(k % bk != 0, at, k, extent % tile != 0, place, extent);
              Runnable load =
                  () -> {
                    Digits.bind(parts.depth(), at, b);
                    Digits.bind(axes, place, b);
                    b.emit(new Stmt.Store(address, 0, b.lower(operand), 1));
                  };
              if (bounds == null) {
                load.run();
                return;
              }
              b.emit(new Stmt.Store(address, 0, new Value.FloatConst(LType.F32, 0), 1));
              grid.where(bounds, load);
            });
      }
    }

    /** True when the operand's first read steps by one along the last of the axes. */
    private boolean isDense(Expr operand, List<Axis> axes) {
      List<Expr> reads = Exprs.reads(operand);
      if (reads.isEmpty() || axes.isEmpty()) {
        return false;
      }
      Affine address = b.address(reads.get(0));
      return address.coefficient(axes.get(axes.size() - 1)) == 1;
    }

    /** One step of the depth for the sums of an invocation. */
    private void add(
        Local[] sums, Buffer sharedA, Buffer sharedB, Value at, Value down, Digits own) {
      Value[] x = new Value[tm];
      Value[] y = new Value[tn];
      Value rowA = new Value.Address(sharedA, Value.add(Value.mul(at, bm), down));
      Value rowB = new Value.Address(sharedB, Value.add(Value.mul(at, bn), own.lowest()));
      for (int i = 0; i < tm; i++) {
        x[i] = b.keep("x", new Value.Load(rowA, i, Value.Access.SCALAR));
      }
      for (int j = 0; j < tn; j++) {
        y[j] = b.keep("y", new Value.Load(rowB, j * (bn / tn), Value.Access.SCALAR));
      }
      for (int i = 0; i < tm; i++) {
        for (int j = 0; j < tn; j++) {
          Local sum = sums[i * tn + j];
          b.emit(Stmt.let(sum, new Value.MulAdd(x[i], y[j], Value.get(sum))));
        }
      }
    }
  }
}
