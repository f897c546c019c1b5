package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/** Loops of {@link GridVector}. */
final class GridVectorLowering {
  private final Grid grid;
  private final LoopBuilder b;
  private final GridVector.Parts p;
  private final int m;
  private final int n;
  private final int size;
  private final int split;
  private final int tn;

  /** Columns of a workgroup. */
  private final int bn;

  private final List<Expr> rows = new ArrayList<>();

  GridVectorLowering(GridVector.Parts parts, Schedule s) {
    this.grid = new Grid(parts.compute());
    this.b = grid.b;
    this.p = parts;
    this.m = parts.m();
    this.n = parts.n();
    this.size = s.get("size", 64);
    this.split = s.get("split", 8);
    this.tn = s.get("tn", 4);
    this.bn = size / split * tn;
    for (int r = 0; r < m; r++) {
      rows.add(Exprs.substitute(parts.x(), at(parts.rows(), r)));
    }
  }

  /** Axes at the digits of a number. */
  private static Map<Axis, Expr> at(List<Axis> axes, int number) {
    Map<Axis, Expr> at = new HashMap<>();
    int rest = number;
    for (int i = axes.size() - 1; i >= 0; i--) {
      at.put(axes.get(i), Expr.i32(rest % axes.get(i).extent()));
      rest /= axes.get(i).extent();
    }
    return at;
  }

  GridNest nest() {
    int across = (n + bn - 1) / bn;
    b.open();
    Digits groups = Digits.of(Value.get(grid.group), across, "column", b::emit);
    Value column = b.keep("column", Value.mul(groups.lowest(), bn));
    Digits.bind(p.batch(), groups.above(), b);
    // Neighbours read neighbours in memory.
    Digits own = Digits.of(Value.get(grid.lane), p.deep() ? split : size / split, "own", b::emit);
    Value part = p.deep() ? own.lowest() : own.above();
    Value first = b.keep("first", Value.mul(p.deep() ? own.above() : own.lowest(), tn));
    Axis depth = GridOperands.last(p.depth());
    if (grid.isDense(p.x(), depth) && depth.extent() % 4 == 0) {
      grid.readFours(p.x(), depth);
    }
    Buffer sums = p.deep() ? grid.share(DType.F32, split * m * bn) : grid.shareFours(split * m * bn);
    Value place = b.keep("place", Value.add(Value.mul(part, m * bn), first));
    if (p.codes() != null) {
      codes(sums, place, part, column, first);
    } else if (p.deep()) {
      deep(sums, place, part, column, first);
    } else {
      across(sums, place, part, column, first);
    }
    grid.barrier();
    grid.loop("element", Value.get(grid.lane), m * bn, size, e -> result(sums, column, e));
    Stmt body = b.close();
    b.emit(body);
    return grid.nest(across * Reductions.points(p.batch()), size);
  }

  private Local[] zeros(int count) {
    Local[] sums = new Local[count];
    for (int i = 0; i < count; i++) {
      sums[i] = Local.of("sum", LType.F32X4);
      b.emit(Stmt.let(sums[i], new Value.FloatConst(LType.F32X4, 0)));
    }
    return sums;
  }

  /** A column, or the last where there are no more. */
  private Value inside(Value column, int last) {
    return n % bn == 0 ? column : Digits.integer(BinaryOp.MIN, column, last);
  }

  /** Four columns that lie together, in rows of the matrix. */
  private void across(Buffer shared, Value place, Value part, Value column, Value first) {
    grid.readFours(p.w(), GridOperands.last(p.columns()));
    Axis depth = GridOperands.last(p.depth());
    int steps = depth.extent() % 4 == 0 ? 4 : 1;
    Local[] sums = zeros(m);
    Digits.bind(p.columns(), b.keep("x", inside(Value.add(column, first), n - 4)), b);
    grid.loop(
        "step",
        Value.mul(part, steps),
        p.k(),
        split * steps,
        step -> {
          Digits.bind(p.depth(), step, b);
          Value[] x = new Value[m];
          for (int r = 0; r < m; r++) {
            Value v = steps == 4 ? Fours.load(grid, rows.get(r), depth) : b.lower(rows.get(r));
            x[r] = b.keep("x", v);
          }
          for (int i = 0; i < steps; i++) {
            b.shift(depth, i);
            b.vectorise(GridOperands.last(p.columns()));
            Value w = b.keep("w", b.lowerVector(p.w()));
            b.vectorise(null);
            for (int r = 0; r < m; r++) {
              Value splat = new Value.Splat(steps == 4 ? new Value.Lane(x[r], i) : x[r]);
              b.emit(Stmt.let(sums[r], new Value.MulAdd(splat, w, Value.get(sums[r]))));
            }
          }
          b.shift(depth, 0);
        });
    for (int r = 0; r < m; r++) {
      Value to = new Value.Address(shared, place);
      b.emit(new Stmt.Store(to, r * bn, Value.get(sums[r]), 4));
    }
  }

  /** An expression of the matrix at the {@code j}-th column of an invocation. */
  private Expr atColumn(Expr e, List<Axis> own) {
    Map<Axis, Expr> at = new HashMap<>();
    for (int i = 0; i < own.size(); i++) {
      at.put(p.columns().get(i), Expr.var(own.get(i)));
    }
    return Exprs.substitute(e, at);
  }

  /** For each column of an invocation axes of its own, which are bound. */
  private List<List<Axis>> ownColumns(Value column, Value first) {
    List<List<Axis>> all = new ArrayList<>();
    for (int j = 0; j < tn; j++) {
      List<Axis> own = new ArrayList<>();
      for (Axis a : p.columns()) {
        own.add(new Axis(a.name(), a.extent()));
      }
      Value x = Value.add(Value.add(column, first), Value.i32(j));
      Digits.bind(own, b.keep("x", inside(x, n - 1)), b);
      all.add(own);
    }
    return all;
  }

  /** Four steps of the depth that lie together, for some columns. */
  private void deep(Buffer shared, Value place, Value part, Value column, Value first) {
    Axis depth = GridOperands.last(p.depth());
    grid.readFours(p.w(), depth);
    Local[] sums = zeros(m * tn);
    List<List<Axis>> columns = ownColumns(column, first);
    grid.loop(
        "step",
        Value.mul(part, 4),
        p.k(),
        split * 4,
        step -> {
          Digits.bind(p.depth(), step, b);
          Value[] x = new Value[m];
          for (int r = 0; r < m; r++) {
            x[r] = b.keep("x", Fours.load(grid, rows.get(r), depth));
          }
          for (int j = 0; j < tn; j++) {
            Value w = b.keep("w", Fours.load(grid, atColumn(p.w(), columns.get(j)), depth));
            for (int r = 0; r < m; r++) {
              add(sums[r * tn + j], x[r], w);
            }
          }
        });
    storeEach(shared, place, sums);
  }

  private void add(Local sum, Value x, Value w) {
    b.emit(Stmt.let(sum, new Value.MulAdd(x, w, Value.get(sum))));
  }

  private void storeEach(Buffer shared, Value place, Local[] sums) {
    for (int i = 0; i < sums.length; i++) {
      Value to = new Value.Address(shared, place);
      Value sum = new Value.Horizontal(Combiner.SUM, DType.F32, Value.get(sums[i]));
      b.emit(new Stmt.Store(to, i / tn * bn + i % tn, sum, 1));
    }
  }

  /** A word of codes at a time, for some columns. */
  private void codes(Buffer shared, Value place, Value part, Value column, Value first) {
    QuantisedFamily.Product q = p.codes();
    Buffer words = grid.words(q.b().argument());
    int per = q.perWord();
    int rowWords = q.b().rowBytes(q.n(), q.k(), q.k().extent()) / 4;
    Local[] sums = zeros(m * tn);
    List<List<Axis>> columns = ownColumns(column, first);
    Value[] starts = new Value[tn];
    for (int j = 0; j < tn; j++) {
      starts[j] = b.keep("start", Value.mul(b.axisValue(columns.get(j).get(0)), rowWords));
    }
    Axis number = new Axis("block", q.blocks());
    grid.loop(
        "word",
        part,
        q.k().extent() / per,
        split,
        word -> {
          b.bind(q.k(), b.keep("k", Value.mul(word, per)));
          b.bind(number, b.keep("block", Digits.integer(BinaryOp.DIV, word, q.block() / per)));
          Value[] x = new Value[m * per / 4];
          for (int i = 0; i < x.length; i++) {
            // Both halves of eight steps are reached from the first by constants.
            x[i] = b.keep("x", half(rows.get(i * 4 / per), i * 4 % per));
          }
          for (int j = 0; j < tn; j++) {
            Value at = new Value.Address(words, Value.add(starts[j], word));
            Value codes = b.keep("word", new Value.Load(at, 0, Value.Access.SCALAR));
            Value[] w = weights(codes, number, columns.get(j));
            for (int i = 0; i < x.length; i++) {
              add(sums[i * 4 / per * tn + j], x[i], w[i % (per / 4)]);
            }
          }
        });
    storeEach(shared, place, sums);
  }

  private Value half(Expr row, int from) {
    Axis k = p.codes().k();
    Axis at = new Axis("k", k.extent());
    b.bind(at, Value.add(b.axisValue(k), Value.i32(from)));
    return Fours.load(grid, Exprs.substitute(row, Map.of(k, Expr.var(at))), at);
  }

  /** The codes of a word as floats, four a vector. */
  private Value[] weights(Value word, Axis number, List<Axis> column) {
    QuantisedFamily.Product q = p.codes();
    Expr block = Expr.var(number);
    Value scale = b.keep("scale", b.lower(atColumn(q.byBlock(q.b().scale(), block), column)));
    Value zero = null;
    if (q.b().zero() != null) {
      Expr z = Expr.cast(DType.F32, q.byBlock(q.b().zero(), block));
      zero = b.keep("zero", b.lower(atColumn(z, column)));
    }
    Value[] w = new Value[q.perWord() / 4];
    for (int i = 0; i < w.length; i++) {
      Value[] c = new Value[4];
      for (int j = 0; j < 4; j++) {
        c[j] = new Value.Convert(DType.I32, DType.F32, code(word, 4 * i + j));
      }
      Value v = new Value.Lanes(c[0], c[1], c[2], c[3]);
      if (zero != null) {
        v = new Value.Binary(BinaryOp.SUB, DType.F32, v, new Value.Splat(zero));
      }
      w[i] = b.keep("w", new Value.Binary(BinaryOp.MUL, DType.F32, v, new Value.Splat(scale)));
    }
    return w;
  }

  private Value code(Value word, int i) {
    int bits = p.codes().b().bits();
    if (p.codes().b().shift() != 0) {
      Value up = Digits.integer(BinaryOp.SHL, word, 32 - bits * (i + 1));
      return Digits.integer(BinaryOp.SHR, up, 32 - bits);
    }
    return Digits.integer(
        BinaryOp.AND, Digits.integer(BinaryOp.SHR, word, bits * i), (1 << bits) - 1);
  }

  /** Joins the parts of a sum and makes a point of the result of it. */
  private void result(Buffer shared, Value column, Value element) {
    Digits d = Digits.of(element, bn, "number", b::emit);
    Value x = b.keep("x", Value.add(column, d.lowest()));
    grid.where(
        n % bn == 0 ? null : Grid.less(x, n),
        () -> {
          Local sum = Local.of("sum", LType.F32);
          b.emit(Stmt.let(sum, new Value.FloatConst(LType.F32, 0)));
          grid.loop(
              "part",
              Value.i32(0),
              split,
              1,
              part -> {
                Value at = Value.add(Value.mul(part, m * bn), element);
                Value v =
                    new Value.Load(new Value.Address(shared, at), 0, Value.Access.SCALAR);
                b.emit(
                    Stmt.let(sum, new Value.Binary(BinaryOp.ADD, DType.F32, Value.get(sum), v)));
              });
          Digits.bind(p.rows(), d.above(), b);
          Digits.bind(p.columns(), x, b);
          b.setStage(0, Value.get(sum));
          grid.store();
        });
  }
}
