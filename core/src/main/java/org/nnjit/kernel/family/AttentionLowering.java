package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Loops of attention: for some rows of one head at a time the scores, their softmax and the product
 * with V. A part of the kernel is a stretch of rows of one head.
 */
final class AttentionLowering {
  /** Parts that several threads can share evenly; more parts only ask for more scratch. */
  private static final int PARTS = 48;

  /** Vectors in flight, to hide the latency of the maximum and the sum. */
  private static final int WAYS = 4;

  private final AttentionParts p;
  private final int rows;
  private final Buffer scratch;
  private final Buffer[] buffers;
  private final TensorType[] types;
  private final int step;
  private final ContractionLowering scores;
  private final ContractionLowering values;
  private final List<Axis> batch;

  /** How many keys count, where only a run knows it; else null. */
  private final Local count;

  AttentionLowering(AttentionParts parts, Schedule schedule) {
    this.p = parts;
    this.rows = schedule.get("rows", 12);
    int inputs = p.compute().inputs().size();
    this.scratch = new Buffer("w", DType.F32);
    this.buffers = AttentionParts.with(scratch, inputs, MapReduceFamily.buffers(p.compute()));
    this.types = AttentionParts.with(inputs, MapReduceFamily.types(p.compute()));
    this.scores =
        new ContractionLowering(p.scores(), AttentionFamily.scores(schedule), buffers, types);
    this.values =
        new ContractionLowering(p.values(), AttentionFamily.values(schedule), buffers, types);
    this.batch = p.scores().batch().subList(1, p.scores().batch().size());
    this.step = keysAtOnce(schedule);
    boolean ends =
        AttentionParts.end(p.compute()) != null
            && p.keys() % step == 0
            && schedule.get("kc", 0) % ContractionTile.unroll(schedule) == 0;
    this.count = ends ? Local.of("keys", LType.I32) : null;
  }

  /** Loops over keys take so many at a time: columns of scores, vectors of a row, steps of k. */
  private static int keysAtOnce(Schedule schedule) {
    int columns = AttentionFamily.scores(schedule).get("nr", 16);
    int steps = ContractionTile.unroll(schedule);
    int step = 4 * WAYS;
    while (step % columns != 0 || step % steps != 0) {
      step += 4 * WAYS;
    }
    return step;
  }

  /** Sets how many keys count, rounded up to whole steps: scores beyond are minus infinity. */
  private Stmt countKeys() {
    LoopBuilder b = new LoopBuilder(buffers, types);
    Value end = b.lower(AttentionParts.end(p.compute()));
    Value least = Digits.integer(BinaryOp.MIN, end, p.keys());
    Value steps = Digits.integer(BinaryOp.DIV, Value.add(least, Value.i32(step - 1)), step);
    b.emit(Stmt.let(count, Value.mul(steps, step)));
    return b.close();
  }

  private Value counted() {
    return count == null ? null : Value.get(count);
  }

  LoopNest lower() {
    int whole = p.row().extent() / rows;
    int rest = p.row().extent() % rows;
    int tiles = whole + (rest > 0 ? 1 : 0);
    int heads = Reductions.points(batch);
    int chunks = Math.min(tiles, (PARTS + heads - 1) / heads);
    int perChunk = (tiles + chunks - 1) / chunks;
    chunks = (tiles + perChunk - 1) / perChunk;
    int room = rows * p.stride();
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local block = Local.of("block", LType.I32);
    Local slot = Local.of("slot", LType.I32);
    List<Stmt> body = new ArrayList<>();
    List<Value> indices = new ArrayList<>();
    Value left = Value.get(block);
    for (int i = batch.size(); i >= 0; i--) {
      int extent = i == batch.size() ? chunks : batch.get(i).extent();
      Digits digits = Digits.of(left, extent, "i", body::add);
      indices.add(0, digits.lowest());
      left = digits.above();
    }
    Value chunk = indices.remove(indices.size() - 1);
    Local tile = Local.of("tile", LType.I32);
    Local from = Local.of("from", LType.I32);
    Local to = Local.of("to", LType.I32);
    body.add(Stmt.let(from, Value.mul(chunk, perChunk)));
    Value bound = Value.add(Value.get(from), Value.i32(perChunk));
    body.add(Stmt.let(to, Digits.integer(BinaryOp.MIN, bound, whole)));
    Tile softmax = softmax();
    if (whole > 0) {
      Stmt full = tile(tile, slot, indices, rows, softmax);
      body.add(new Stmt.For(tile, Value.get(from), Value.get(to), 1, full));
    }
    if (rest > 0) {
      List<Stmt> last = new ArrayList<>();
      last.add(Stmt.let(tile, Value.i32(whole)));
      last.add(tile(tile, slot, indices, rest, softmax));
      Value isLast = Digits.integer(BinaryOp.EQ, chunk, chunks - 1);
      body.add(new Stmt.If(isLast, Stmt.block(last), null));
    }
    // A call has the room of the part it begins with, which no other call touches.
    Stmt room0 = Stmt.let(slot, Value.mul(Value.get(begin), room));
    Stmt loop = new Stmt.For(block, Value.get(begin), Value.get(end), 1, Stmt.block(body));
    Stmt all =
        Stmt.block(count == null ? List.of(room0, loop) : List.of(countKeys(), room0, loop));
    return new LoopNest(
        p.compute().name(), List.of(buffers), heads * chunks * room, heads * chunks, begin, end,
        all);
  }

  /** {@code count} rows from {@code tile * rows} on. */
  private Stmt tile(Local tile, Local slot, List<Value> indices, int count, Tile softmax) {
    List<Stmt> body = new ArrayList<>();
    Local shift = Local.of("shift", LType.I32);
    Value above = Value.mul(Value.get(tile), rows * p.stride());
    body.add(
        Stmt.let(shift, new Value.Binary(BinaryOp.SUB, DType.I32, Value.get(slot), above)));
    List<Value> at = new ArrayList<>();
    at.add(Value.get(shift));
    at.addAll(indices);
    Value[] batches = at.toArray(new Value[0]);
    Value keys = counted();
    Value first = Value.get(tile);
    body.add(
        scores.rows(batches, Value.mul(first, rows / scores.mr()), count, keys, null));
    List<Value> args = new ArrayList<>(List.of(Value.get(slot), Value.i32(count)));
    if (keys != null) {
      args.add(keys);
    }
    body.add(new Stmt.TileCall(softmax, args));
    body.add(
        values.rows(batches, Value.mul(first, rows / values.mr()), count, null, keys));
    return Stmt.block(body);
  }

  /** Rows of scores in scratch become weights, and their factor is put after them. */
  private Tile softmax() {
    Local first = Local.of("first", LType.I32);
    Local count = Local.of("count", LType.I32);
    Local keys = this.count == null ? null : Local.of("keys", LType.I32);
    LoopBuilder b = new LoopBuilder(buffers, types);
    Axis each = new Axis("row", rows);
    Local var = b.beginFor(each);
    Local row = Local.pointer("row", scratch);
    Value start = Value.add(Value.get(first), Value.mul(Value.get(var), p.stride()));
    b.emit(Stmt.let(row, new Value.Address(scratch, start)));
    Value lowest = new Value.FloatConst(LType.F32, Double.NEGATIVE_INFINITY);
    for (int i = p.keys(); i % 4 != 0; i++) {
      b.emit(new Stmt.Store(Value.get(row), i, lowest, 1));
    }
    Local max = Local.of("max", LType.F32X4);
    b.emit(Stmt.let(max, new Value.Splat(reduce(b, row, Combiner.MAX, null, keys))));
    b.setStage(AttentionParts.MAX, Value.get(max));
    Local sum = Local.of("sum", LType.F32);
    b.emit(Stmt.let(sum, reduce(b, row, Combiner.SUM, stage(AttentionParts.EXP), keys)));
    b.setStage(AttentionParts.SUM, Value.get(sum));
    if (stage(AttentionParts.LAST).points().isEmpty()) {
      Value factor = b.lower(stage(AttentionParts.LAST).body());
      b.emit(new Stmt.Store(Value.get(row), (p.keys() + 3) / 4 * 4, factor, 1));
    } else {
      reduce(b, row, null, stage(AttentionParts.LAST), keys);
    }
    b.endFor(var, Value.i32(0), Value.get(count), 1);
    List<Local> params = keys == null ? List.of(first, count) : List.of(first, count, keys);
    return new Tile("softmax", params, b.close());
  }

  private Stage stage(int index) {
    return p.compute().stages().get(index);
  }

  /**
   * Goes over a row: joins its values, after the map has gone over them where there is one.
   *
   * @param combiner null to join nothing
   * @param keys how many count, in whole steps, or null for all
   */
  private Value reduce(LoopBuilder b, Local row, Combiner combiner, Stage map, Local keys) {
    int vectors = (p.keys() + 3) / 4;
    int ways = Math.min(WAYS, vectors);
    Local[] acc = new Local[ways];
    for (int i = 0; i < ways && combiner != null; i++) {
      acc[i] = Local.of("acc" + i, LType.F32X4);
      double from = combiner == Combiner.MAX ? Double.NEGATIVE_INFINITY : 0;
      b.emit(Stmt.let(acc[i], new Value.FloatConst(LType.F32X4, from)));
    }
    Local at = Local.pointer("at", scratch);
    b.emit(Stmt.let(at, Value.get(row)));
    Axis axis = new Axis("v", vectors);
    Local var = b.beginFor(axis);
    for (int i = 0; i < ways; i++) {
      visit(b, at, 4 * i, combiner, acc[i], map);
    }
    b.emit(Stmt.let(at, new Value.Offset(Value.get(at), Value.i32(4 * ways))));
    Value loops =
        keys == null
            ? Value.i32(vectors / ways)
            : Digits.integer(BinaryOp.DIV, Value.get(keys), 4 * ways);
    b.endFor(var, Value.i32(0), loops, 1);
    for (int i = 0; keys == null && i < vectors % ways; i++) {
      visit(b, at, 4 * i, combiner, acc[i], map);
    }
    if (combiner == null) {
      return null;
    }
    Value all = Value.get(acc[0]);
    for (int i = 1; i < ways; i++) {
      all = new Value.Binary(combiner.op(), DType.F32, all, Value.get(acc[i]));
    }
    Local joined = Local.of("all", LType.F32X4);
    b.emit(Stmt.let(joined, all));
    return new Value.Horizontal(combiner, DType.F32, Value.get(joined));
  }

  private void visit(
      LoopBuilder b, Local at, int offset, Combiner combiner, Local acc, Stage map) {
    Local x = Local.of("x", LType.F32X4);
    b.emit(Stmt.let(x, new Value.Load(Value.get(at), offset, Value.Access.VECTOR)));
    if (map != null) {
      // A map reads the row as it is now, at the same point.
      b.setStage(AttentionParts.SCORE, Value.get(x));
      b.setStage(AttentionParts.EXP, Value.get(x));
      b.vectorise(map.points().get(0));
      Value v = b.lowerVector(map.body());
      b.vectorise(null);
      Local y = Local.of("y", LType.F32X4);
      b.emit(Stmt.let(y, v));
      b.emit(new Stmt.Store(Value.get(at), offset, Value.get(y), 4));
      x = y;
    }
    if (combiner != null) {
      b.emit(
          Stmt.let(
              acc, new Value.Binary(combiner.op(), DType.F32, Value.get(acc), Value.get(x))));
    }
  }
}
