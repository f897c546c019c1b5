package org.nnjit.kernel.family;

import java.util.List;
import java.util.Set;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;

/**
 * Attention of a few rows, as a step of text generation has: K and V are read in place, once, a row
 * of Q at a time. Four keys are multiplied side by side; where the scores say that keys end at a
 * number known only in a run, the loops end there too.
 */
public final class StepFamily implements KernelFamily {
  /** From so many rows on packing K and V is worth it. */
  private static final int MOST_ROWS = 16;

  /** Vectors of a row of V that are summed together. */
  private static final int COLUMNS = 8;

  /** Vectors of a row of K whose products are written out. */
  private static final int STRAIGHT = 32;

  @Override
  public String name() {
    return "step";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    return target.has(Feature.SIMD) && suits(compute) ? new Space(compute) : null;
  }

  /** Whether a compute is an attention of a few rows that this family can do. */
  public static boolean suits(Compute c) {
    if (c.stages().isEmpty() || c.stages().get(0).points().isEmpty()) {
      return false;
    }
    LoopBuilder b =
        new LoopBuilder(MapReduceFamily.buffers(c), MapReduceFamily.types(c));
    Parts p = new Parts(c);
    Stage dot = p.stage(0);
    Stage result = p.stage(AttentionParts.LAST + 1);
    if (dot.axes().size() != 1 || result.axes().size() != 1) {
      return false;
    }
    Axis depth = dot.axes().get(0);
    Axis point = dot.points().get(0);
    Affine x = address(b, ((Binary) dot.body()).a());
    Affine y = address(b, ((Binary) dot.body()).b());
    Affine v = address(b, p.value());
    Affine out = b.address(c.inputs().size(), c.store());
    return (x.coefficient(point) == 0) != (y.coefficient(point) == 0)
        && isDense(x, depth)
        && isDense(y, depth)
        && !x.hidesAxis(point)
        && !y.hidesAxis(point)
        && isDense(v, p.column())
        && !v.hidesAxis(result.axes().get(0))
        && isDense(out, p.column())
        && depth.extent() % 4 == 0
        && p.column().extent() % 4 == 0
        && point.extent() % 4 == 0
        && rows(p, b) < MOST_ROWS
        && Vectors.allows(p.score(), p.scorePoint(), b)
        && Vectors.allows(c.body(), p.column(), b);
  }

  /** Where a read, of 16-bit floats perhaps, goes. */
  private static Affine address(LoopBuilder b, Expr e) {
    return b.address(e instanceof Cast c ? c.x() : e);
  }

  private static boolean isDense(Affine a, Axis axis) {
    return a.coefficient(axis) == 1 && !a.hidesAxis(axis);
  }

  /** Rows that the same keys serve. */
  private static int rows(Parts p, LoopBuilder b) {
    Affine v = address(b, p.value());
    int rows = 1;
    for (Axis a : p.outer()) {
      rows *= v.coefficient(a) == 0 && !v.hidesAxis(a) ? a.extent() : 1;
    }
    return rows;
  }

  /** The stages of {@code fuse.FuseAttention}, as {@link AttentionParts} says. */
  private record Parts(Compute c) {
    Stage stage(int i) {
      return c.stages().get(i);
    }

    List<Axis> outer() {
      return c.spatial().subList(0, c.spatial().size() - 1);
    }

    Axis column() {
      return c.spatial().get(c.spatial().size() - 1);
    }

    Axis scorePoint() {
      return stage(AttentionParts.SCORE).points().get(0);
    }

    /**
     * The score of a key, without the choice that ends the keys: where it is made by a number known
     * only in a run, there is a score for every key, within bounds.
     */
    Expr score() {
      Expr body = stage(AttentionParts.SCORE).body();
      boolean chosen = end() != null && !Exprs.reads(end()).isEmpty();
      return chosen ? ((Select) body).whenTrue() : body;
    }

    /** The element of V that a weight meets. */
    Expr value() {
      return ((Binary) stage(AttentionParts.LAST + 1).body()).b();
    }

    /** As {@link AttentionParts#end} says. */
    Expr end() {
      return AttentionParts.end(c);
    }
  }

  private record Space(Compute compute) implements KernelSpace {
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      return Schedule.of("step");
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      return new Lowering(compute).lower();
    }
  }

  private static final class Lowering {
    private final Parts p;
    private final Buffer scratch = new Buffer("w", DType.F32);
    private final Buffer[] buffers;
    private final LoopBuilder b;
    private final Local row = Local.pointer("row", scratch);
    private Value count;

    Lowering(Compute c) {
      this.p = new Parts(c);
      int inputs = c.inputs().size();
      this.buffers = AttentionParts.with(scratch, inputs, MapReduceFamily.buffers(c));
      this.b = new LoopBuilder(buffers, AttentionParts.with(inputs, MapReduceFamily.types(c)));
    }

    LoopNest lower() {
      int keys = p.scorePoint().extent();
      int blocks = Reductions.points(p.outer());
      Local begin = Local.of("begin", LType.I32);
      Local end = Local.of("end", LType.I32);
      Local block = Local.of("block", LType.I32);
      // A call has the room of the part it begins with, which no other call touches.
      b.emit(Stmt.let(row, new Value.Address(scratch, Value.mul(Value.get(begin), keys))));
      count = Value.i32(keys);
      if (p.end() != null) {
        Value least = Digits.integer(BinaryOp.MIN, b.lower(p.end()), keys);
        Value up = Value.add(least, Value.i32(3));
        count = b.keep("count", Digits.integer(BinaryOp.AND, up, -4));
      }
      b.open();
      Digits.bind(p.outer(), Value.get(block), b);
      Local max = scores();
      b.setStage(AttentionParts.MAX, Value.get(max));
      Local sum = exponentials();
      b.setStage(AttentionParts.SUM, Value.get(sum));
      weights();
      for (int i = 0; i < p.column().extent() / 4; i += COLUMNS) {
        columns(i, Math.min(COLUMNS, p.column().extent() / 4 - i));
      }
      Stmt body = b.close();
      b.emit(new Stmt.For(block, Value.get(begin), Value.get(end), 1, body));
      return new LoopNest(
          p.c().name(), List.of(buffers), blocks * keys, blocks, begin, end, b.close());
    }

    private static Value all(double value) {
      return new Value.FloatConst(LType.F32X4, value);
    }

    private static Value join(Combiner c, Value x, Value y) {
      return new Value.Binary(c.op(), DType.F32, x, y);
    }

    private Local vector(String name, Value v) {
      Local local = Local.of(name, LType.F32X4);
      b.emit(Stmt.let(local, v));
      return local;
    }

    private Value at(Local var) {
      return new Value.Offset(Value.get(row), Value.get(var));
    }

    /** The vector in all lanes of which stands what its lanes join to. */
    private Value spread(Combiner c, Local lanes) {
      return new Value.Splat(new Value.Horizontal(c, DType.F32, Value.get(lanes)));
    }

    /** Puts the scores in scratch; returns the largest in all lanes. */
    private Local scores() {
      Stage dot = p.stage(0);
      Axis point = dot.points().get(0);
      Axis depth = dot.axes().get(0);
      Binary product = (Binary) dot.body();
      boolean swap = address(b, product.a()).coefficient(point) != 0;
      Expr q = swap ? product.b() : product.a();
      Expr k = swap ? product.a() : product.b();
      Local max = vector("max", all(Double.NEGATIVE_INFINITY));
      Local var = b.beginFor(point);
      b.bind(p.scorePoint(), Value.get(var));
      Local[] acc = new Local[4];
      for (int j = 0; j < 4; j++) {
        acc[j] = vector("acc" + j, all(0));
      }
      b.vectorise(depth);
      int vectors = depth.extent() / 4;
      if (vectors <= STRAIGHT) {
        for (int i = 0; i < vectors; i++) {
          b.bind(depth, Value.i32(4 * i));
          products(acc, q, k, point);
        }
      } else {
        Local d = b.beginFor(depth);
        products(acc, q, k, point);
        b.endFor(d, Value.i32(0), Value.i32(depth.extent()), 4);
      }
      b.vectorise(null);
      Value sums = join(Combiner.SUM, pairs(acc, 0, 0), pairs(acc, 0, 1));
      Local low = vector("low", sums);
      Local high = vector("high", join(Combiner.SUM, pairs(acc, 2, 0), pairs(acc, 2, 1)));
      Value even = new Value.Shuffle(Value.get(low), Value.get(high), 0, 1, 4, 5);
      Value odd = new Value.Shuffle(Value.get(low), Value.get(high), 2, 3, 6, 7);
      b.setStage(0, Value.get(vector("dots", join(Combiner.SUM, even, odd))));
      b.vectorise(p.scorePoint());
      Local score = vector("score", b.lowerVector(p.stage(AttentionParts.SCORE).body()));
      b.vectorise(null);
      b.emit(new Stmt.Store(at(var), 0, Value.get(score), 4));
      b.emit(Stmt.let(max, join(Combiner.MAX, Value.get(max), Value.get(score))));
      b.endFor(var, Value.i32(0), count, 4);
      return vector("most", spread(Combiner.MAX, max));
    }

    /** Two of the four lanes of two sums: lanes 0 and 1, or 2 and 3, of both in turn. */
    private static Value pairs(Local[] acc, int from, int half) {
      int lane = 2 * half;
      return new Value.Shuffle(
          Value.get(acc[from]), Value.get(acc[from + 1]), lane, lane + 4, lane + 1, lane + 5);
    }

    private void products(Local[] acc, Expr q, Expr k, Axis point) {
      Local x = vector("q", b.lowerVector(q));
      for (int j = 0; j < 4; j++) {
        b.shift(point, j);
        Value y = b.lowerVector(k);
        b.emit(Stmt.let(acc[j], new Value.MulAdd(Value.get(x), y, Value.get(acc[j]))));
      }
      b.shift(point, 0);
    }

    /** Scores in scratch become exponentials; returns their sum. */
    private Local exponentials() {
      Local sum = vector("sum", all(0));
      map(AttentionParts.EXP, sum);
      Local total = Local.of("total", LType.F32);
      b.emit(Stmt.let(total, new Value.Horizontal(Combiner.SUM, DType.F32, Value.get(sum))));
      return total;
    }

    /** Exponentials become weights, or what the sum makes of the result is noted. */
    private void weights() {
      Stage last = p.stage(AttentionParts.LAST);
      if (last.points().isEmpty()) {
        Local factor = Local.of("factor", LType.F32);
        b.emit(Stmt.let(factor, b.lower(last.body())));
        b.setStage(AttentionParts.LAST, Value.get(factor));
      } else {
        map(AttentionParts.LAST, null);
      }
    }

    /** A stage for each key, of what is in scratch; joined in the sum where there is one. */
    private void map(int stage, Local sum) {
      Axis point = p.stage(stage).points().get(0);
      Local var = b.beginFor(point);
      Local x = vector("x", new Value.Load(at(var), 0, Value.Access.VECTOR));
      b.setStage(AttentionParts.SCORE, Value.get(x));
      b.setStage(AttentionParts.EXP, Value.get(x));
      b.vectorise(point);
      Local y = vector("y", b.lowerVector(p.stage(stage).body()));
      b.vectorise(null);
      b.emit(new Stmt.Store(at(var), 0, Value.get(y), 4));
      if (sum != null) {
        b.emit(Stmt.let(sum, join(Combiner.SUM, Value.get(sum), Value.get(y))));
      }
      b.endFor(var, Value.i32(0), count, 4);
    }

    /** Some vectors of the result's row. */
    private void columns(int first, int vectors) {
      Stage result = p.stage(AttentionParts.LAST + 1);
      Axis key = result.axes().get(0);
      Local[] acc = new Local[vectors];
      for (int i = 0; i < vectors; i++) {
        acc[i] = vector("out" + i, all(0));
      }
      Local var = b.beginFor(key);
      for (int j = 0; j < 4; j++) {
        Local w = vector("weight", new Value.Load(at(var), j, Value.Access.SPLAT));
        b.vectorise(p.column());
        b.shift(key, j);
        for (int i = 0; i < vectors; i++) {
          b.bind(p.column(), Value.i32(4 * (first + i)));
          Value v = b.lowerVector(p.value());
          b.emit(Stmt.let(acc[i], new Value.MulAdd(Value.get(w), v, Value.get(acc[i]))));
        }
        b.shift(key, 0);
        b.vectorise(null);
      }
      b.endFor(var, Value.i32(0), count, 4);
      for (int i = 0; i < vectors; i++) {
        b.bind(p.column(), Value.i32(4 * (first + i)));
        b.vectorise(p.column());
        b.setStage(AttentionParts.LAST + 1, Value.get(acc[i]));
        Value v = b.lowerVector(p.c().body());
        LoopBuilder.Place to = b.storePlace(p.c().store());
        b.emit(new Stmt.Store(to.pointer(), to.offset(), v, 4));
        b.vectorise(null);
      }
    }
  }
}
