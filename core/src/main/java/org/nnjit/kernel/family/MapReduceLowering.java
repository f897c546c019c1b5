package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** Loops of one compute in the map-reduce family. */
final class MapReduceLowering {
  /** Windows up to this many points are unrolled, so that their addresses become constants. */
  static final int UNROLL_POINTS = 25;

  /** Reductions at least this long keep four accumulators, to hide the latency of the sum. */
  private static final int LONG_REDUCTION = 32;

  /** Elements one parallel part of a flat map covers at least: below this a barrier costs more. */
  private static final int CHUNK = 2048;

  private final Compute c;
  private final Schedule schedule;
  private final Buffer[] buffers;
  private final LoopBuilder b;
  private final List<Axis> spatial;
  private final KeptStage kept;
  private final Axis vector;
  private final Axis tiled;
  private Interior interior;

  MapReduceLowering(Compute compute, Schedule schedule, Buffer[] buffers, TensorType[] types) {
    this.schedule = schedule;
    this.buffers = buffers;
    this.b = new LoopBuilder(buffers, types);
    this.spatial = compute.spatial();
    this.kept = KeptStage.of(compute, b);
    this.c = kept == null ? compute : kept.compute();
    this.vector = schedule.get("lanes", 1) == 4 ? vectorAxis() : null;
    this.tiled = schedule.get("tile", 1) > 1 && vector != null ? tiledAxis() : null;
  }

  /**
   * The innermost axis, when the output is dense along it and everything there has lanes; with
   * guards along it, only in its interior.
   */
  private Axis vectorAxis() {
    if (spatial.isEmpty()) {
      return null;
    }
    Axis last = spatial.get(spatial.size() - 1);
    Affine store = b.address(c.inputs().size(), c.store());
    if (last.extent() < 4 || store.coefficient(last) != 1 || store.hidesAxis(last)) {
      return null;
    }
    DType out = c.output().dtype();
    if (out != DType.F32 && out != DType.I32 && out != DType.U32 && out != DType.BOOL
        && out != DType.F16 && out != DType.BF16) {
      return null;
    }
    interior = Interior.whole(c, last);
    if (allows(c, last)) {
      return last;
    }
    interior = Interior.of(c, last);
    boolean pays = kept == null && spatial.size() > 1 && interior.to() - interior.from() >= 4;
    return pays && allows(interior.compute(), last) ? last : null;
  }

  private boolean allows(Compute compute, Axis axis) {
    for (Stage s : compute.stages()) {
      if (s.outer() == spatial.size()
          && (s.body().type() != DType.F32 && s.body().type() != DType.I32
              || !Vectors.allows(s.body(), axis, b))) {
        return false;
      }
    }
    return Vectors.allows(compute.body(), axis, b);
  }

  /** The axis before the vector axis, when a window reduction runs inside both. */
  private Axis tiledAxis() {
    int n = spatial.size();
    if (n < 2 || spatial.get(n - 2).extent() < 2 || !interior.compute().equals(c)) {
      return null;
    }
    for (Stage s : c.stages()) {
      if (s.outer() != n || points(s.axes()) > UNROLL_POINTS) {
        return null;
      }
    }
    return c.stages().isEmpty() ? null : spatial.get(n - 2);
  }

  LoopNest lower() {
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    int blocks = 1;
    if (spatial.isEmpty()) {
      level(0);
    } else if (spatial.size() == 1 && !hasStageAt(1, true)) {
      blocks = flatChunks(begin, end);
    } else {
      blocks = parallelPrefix(begin, end);
    }
    return new LoopNest(c.name(), List.of(buffers), blocks, begin, end, b.close());
  }

  private boolean hasStageAt(int outer, boolean orInside) {
    for (Stage s : c.stages()) {
      if (s.outer() == outer || (orInside && s.outer() < outer)) {
        return true;
      }
    }
    return false;
  }

  /** A single axis without outer reductions, cut into chunks. */
  private int flatChunks(Local begin, Local end) {
    Axis axis = spatial.get(0);
    int extent = axis.extent();
    if (extent <= CHUNK || hasStageAt(0, false)) {
      level(0);
      return 1;
    }
    int chunks = Math.min(64, (extent + CHUNK - 1) / CHUNK);
    int size = ((extent + chunks - 1) / chunks + 3) & ~3;
    chunks = (extent + size - 1) / size;
    Local from = Local.of("from", LType.I32);
    Local to = Local.of("to", LType.I32);
    b.emit(Stmt.let(from, Value.mul(Value.get(begin), size)));
    Value bound = Value.mul(Value.get(end), size);
    b.emit(Stmt.let(to, new Value.Binary(BinaryOp.MIN, DType.I32, bound, Value.i32(extent))));
    if (axis == vector) {
      Local whole = Local.of("whole", LType.I32);
      Value length = new Value.Binary(BinaryOp.SUB, DType.I32, Value.get(to), Value.get(from));
      Value fours = new Value.Binary(BinaryOp.AND, DType.I32, length, Value.i32(-4));
      b.emit(Stmt.let(whole, Value.add(Value.get(from), fours)));
      loop(axis, Value.get(from), Value.get(whole), 4, () -> points(1));
      if (extent % 4 != 0) {
        loop(axis, Value.get(whole), Value.get(to), 1, () -> points(1));
      }
    } else {
      loop(axis, Value.get(from), Value.get(to), 1, () -> points(1));
    }
    return chunks;
  }

  /** The outermost axes as one range of parts. */
  private int parallelPrefix(Local begin, Local end) {
    int limit = spatial.size() - (vector != null ? 1 : 0) - (tiled != null ? 1 : 0);
    for (Stage s : c.stages()) {
      if (s.outer() < spatial.size()) {
        limit = Math.min(limit, s.outer());
      }
    }
    int blocks = 1;
    int count = 0;
    while (count < limit && (count == 0 || blocks < 16)) {
      blocks *= spatial.get(count).extent();
      count++;
    }
    if (count == 0) {
      level(0);
      return 1;
    }
    b.open();
    Local block = Local.of("block", LType.I32);
    Value rest = Value.get(block);
    for (int i = count - 1; i >= 0; i--) {
      Axis a = spatial.get(i);
      Value index = rest;
      if (i > 0) {
        Digits digits = Digits.of(rest, a.extent(), a.name(), b::emit);
        index = digits.lowest();
        rest = digits.above();
      }
      b.bind(a, index);
    }
    level(count);
    Stmt body = b.close();
    b.emit(new Stmt.For(block, Value.get(begin), Value.get(end), 1, body));
    return blocks;
  }

  private interface Body {
    void run();
  }

  private void loop(Axis axis, Value from, Value to, int step, Body body) {
    Local var = b.beginFor(axis);
    boolean wide = axis == vector && step == 4;
    if (wide) {
      b.vectorise(axis);
    }
    body.run();
    if (wide) {
      b.vectorise(null);
    }
    b.endFor(var, from, to, step);
  }

  /** Everything inside the first {@code depth} spatial axes. */
  private void level(int depth) {
    for (int i = 0; i < c.stages().size(); i++) {
      if (c.stages().get(i).outer() == depth && depth < spatial.size()) {
        rowStage(i);
      }
    }
    if (depth == spatial.size()) {
      points(1);
      return;
    }
    Axis axis = spatial.get(depth);
    if (axis == tiled) {
      tiles();
      return;
    }
    if (axis != vector) {
      loop(axis, Value.i32(0), Value.i32(axis.extent()), 1, () -> level(depth + 1));
      return;
    }
    vectors(1);
  }

  /** The last two axes: neighbours along the first computed together for each vector. */
  private void tiles() {
    int tile = Math.min(schedule.get("tile", 1), tiled.extent());
    int whole = tiled.extent() / tile * tile;
    if (whole > 0) {
      loop(tiled, Value.i32(0), Value.i32(whole), tile, () -> vectors(tile));
    }
    if (whole < tiled.extent()) {
      loop(tiled, Value.i32(whole), Value.i32(tiled.extent()), 1, () -> vectors(1));
    }
  }

  private void vectors(int tile) {
    int from = interior.from();
    int whole = from + (interior.to() - from) / 4 * 4;
    if (from > 0) {
      loop(vector, Value.i32(0), Value.i32(from), 1, () -> points(tile));
    }
    loop(vector, Value.i32(from), Value.i32(whole), 4, () -> points(tile));
    if (whole < vector.extent()) {
      loop(vector, Value.i32(whole), Value.i32(vector.extent()), 1, () -> points(tile));
    }
  }

  /** Stages and stores of {@code tile} neighbouring points along the tiled axis. */
  private void points(int tile) {
    int n = spatial.size();
    boolean wide = b.isVector();
    Compute here = wide ? interior.compute() : c;
    Local[][] values = new Local[tile][c.stages().size()];
    for (int s = 0; s < c.stages().size(); s++) {
      Stage stage = here.stages().get(s);
      if (stage.outer() != n) {
        continue;
      }
      for (int t = 0; t < tile; t++) {
        values[t][s] = Local.of("acc" + s + "_" + t, laneType(stage.body().type(), wide));
        b.emit(Stmt.let(values[t][s], identity(stage, wide)));
      }
      reduce(stage, s, values, tile, wide);
    }
    for (int t = 0; t < tile; t++) {
      b.shift(tiled, t);
      for (int s = 0; s < c.stages().size(); s++) {
        if (values[t][s] != null) {
          b.setStage(s, Value.get(values[t][s]));
        }
      }
      if (kept != null) {
        LoopBuilder.Place from = b.storePlace(c.store());
        Local e = Local.of("e", laneType(DType.F32, wide));
        Value.Access how = wide ? Value.Access.VECTOR : Value.Access.SCALAR;
        b.emit(Stmt.let(e, new Value.Load(from.pointer(), from.offset(), how)));
        b.setStage(c.stages().size(), Value.get(e));
      }
      Value v = wide ? b.lowerVector(here.body()) : b.lower(here.body());
      LoopBuilder.Place at = b.storePlace(c.store());
      b.emit(new Stmt.Store(at.pointer(), at.offset(), v, wide ? 4 : 1));
    }
    b.shift(tiled, 0);
  }

  /** Reduction inside all spatial axes: accumulators hold lanes of different points. */
  private void reduce(Stage stage, int index, Local[][] acc, int tile, boolean wide) {
    if (points(stage.axes()) <= UNROLL_POINTS) {
      unrolled(stage, index, acc, tile, wide, 0);
    } else {
      looped(stage, index, acc, tile, wide, 0);
    }
  }

  private void unrolled(
      Stage stage, int index, Local[][] acc, int tile, boolean wide, int depth) {
    if (depth == stage.axes().size()) {
      accumulate(stage, index, acc, tile, wide);
      return;
    }
    Axis a = stage.axes().get(depth);
    for (int i = 0; i < a.extent(); i++) {
      b.bind(a, Value.i32(i));
      unrolled(stage, index, acc, tile, wide, depth + 1);
    }
  }

  private void looped(Stage stage, int index, Local[][] acc, int tile, boolean wide, int depth) {
    if (depth == stage.axes().size()) {
      accumulate(stage, index, acc, tile, wide);
      return;
    }
    Axis a = stage.axes().get(depth);
    Local var = b.beginFor(a);
    looped(stage, index, acc, tile, wide, depth + 1);
    b.endFor(var, Value.i32(0), Value.i32(a.extent()), 1);
  }

  private void accumulate(Stage stage, int index, Local[][] acc, int tile, boolean wide) {
    for (int t = 0; t < tile; t++) {
      b.shift(tiled, t);
      for (int s = 0; s < index; s++) {
        if (acc[t][s] != null) {
          b.setStage(s, Value.get(acc[t][s]));
        }
      }
      join(stage, acc[t][index], wide);
    }
    b.shift(tiled, 0);
  }

  /** {@code acc = acc op body}, as a fused multiply-add where the body is a product. */
  private void join(Stage stage, Local acc, boolean wide) {
    Expr body = stage.body();
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

  /** Reduction for a prefix of the spatial axes: lanes run along the reduced axis itself. */
  private void rowStage(int index) {
    Stage stage = c.stages().get(index);
    DType type = stage.body().type();
    Axis last = stage.axes().isEmpty() ? null : stage.axes().get(stage.axes().size() - 1);
    boolean wide =
        schedule.get("lanes", 1) == 4
            && last != null
            && last.extent() >= 4
            && (type == DType.F32 || type == DType.I32)
            && stage.combiner() != Combiner.PROD
            && Vectors.allows(stage.body(), last, b)
            && Vectors.contiguity(stage.body(), last, b) > 0;
    Local total = Local.of("s" + index, laneType(type, false));
    if (!wide) {
      b.emit(Stmt.let(total, identity(stage, false)));
      looped(stage, index, new Local[][] {row(total, index)}, 1, false, 0);
      b.setStage(index, Value.get(total));
      return;
    }
    int ways = last.extent() >= LONG_REDUCTION ? 4 : 1;
    Local[] parts = new Local[ways];
    for (int i = 0; i < ways; i++) {
      parts[i] = Local.of("s" + index + "_" + i, laneType(type, true));
      b.emit(Stmt.let(parts[i], identity(stage, true)));
    }
    b.emit(Stmt.let(total, identity(stage, false)));
    outerLoops(stage, 0, () -> lanes(stage, last, parts, total));
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
    b.setStage(index, Value.get(total));
  }

  private Local[] row(Local total, int index) {
    Local[] row = new Local[c.stages().size()];
    row[index] = total;
    return row;
  }

  private void outerLoops(Stage stage, int depth, Body inner) {
    if (depth == stage.axes().size() - 1) {
      inner.run();
      return;
    }
    Axis a = stage.axes().get(depth);
    Local var = b.beginFor(a);
    outerLoops(stage, depth + 1, inner);
    b.endFor(var, Value.i32(0), Value.i32(a.extent()), 1);
  }

  private void lanes(Stage stage, Axis last, Local[] parts, Local total) {
    int step = 4 * parts.length;
    int whole = last.extent() / step * step;
    if (whole > 0) {
      Local var = b.beginFor(last);
      b.vectorise(last);
      for (int i = 0; i < parts.length; i++) {
        b.shift(last, 4 * i);
        join(stage, parts[i], true);
      }
      b.shift(last, 0);
      b.vectorise(null);
      b.endFor(var, Value.i32(0), Value.i32(whole), step);
    }
    int fours = last.extent() / 4 * 4;
    if (whole < fours) {
      Local var = b.beginFor(last);
      b.vectorise(last);
      join(stage, parts[0], true);
      b.vectorise(null);
      b.endFor(var, Value.i32(whole), Value.i32(fours), 4);
    }
    if (fours < last.extent()) {
      Local var = b.beginFor(last);
      join(stage, total, false);
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

  private static LType laneType(DType type, boolean wide) {
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
