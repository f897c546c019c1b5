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
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/**
 * Loops of a compute's stages. Neighbouring points may be reduced together: the builder knows the
 * value of stage {@code s} for the {@code t}-th of them as that of stage {@code s + t * (stages +
 * 1)}, so that what depends on it alone is worked out once.
 */
final class Reductions {
  /** Windows up to this many points are unrolled, so that their addresses become constants. */
  static final int UNROLL_POINTS = 25;

  /** Reductions at least this long keep four accumulators, to hide the latency of the sum. */
  private static final int LONG_REDUCTION = 32;

  private final Compute c;
  private final KeptStage kept;
  private final boolean lanes;
  private final LoopBuilder b;

  /**
   * @param c whose stages these are
   * @param kept the stage whose values wait in the output, or null
   * @param lanes whether rows may be reduced four elements at a time
   * @param b open where the loops go
   */
  Reductions(Compute c, KeptStage kept, boolean lanes, LoopBuilder b) {
    this.c = c;
    this.kept = kept;
    this.lanes = lanes;
    this.b = b;
  }

  /** An expression as the {@code t}-th of neighbouring points has it. */
  Expr at(int t, Expr e) {
    int more = t * (c.stages().size() + 1);
    return t == 0
        ? e
        : Exprs.rewrite(
            e, x -> x instanceof StageValue s ? new StageValue(s.stage() + more, s.type()) : null);
  }

  /** Gives the builder the value of a stage for the {@code t}-th of neighbouring points. */
  void set(int t, int stage, Local value) {
    b.setStage(stage + t * (c.stages().size() + 1), Value.get(value));
  }

  /**
   * A stage for {@code count} points at once, each {@code step} further along an axis: lanes hold
   * different points.
   *
   * @param stage of the compute or of its interior
   * @param unroll whether short windows become straight code
   */
  void together(Stage stage, int index, int count, Axis along, int step, boolean unroll) {
    boolean wide = b.isVector();
    int window = points(stage.axes());
    boolean straight = unroll && window > 0 && window <= UNROLL_POINTS;
    boolean slices =
        straight
            && (stage.combiner() == Combiner.MAX
                || stage.combiner() == Combiner.MIN
                || stage.combiner() == Combiner.SUM
                    && count > 1
                    && Exprs.cost(stage.body()) == 0
                    && slices(stage, along, step) != null);
    Local[] acc = new Local[count];
    for (int t = 0; t < count; t++) {
      acc[t] = Local.of("acc" + index + "_" + t, laneType(stage.body().type(), wide));
      if (!slices) {
        b.emit(Stmt.let(acc[t], identity(stage, wide)));
      }
    }
    if (slices) {
      bySlices(stage, acc, along, step);
    } else {
      Runnable join =
          () -> {
            for (int t = 0; t < count; t++) {
              b.shift(along, t * step);
              join(stage, at(t, stage.body()), acc[t], wide);
            }
            b.shift(along, 0);
          };
      if (straight) {
        unrolled(stage.axes(), 0, join);
      } else {
        loops(stage, 0, stage.axes().size(), join);
      }
    }
    for (int t = 0; t < count; t++) {
      set(t, index, acc[t]);
    }
  }

  /**
   * Unrolled windows: first each slice across an axis of the window is joined, which a neighbour's
   * window may have too, then the slices.
   */
  private void bySlices(Stage stage, Local[] acc, Axis along, int step) {
    Axis slices = slices(stage, along, step);
    List<Axis> rest = new ArrayList<>(stage.axes());
    rest.remove(slices);
    List<List<Value>> known = new ArrayList<>();
    List<Value> joined = new ArrayList<>();
    for (int t = 0; t < acc.length; t++) {
      b.shift(along, t * step);
      Expr body = at(t, stage.body());
      List<Value> parts = new ArrayList<>();
      for (int i = 0; i < (slices == null ? 1 : slices.extent()); i++) {
        if (slices != null) {
          b.bind(slices, Value.i32(i));
        }
        List<Value> slice = new ArrayList<>();
        unrolled(rest, 0, () -> slice.add(b.isVector() ? b.lowerVector(body) : b.lower(body)));
        int found = known.indexOf(slice);
        if (found < 0) {
          found = known.size();
          known.add(slice);
          joined.add(joined(stage, slice, null));
        }
        parts.add(joined.get(found));
      }
      joined(stage, parts, acc[t]);
    }
    b.shift(along, 0);
  }

  /** Joins values in a local, or in a new one; then a single value stays as it is. */
  private Value joined(Stage stage, List<Value> values, Local into) {
    if (into == null && values.size() == 1) {
      return values.get(0);
    }
    Local local = into != null ? into : Local.of("part", values.get(0).type());
    Value v = values.get(0);
    for (int i = 1; i < values.size(); i++) {
      b.emit(Stmt.let(local, v));
      v =
          new Value.Binary(
              stage.combiner().op(), stage.body().type(), Value.get(local), values.get(i));
    }
    b.emit(Stmt.let(local, v));
    return Value.get(local);
  }

  /** The axis of a window along which a neighbour's window overlaps it; null for none. */
  private Axis slices(Stage stage, Axis along, int step) {
    List<Expr> reads = Exprs.reads(stage.body());
    if (along == null || reads.isEmpty()) {
      return null;
    }
    Affine address = b.address(reads.get(0));
    int move = step * address.coefficient(along);
    for (Axis a : stage.axes()) {
      int one = address.coefficient(a);
      if (move != 0 && one != 0 && move % one == 0 && Math.abs(move / one) < a.extent()) {
        return a;
      }
    }
    return null;
  }

  private void unrolled(List<Axis> axes, int depth, Runnable body) {
    if (depth == axes.size()) {
      body.run();
      return;
    }
    Axis a = axes.get(depth);
    for (int i = 0; i < a.extent(); i++) {
      b.bind(a, Value.i32(i));
      unrolled(axes, depth + 1, body);
    }
  }

  /** Loops over the stage's axes before the {@code end}-th. */
  private void loops(Stage stage, int depth, int end, Runnable body) {
    if (depth == end) {
      body.run();
      return;
    }
    Axis a = stage.axes().get(depth);
    Local var = b.beginFor(a);
    loops(stage, depth + 1, end, body);
    b.endFor(var, Value.i32(0), Value.i32(a.extent()), 1);
  }

  /** {@code acc = acc op body}, as a fused multiply-add where the body is a product. */
  void join(Stage stage, Expr body, Local acc, boolean wide) {
    if (stage.combiner() == Combiner.SUM
        && body.type() == DType.F32
        && body instanceof Binary p
        && p.op() == BinaryOp.MUL) {
      Value x = wide ? b.lowerVector(p.a()) : b.lower(p.a());
      Value y = wide ? b.lowerVector(p.b()) : b.lower(p.b());
      b.emit(Stmt.let(acc, new Value.MulAdd(x, y, Value.get(acc))));
      return;
    }
    Value v = wide ? b.lowerVector(body) : b.lower(body);
    if (kept != null && stage.equals(kept.stage())) {
      Local e = Local.of("e", v.type());
      b.emit(Stmt.let(e, v));
      v = Value.get(e);
      LoopBuilder.Place at = b.storePlace(kept.store());
      b.emit(new Stmt.Store(at.pointer(), at.offset(), v, wide ? 4 : 1));
    }
    b.emit(
        Stmt.let(acc, new Value.Binary(stage.combiner().op(), body.type(), Value.get(acc), v)));
  }

  /** A reduction for a prefix of the spatial axes: lanes run along the reduced axis itself. */
  void row(int index) {
    Stage stage = c.stages().get(index);
    DType type = stage.body().type();
    Axis last = stage.axes().isEmpty() ? null : stage.axes().get(stage.axes().size() - 1);
    boolean wide =
        lanes
            && last != null
            && last.extent() >= 4
            && (type == DType.F32 || type == DType.I32)
            && stage.combiner() != Combiner.PROD
            && Vectors.allows(stage.body(), last, b)
            && Vectors.contiguity(stage.body(), last, b) > 0;
    Local total = Local.of("s" + index, laneType(type, false));
    if (!wide) {
      b.emit(Stmt.let(total, identity(stage, false)));
      loops(stage, 0, stage.axes().size(), () -> join(stage, stage.body(), total, false));
      set(0, index, total);
      return;
    }
    int ways = last.extent() >= LONG_REDUCTION ? 4 : 1;
    Local[] parts = new Local[ways];
    for (int i = 0; i < ways; i++) {
      parts[i] = Local.of("s" + index + "_" + i, laneType(type, true));
      b.emit(Stmt.let(parts[i], identity(stage, true)));
    }
    b.emit(Stmt.let(total, identity(stage, false)));
    loops(stage, 0, stage.axes().size() - 1, () -> lanes(stage, last, parts, total));
    Value joined = Value.get(parts[0]);
    for (int i = 1; i < ways; i++) {
      joined = new Value.Binary(stage.combiner().op(), type, joined, Value.get(parts[i]));
    }
    Local all = Local.of("s" + index + "_all", laneType(type, true));
    b.emit(Stmt.let(all, joined));
    Value across = new Value.Horizontal(stage.combiner(), type, Value.get(all));
    b.emit(
        Stmt.let(
            total, new Value.Binary(stage.combiner().op(), type, Value.get(total), across)));
    set(0, index, total);
  }

  private void lanes(Stage stage, Axis last, Local[] parts, Local total) {
    int step = 4 * parts.length;
    int whole = last.extent() / step * step;
    if (whole > 0) {
      Local var = b.beginFor(last);
      b.vectorise(last);
      for (int i = 0; i < parts.length; i++) {
        b.shift(last, 4 * i);
        join(stage, stage.body(), parts[i], true);
      }
      b.shift(last, 0);
      b.vectorise(null);
      b.endFor(var, Value.i32(0), Value.i32(whole), step);
    }
    int fours = last.extent() / 4 * 4;
    if (whole < fours) {
      Local var = b.beginFor(last);
      b.vectorise(last);
      join(stage, stage.body(), parts[0], true);
      b.vectorise(null);
      b.endFor(var, Value.i32(whole), Value.i32(fours), 4);
    }
    if (fours < last.extent()) {
      Local var = b.beginFor(last);
      join(stage, stage.body(), total, false);
      b.endFor(var, Value.i32(fours), Value.i32(last.extent()), 1);
    }
  }

  /** Number of points of some axes. */
  static int points(List<Axis> axes) {
    int n = 1;
    for (Axis a : axes) {
      n *= a.extent();
    }
    return n;
  }

  static LType laneType(DType type, boolean wide) {
    LType scalar = Value.scalarType(type);
    return !wide ? scalar : scalar == LType.F32 ? LType.F32X4 : LType.I32X4;
  }

  /** What a reduction starts from. */
  static Value identity(Stage stage, boolean wide) {
    DType type = stage.body().type();
    LType at = laneType(type, wide);
    if (type.isFloat()) {
      double v =
          switch (stage.combiner()) {
            case SUM -> 0;
            case PROD -> 1;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
          };
      return new Value.FloatConst(at, v);
    }
    int bits = type.bytes() * 8;
    boolean unsigned = type.isUnsigned();
    long least = unsigned ? 0 : -1L << (bits - 1);
    long most = unsigned ? (bits == 64 ? -1L : (1L << bits) - 1) : ~(-1L << (bits - 1));
    long v =
        switch (stage.combiner()) {
          case SUM -> 0;
          case PROD -> 1;
          case MAX -> least;
          case MIN -> type == DType.BOOL ? 1 : most;
        };
    return new Value.IntConst(at, v);
  }
}
