package org.nnjit.kernel.family;

import java.util.Map;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/** Loops of {@link GridAttention}. */
final class GridAttentionLowering {
  /** Keys between which the sums so far are scaled anew. */
  private static final int KEYS = 4;

  /** Scores begin here and not at minus infinity, whose difference with itself is NaN. */
  private static final double LOWEST = -Float.MAX_VALUE;

  private final Grid grid;
  private final LoopBuilder b;
  private final GridAttention.Parts p;
  private final int rows;
  private final int split;
  private final int bk;
  private final int size;
  private final int keys;
  private final int depths;
  private final int columns;
  private final Local most = Local.of("most", LType.F32);
  private final Local total = Local.of("total", LType.F32);
  private final Local[] q;
  private final Local[] out;

  GridAttentionLowering(GridAttention.Parts parts, Schedule s) {
    this.grid = new Grid(parts.compute());
    this.b = grid.b;
    this.p = parts;
    this.rows = s.get("rows", 64);
    this.split = s.get("split", 1);
    this.bk = s.get("bk", 16);
    this.size = rows * split;
    this.keys = parts.key().extent();
    this.depths = parts.depth().extent() / 4;
    this.columns = parts.column().extent() / 4;
    this.q = new Local[depths];
    this.out = new Local[columns];
  }

  GridNest nest() {
    int chunks = (p.rows() + rows - 1) / rows;
    b.open();
    Digits groups = Digits.of(Value.get(grid.group), chunks, "chunk", b::emit);
    Digits.bind(p.batch(), groups.above(), b);
    Digits own = Digits.of(Value.get(grid.lane), rows, "own", b::emit);
    Value first = b.keep("first", Value.mul(groups.lowest(), rows));
    Value row = b.keep("row", Value.add(first, own.lowest()));
    boolean ragged = p.rows() % rows != 0;
    fours(p.q(), p.depth());
    fours(p.k(), p.depth());
    fours(p.v(), p.column());
    b.open();
    if (p.row() != null) {
      Value last = ragged ? Digits.integer(BinaryOp.MIN, row, p.rows() - 1) : row;
      b.bind(p.row(), b.keep("row", last));
    }
    begin();
    if (split == 1) {
      tiles();
    } else {
      Value part = b.keep("part", Value.mul(own.above(), KEYS));
      grid.loop("key", part, keys, split * KEYS, key -> keys(key, null, null, null));
    }
    Stmt body = b.close();
    b.emit(body);
    if (split == 1) {
      grid.where(ragged ? Grid.less(row, p.rows()) : null, () -> result(row));
    } else {
      join(first, ragged);
    }
    Stmt all = b.close();
    b.emit(all);
    return grid.nest(chunks * Reductions.points(p.batch()), size);
  }

  private void fours(Expr read, Axis axis) {
    if (grid.isDense(read, axis)) {
      grid.readFours(read, axis);
    }
  }

  private void let(Local local, Value v) {
    b.emit(Stmt.let(local, v));
  }

  private static Value binary(BinaryOp op, Value x, Value y) {
    return new Value.Binary(op, DType.F32, x, y);
  }

  /** {@code exp(x - y)}. */
  private static Value exponential(Value x, Value y) {
    return new Value.Unary(UnaryOp.EXP, DType.F32, binary(BinaryOp.SUB, x, y));
  }

  private void begin() {
    Axis at = new Axis("d", p.depth().extent());
    Expr row = Exprs.substitute(p.q(), Map.of(p.depth(), Expr.var(at)));
    for (int i = 0; i < depths; i++) {
      b.bind(at, Value.i32(4 * i));
      q[i] = Local.of("q", LType.F32X4);
      let(q[i], Fours.load(grid, row, at));
    }
    let(most, new Value.FloatConst(LType.F32, LOWEST));
    let(total, new Value.FloatConst(LType.F32, 0));
    for (int i = 0; i < columns; i++) {
      out[i] = Local.of("out", LType.F32X4);
      let(out[i], new Value.FloatConst(LType.F32X4, 0));
    }
  }

  /** All keys, some at a time in shared memory. */
  private void tiles() {
    Buffer k = grid.shareFours(bk * depths * 4);
    Buffer v = grid.shareFours(bk * columns * 4);
    grid.loop(
        "tile",
        Value.i32(0),
        keys,
        bk,
        tile -> {
          grid.barrier();
          bring(k, p.k(), p.stage(0).points().get(0), p.depth(), tile);
          bring(v, p.v(), p.key(), p.column(), tile);
          grid.barrier();
          grid.loop(
              "at", Value.i32(0), bk, KEYS, at -> keys(b.keep("key", Value.add(tile, at)), at, k, v));
        });
  }

  private void bring(Buffer shared, Expr read, Axis key, Axis along, Value tile) {
    int fours = along.extent() / 4;
    grid.loop(
        "four",
        Value.get(grid.lane),
        bk * fours,
        size,
        four -> {
          Digits d = Digits.of(four, fours, "number", b::emit);
          Value at = Value.add(tile, d.above());
          Value inside = keys % bk == 0 ? at : Digits.integer(BinaryOp.MIN, at, keys - 1);
          b.bind(key, b.keep("key", inside));
          b.bind(along, b.keep("along", Value.mul(d.lowest(), 4)));
          Value to = new Value.Address(shared, Value.mul(four, 4));
          b.emit(new Stmt.Store(to, 0, Fours.load(grid, read, along), 4));
        });
  }

  /**
   * Some keys, from shared memory where there are buffers of K and V, else from their arguments.
   *
   * @param at number of the first key in shared memory
   */
  private void keys(Value first, Value at, Buffer k, Buffer v) {
    boolean ragged = keys % (k == null ? KEYS : bk) != 0;
    Axis[] numbers = new Axis[KEYS];
    Value[] scores = new Value[KEYS];
    for (int j = 0; j < KEYS; j++) {
      numbers[j] = new Axis("key", keys);
      Value number = Value.add(first, Value.i32(j));
      Value inside = ragged ? Digits.integer(BinaryOp.MIN, number, keys - 1) : number;
      b.bind(numbers[j], b.keep("key", inside));
      Local sum = Local.of("sum", LType.F32X4);
      let(sum, new Value.FloatConst(LType.F32X4, 0));
      for (int i = 0; i < depths; i++) {
        Value x = k == null ? load(p.k(), numbers[j], i) : shared(k, at, j * depths + i, depths);
        let(sum, new Value.MulAdd(Value.get(q[i]), x, Value.get(sum)));
      }
      Value dot = new Value.Horizontal(Combiner.SUM, DType.F32, Value.get(sum));
      b.setStage(0, b.keep("dot", dot));
      Stage score = p.stage(AttentionParts.SCORE);
      Map<Axis, Expr> here = Map.of(score.points().get(0), Expr.var(numbers[j]));
      Value s = b.lower(Exprs.substitute(score.body(), here));
      if (ragged) {
        Value beyond = new Value.FloatConst(LType.F32, Double.NEGATIVE_INFINITY);
        s = new Value.Select(Grid.less(number, keys), s, beyond);
      }
      scores[j] = b.keep("score", s);
    }
    Value largest = Value.get(most);
    for (Value s : scores) {
      largest = binary(BinaryOp.MAX, largest, s);
    }
    Value above = b.keep("above", largest);
    Value scale = b.keep("scale", exponential(Value.get(most), above));
    let(most, above);
    Value sum = binary(BinaryOp.MUL, Value.get(total), scale);
    Value[] weights = new Value[KEYS];
    for (int j = 0; j < KEYS; j++) {
      weights[j] = b.keep("weight", exponential(scores[j], above));
      sum = binary(BinaryOp.ADD, sum, weights[j]);
    }
    let(total, sum);
    for (int i = 0; i < columns; i++) {
      let(out[i], binary(BinaryOp.MUL, Value.get(out[i]), new Value.Splat(scale)));
      for (int j = 0; j < KEYS; j++) {
        Value x = v == null ? value(numbers[j], i) : shared(v, at, j * columns + i, columns);
        let(out[i], new Value.MulAdd(new Value.Splat(weights[j]), x, Value.get(out[i])));
      }
    }
  }

  private static Value shared(Buffer buffer, Value at, int four, int fours) {
    Value row = new Value.Address(buffer, Value.mul(at, 4 * fours));
    return new Value.Load(row, 4 * four, Value.Access.VECTOR);
  }

  private Value load(Expr read, Axis number, int i) {
    Axis d = new Axis("d", p.depth().extent());
    b.bind(d, Value.i32(4 * i));
    Axis point = p.stage(0).points().get(0);
    Map<Axis, Expr> here = Map.of(point, Expr.var(number), p.depth(), Expr.var(d));
    return Fours.load(grid, Exprs.substitute(read, here), d);
  }

  private Value value(Axis number, int i) {
    Axis x = new Axis("x", p.column().extent());
    b.bind(x, Value.i32(4 * i));
    Map<Axis, Expr> here = Map.of(p.key(), Expr.var(number), p.column(), Expr.var(x));
    return Fours.load(grid, Exprs.substitute(p.v(), here), x);
  }

  /** Writes what an invocation has, as its row of the result. */
  private void result(Value row) {
    if (p.row() != null) {
      b.bind(p.row(), row);
    }
    b.setStage(AttentionParts.SUM, Value.get(total));
    Value factor = b.keep("factor", b.lower(p.stage(AttentionParts.LAST).body()));
    b.setStage(AttentionParts.LAST, factor);
    for (int i = 0; i < columns; i++) {
      write(Value.get(out[i]), Value.i32(4 * i));
    }
  }

  /** Four columns of the result from one on. */
  private void write(Value four, Value from) {
    Axis column = p.column();
    b.open();
    b.bind(column, from);
    if (Fours.fit(grid, column)) {
      b.setStage(AttentionParts.LAST + 1, four);
      Fours.store(grid, column);
    } else {
      for (int j = 0; j < 4; j++) {
        b.open();
        b.bind(column, Value.add(from, Value.i32(j)));
        b.setStage(AttentionParts.LAST + 1, new Value.Lane(four, j));
        grid.store();
        Stmt one = b.close();
        b.emit(one);
      }
    }
    Stmt body = b.close();
    b.emit(body);
  }

  /** Joins what invocations have of the same rows. */
  private void join(Value first, boolean ragged) {
    Buffer maxima = grid.share(DType.F32, size);
    Buffer sums = grid.share(DType.F32, size);
    Buffer parts = grid.shareFours(size * columns * 4);
    Value lane = Value.get(grid.lane);
    b.emit(new Stmt.Store(new Value.Address(maxima, lane), 0, Value.get(most), 1));
    b.emit(new Stmt.Store(new Value.Address(sums, lane), 0, Value.get(total), 1));
    Value own = new Value.Address(parts, Value.mul(lane, columns * 4));
    for (int i = 0; i < columns; i++) {
      b.emit(new Stmt.Store(own, 4 * i, Value.get(out[i]), 4));
    }
    grid.barrier();
    grid.loop(
        "four",
        lane,
        rows * columns,
        size,
        four -> {
          Digits d = Digits.of(four, columns, "number", b::emit);
          Value row = b.keep("row", Value.add(first, d.above()));
          grid.where(
              ragged ? Grid.less(row, p.rows()) : null,
              () -> {
                if (p.row() != null) {
                  b.bind(p.row(), row);
                }
                Local max = Local.of("max", LType.F32);
                Local sum = Local.of("sum", LType.F32);
                Local x = Local.of("x", LType.F32X4);
                let(max, new Value.FloatConst(LType.F32, LOWEST));
                let(sum, new Value.FloatConst(LType.F32, 0));
                let(x, new Value.FloatConst(LType.F32X4, 0));
                grid.loop(
                    "part", Value.i32(0), split, 1,
                    part ->
                        let(max, binary(BinaryOp.MAX, Value.get(max), of(maxima, part, d.above()))));
                grid.loop(
                    "part", Value.i32(0), split, 1,
                    part -> {
                      Value m = of(maxima, part, d.above());
                      Value scale = b.keep("scale", exponential(m, Value.get(max)));
                      let(sum, new Value.MulAdd(of(sums, part, d.above()), scale, Value.get(sum)));
                      Value at = Value.add(Value.mul(part, rows), d.above());
                      at = Value.add(Value.mul(at, columns * 4), Value.mul(d.lowest(), 4));
                      Value v =
                          new Value.Load(new Value.Address(parts, at), 0, Value.Access.VECTOR);
                      let(x, new Value.MulAdd(new Value.Splat(scale), v, Value.get(x)));
                    });
                b.setStage(AttentionParts.SUM, Value.get(sum));
                Value factor = b.keep("factor", b.lower(p.stage(AttentionParts.LAST).body()));
                b.setStage(AttentionParts.LAST, factor);
                write(Value.get(x), b.keep("column", Value.mul(d.lowest(), 4)));
              });
        });
  }

  private Value of(Buffer shared, Value part, Value row) {
    Value at = Value.add(Value.mul(part, rows), row);
    return new Value.Load(new Value.Address(shared, at), 0, Value.Access.SCALAR);
  }
}
