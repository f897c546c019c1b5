package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
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

/**
 * Loops of one compute in the map-reduce family. Vectors run along the innermost axis; or, where
 * stages are made for axes further out and the output is dense along the last of those (a softmax
 * over channels), along that one: then each lane reduces a row of its own.
 */
final class MapReduceLowering {
  /** Elements one parallel part of a flat map covers at least: below this a barrier costs more. */
  private static final int CHUNK = 2048;

  /** Parts wanted, so that a thread on a busier core may do less. */
  private static final int PARTS = 16;

  /** Vectors of rows reduced side by side: together they are a cache line. */
  private static final int COLUMNS = 4;

  private final Schedule schedule;
  private final Buffer[] buffers;
  private final LoopBuilder b;
  private final List<Axis> spatial;
  private Compute c;
  private KeptStage kept;
  private Axis vector;
  private int vectorDepth;
  private Interior interior;
  private final Axis tiled;
  private final Reductions reductions;

  /** The part of the vector axis that a block has; null for all of it. */
  private Value partFrom;

  private Value partTo;

  MapReduceLowering(Compute compute, Schedule schedule, Buffer[] buffers, TensorType[] types) {
    this.schedule = schedule;
    this.buffers = buffers;
    this.b = new LoopBuilder(buffers, types);
    this.spatial = compute.spatial();
    this.c = compute;
    boolean lanes = schedule.get("lanes", 1) == 4;
    int last = spatial.size() - 1;
    keep(last);
    boolean found = lanes && findVector(last);
    if (lanes && !found && kept == null && findVector(columnDepth())) {
      keep(vectorDepth);
      interior = Interior.whole(c, vector);
    }
    this.tiled = schedule.get("tile", 1) > 1 && vector != null ? tiledAxis() : null;
    this.reductions = new Reductions(c, kept, lanes, b);
  }

  private void keep(int dense) {
    kept = dense < 0 ? null : KeptStage.of(c, b, spatial.get(dense));
    c = kept == null ? c : kept.compute();
  }

  /** The last axis of those that the innermost stages are made for; -1 for none. */
  private int columnDepth() {
    int outer = 0;
    for (Stage s : c.stages()) {
      if (s.outer() == spatial.size()) {
        return -1;
      }
      outer = Math.max(outer, s.outer());
    }
    return outer - 1;
  }

  /**
   * Takes an axis for vectors when the output is dense along it and everything inside has lanes;
   * with guards along it, only in its interior.
   */
  private boolean findVector(int depth) {
    if (depth < 0) {
      return false;
    }
    Axis axis = spatial.get(depth);
    Affine store = b.address(c.inputs().size(), c.store());
    if (axis.extent() < 4 || store.coefficient(axis) != 1 || store.hidesAxis(axis)) {
      return false;
    }
    DType out = c.output().dtype();
    if (out.bytes() == 8) {
      return false;
    }
    vectorDepth = depth;
    interior = Interior.whole(c, axis);
    if (!allows(c, axis)) {
      boolean innermost = depth == spatial.size() - 1 && depth > 0 && kept == null;
      interior = innermost ? Interior.of(c, axis) : interior;
      if (!innermost
          || interior.to() - interior.from() < 4
          || !allows(interior.compute(), axis)) {
        return false;
      }
    }
    vector = axis;
    return true;
  }

  private boolean allows(Compute compute, Axis axis) {
    for (Stage s : compute.stages()) {
      if (s.outer() > vectorDepth
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
      if (s.outer() != n || Reductions.points(s.axes()) > Reductions.UNROLL_POINTS) {
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
    } else if (spatial.size() == 1 && c.stages().isEmpty()) {
      blocks = flatChunks(begin, end);
    } else {
      blocks = parallelPrefix(begin, end);
    }
    return new LoopNest(c.name(), List.of(buffers), blocks, begin, end, b.close());
  }

  /** A single axis without reductions, cut into chunks. */
  private int flatChunks(Local begin, Local end) {
    Axis axis = spatial.get(0);
    int extent = axis.extent();
    if (extent <= CHUNK) {
      level(0);
      return 1;
    }
    int chunks = Math.min(64, (extent + CHUNK - 1) / CHUNK);
    int size = ((extent + chunks - 1) / chunks + 3) & ~3;
    part(Value.get(begin), Value.get(end), size, extent);
    if (axis == vector) {
      vectors(1);
    } else {
      loop(axis, partFrom, partTo, 1, () -> points(1));
    }
    return (extent + size - 1) / size;
  }

  /** Bounds of the pieces of the vector axis from the {@code first} to before the {@code end}th. */
  private void part(Value first, Value end, int size, int extent) {
    partFrom = b.keep("from", Value.mul(first, size));
    Value bound = Value.mul(end, size);
    partTo =
        b.keep("to", new Value.Binary(BinaryOp.MIN, DType.I32, bound, Value.i32(extent)));
  }

  /** The outermost axes as one range of parts. */
  private int parallelPrefix(Local begin, Local end) {
    int inner = vector != null ? vectorDepth : spatial.size();
    int limit = inner - (tiled != null ? 1 : 0);
    for (Stage s : c.stages()) {
      if (s.outer() <= vectorDepth || vector == null && s.outer() < spatial.size()) {
        limit = Math.min(limit, s.outer());
      }
    }
    int blocks = 1;
    int count = 0;
    while (count < limit && (count == 0 || blocks < PARTS)) {
      blocks *= spatial.get(count).extent();
      count++;
    }
    int pieces = vector != null && count == vectorDepth ? pieces(blocks) : 1;
    if (count == 0 && pieces == 1) {
      level(0);
      return 1;
    }
    b.open();
    Local block = Local.of("block", LType.I32);
    Value rest = Value.get(block);
    if (pieces > 1) {
      int extent = vector.extent();
      int size = ((extent + pieces - 1) / pieces + 15) & ~15;
      pieces = (extent + size - 1) / size;
      Value piece = rest;
      if (count > 0) {
        Digits digits = Digits.of(rest, pieces, "piece", b::emit);
        piece = digits.lowest();
        rest = digits.above();
      }
      part(piece, Value.add(piece, Value.i32(1)), size, extent);
    }
    Digits.bind(spatial.subList(0, count), rest, b);
    level(count);
    Stmt body = b.close();
    b.emit(new Stmt.For(block, Value.get(begin), Value.get(end), 1, body));
    return blocks * pieces;
  }

  /** How many pieces of the vector axis are worth a block of their own. */
  private int pieces(int blocks) {
    long work = Reductions.points(spatial);
    for (Stage s : c.stages()) {
      if (s.outer() <= vectorDepth) {
        return 1;
      }
      work += (long) Reductions.points(spatial.subList(0, s.outer()))
          * Reductions.points(s.axes());
    }
    boolean whole = interior.from() == 0 && interior.to() == vector.extent();
    long most = Math.min((PARTS - 1) / blocks + 1, work / blocks / CHUNK);
    return whole ? (int) Math.max(1, Math.min(most, vector.extent() / 16)) : 1;
  }

  private void loop(Axis axis, Value from, Value to, int step, Runnable body) {
    loop(axis, from, to, step, null, body);
  }

  /** A loop; no index is greater than {@code most}, unless that is null. */
  private void loop(Axis axis, Value from, Value to, int step, Value most, Runnable body) {
    Local var = b.beginFor(axis);
    if (most != null) {
      Value at = new Value.Binary(BinaryOp.MIN, DType.I32, Value.get(var), most);
      b.bind(axis, b.keep(axis.name(), at));
    }
    boolean wide = axis == vector && step % 4 == 0;
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
        reductions.row(i);
      }
    }
    if (depth == spatial.size()) {
      points(1);
      return;
    }
    Axis axis = spatial.get(depth);
    if (axis == tiled) {
      tiles();
    } else if (axis == vector) {
      vectors(1);
    } else {
      loop(axis, Value.i32(0), Value.i32(axis.extent()), 1, () -> level(depth + 1));
    }
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

  /**
   * The vector axis: scalars before and after its interior. Where four do not divide it, the last
   * vector begins earlier and works out some points again, unless kept values are gone by then.
   */
  private void vectors(int tile) {
    int from = interior.from();
    int to = interior.to();
    boolean columns = vectorDepth < spatial.size() - 1;
    if (from > 0) {
      loop(vector, Value.i32(0), Value.i32(from), 1, () -> points(tile));
    }
    Value begin = partFrom != null ? partFrom : Value.i32(from);
    Value end = partTo != null ? partTo : Value.i32(to);
    int step = 4 * COLUMNS;
    if (columns && vector.extent() >= step) {
      Value middle = wholeSteps(begin, end, step);
      loop(vector, begin, middle, step, () -> columns(COLUMNS));
      begin = middle;
    }
    int done = to;
    boolean even = (to - from) % 4 == 0;
    if (even || columns || kept == null) {
      Runnable body = columns ? () -> columns(1) : () -> points(tile);
      loop(vector, begin, end, 4, even ? null : Value.i32(to - 4), body);
    } else {
      done = from + (to - from) / 4 * 4;
      loop(vector, begin, Value.i32(done), 4, () -> points(tile));
    }
    if (done < vector.extent()) {
      loop(vector, Value.i32(done), Value.i32(vector.extent()), 1, () -> points(tile));
    }
  }

  /** Where the last whole step after {@code begin} ends. */
  private Value wholeSteps(Value begin, Value end, int step) {
    if (begin instanceof Value.IntConst x && end instanceof Value.IntConst y) {
      return Value.i32((int) (y.value() - (y.value() - x.value()) % step));
    }
    Value length = new Value.Binary(BinaryOp.SUB, DType.I32, end, begin);
    Value whole = new Value.Binary(BinaryOp.AND, DType.I32, length, Value.i32(-step));
    return b.keep("whole", Value.add(begin, whole));
  }

  /** Rows side by side: their stages, then all their points. */
  private void columns(int count) {
    for (int s = 0; s < c.stages().size(); s++) {
      if (c.stages().get(s).outer() > vectorDepth) {
        reductions.together(c.stages().get(s), s, count, vector, 4, false);
      }
    }
    columns(vectorDepth + 1, count);
  }

  private void columns(int depth, int count) {
    if (depth == spatial.size()) {
      stores(c, count, vector, 4);
      return;
    }
    Axis axis = spatial.get(depth);
    loop(axis, Value.i32(0), Value.i32(axis.extent()), 1, () -> columns(depth + 1, count));
  }

  /** Stages and stores of {@code tile} neighbouring points along the tiled axis. */
  private void points(int tile) {
    Compute here = b.isVector() ? interior.compute() : c;
    for (int s = 0; s < c.stages().size(); s++) {
      if (spatial.isEmpty()) {
        reductions.row(s);
      } else if (here.stages().get(s).outer() == spatial.size()) {
        reductions.together(here.stages().get(s), s, tile, tiled, 1, true);
      }
    }
    stores(here, tile, tiled, 1);
  }

  /** The values of {@code count} points, each {@code step} further along an axis. */
  private void stores(Compute here, int count, Axis along, int step) {
    boolean wide = b.isVector();
    for (int t = 0; t < count; t++) {
      b.shift(along, t * step);
      if (kept != null) {
        LoopBuilder.Place from = b.storePlace(c.store());
        Local e = Local.of("e", Reductions.laneType(DType.F32, wide));
        Value.Access how = wide ? Value.Access.VECTOR : Value.Access.SCALAR;
        b.emit(Stmt.let(e, new Value.Load(from.pointer(), from.offset(), how)));
        reductions.set(t, c.stages().size(), e);
      }
      Expr body = reductions.at(t, here.body());
      Value v = wide ? b.lowerVector(body) : b.lower(body);
      LoopBuilder.Place at = b.storePlace(c.store());
      b.emit(new Stmt.Store(at.pointer(), at.offset(), v, wide ? 4 : 1));
    }
    b.shift(along, 0);
  }
}
