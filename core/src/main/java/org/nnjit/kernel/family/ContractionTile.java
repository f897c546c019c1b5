package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** The register tiles of one contraction, each a function of its own. */
final class ContractionTile {
  /** Elements of a cache line. */
  private static final int LINE = 16;

  /** Most lines a strip fetches ahead: with more, products wait for them. */
  private static final int MOST_AHEAD = 64;

  private final Contraction c;
  private final Schedule schedule;
  private final Buffer[] buffers;
  private final TensorType[] types;
  private final int mr;
  private final int nr;
  private final int width;
  private final boolean packed;
  private final DType half;
  private final Local mask = Local.of("mask", LType.I32X4);
  private final Local root = Local.of("root", LType.F32X4);
  private final Buffer room;
  private final Local slot = Local.of("slot", LType.I32);
  private final Affine fa;
  private final Affine fb;
  private final Affine out;
  private final List<Run> runs = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();
  private final Map<String, Tile> tiles = new HashMap<>();

  /** Neighbouring axes of k through which both operands step as through one. */
  private record Run(int extent, int stepA, int stepB) {}

  /** A block of k: where it begins, how far into A and B that is, in elements, and its length. */
  private record Part(int start, int skipA, int skipB, int length) {}

  /**
   * Tiles of a contraction.
   *
   * @param room where a panel of B lies as f32 beside what is packed, or null
   */
  ContractionTile(
      Contraction c, Schedule schedule, Buffer[] buffers, TensorType[] types, Buffer room) {
    this.c = c;
    this.schedule = schedule;
    this.buffers = buffers;
    this.types = types;
    this.mr = schedule.get("mr", 6);
    this.nr = schedule.get("nr", 8);
    this.packed = schedule.get("pack", 0) == 1;
    this.half = room == null && c.half() != null ? c.half().type() : null;
    this.room = room;
    this.width = nr / ContractionFamily.streams(schedule);
    LoopBuilder addresses = new LoopBuilder(buffers, types);
    this.fa = addresses.address(c.a());
    this.fb = addresses.address(c.b());
    this.out = addresses.address(c.compute().inputs().size(), c.compute().store());
    for (Axis axis : c.k()) {
      int step = half != null ? width / 2 : packed ? width : fb.coefficient(axis);
      add(new Run(axis.extent(), fa.coefficient(axis), step));
    }
    cut();
  }

  private void add(Run next) {
    if (!runs.isEmpty()) {
      Run last = runs.get(runs.size() - 1);
      boolean one =
          last.stepA == next.stepA * next.extent
              && (packed || last.stepB == next.stepB * next.extent);
      if (one) {
        runs.set(runs.size() - 1, new Run(last.extent * next.extent, next.stepA, next.stepB));
        return;
      }
    }
    runs.add(next);
  }

  /** Blocks of at most kc steps, each inside one run of the innermost axes. */
  private void cut() {
    int kc = schedule.get("kc", 0);
    Run inner = runs.get(runs.size() - 1);
    // Partial sums wait in the output, which must hold them as vectors.
    if (kc <= 0 || kc >= c.depth() || out.coefficient(c.n()) != 1
        || runs.size() > 1 && !packed) {
      parts.add(new Part(0, 0, 0, c.depth()));
      return;
    }
    int[] at = new int[runs.size() - 1];
    for (int start = 0; start < c.depth(); start += inner.extent) {
      int skipA = 0;
      int rest = start / inner.extent;
      for (int i = at.length - 1; i >= 0; i--) {
        skipA += rest % runs.get(i).extent * runs.get(i).stepA;
        rest /= runs.get(i).extent;
      }
      for (int k = 0; k < inner.extent; k += kc) {
        int length = Math.min(kc, inner.extent - k);
        int from = start + k;
        parts.add(new Part(from, skipA + k * inner.stepA, from * inner.stepB, length));
      }
    }
  }

  /**
   * Panels whose tiles are as wide.
   *
   * @param end the first panel behind them
   * @param columns of each tile, those of all streams together
   */
  record Panels(int end, int columns) {}

  /** All panels, the widest first: some streams may have nothing for the last ones. */
  List<Panels> panels() {
    List<Panels> all = new ArrayList<>();
    for (int p = 0; p < streamPanels(); p++) {
      int columns = 0;
      for (int first = p * width; first < c.columns() && columns < nr; first += streamPanels() * width) {
        columns += Math.min(width, c.columns() - first);
      }
      boolean alike = !all.isEmpty() && all.get(all.size() - 1).columns == columns;
      if (alike) {
        all.remove(all.size() - 1);
      }
      all.add(new Panels(p + 1, columns));
    }
    return all;
  }

  /** How many blocks k has. */
  int parts() {
    return parts.size();
  }

  /** How often a step of k is written out. */
  static int unroll(Schedule schedule) {
    return schedule.get("unroll", 2);
  }

  /** A call of the tile for strips {@code from} to {@code to}, panel {@code p}, a block of k. */
  Stmt call(
      int rows, int columns, int part, Value[] indices, Value from, Value to, Local p) {
    return call(rows, columns, part, indices, from, to, p, null);
  }

  /**
   * The same where k ends at {@code depth} steps, known only in a run.
   *
   * @param depth a multiple of {@code unroll}; all blocks are; null for all of k. Calls of one
   *     contraction are of one kind
   */
  Stmt call(
      int rows, int columns, int part, Value[] indices, Value from, Value to, Local p,
      Value depth) {
    Part block = parts.get(part);
    boolean first = part == 0;
    boolean last = part == parts.size() - 1;
    String name = "tile_" + rows + "x" + columns
        + (parts.size() == 1 ? "" : "_k" + block.length)
        + (first ? "" : "_add") + (last ? "" : "_part");
    Tile tile = tiles.get(name);
    if (tile == null) {
      tile = tile(name, rows, columns, block.length, first, last, depth != null);
      tiles.put(name, tile);
    }
    List<Value> args = new ArrayList<>(List.of(indices));
    args.add(Value.mul(from, mr));
    args.add(Value.mul(to, mr));
    args.add(Value.get(p));
    if (room != null) {
      args.add(Value.get(slot));
    }
    if (parts.size() > 1) {
      args.add(Value.i32(block.skipA));
      args.add(Value.i32(block.skipB));
    }
    if (depth == null) {
      return new Stmt.TileCall(tile, args);
    }
    Value behind = Digits.integer(BinaryOp.SUB, depth, block.start);
    Value length = Digits.integer(BinaryOp.MIN, behind, block.length);
    // The last block ends the sums, also where nothing is added to them.
    args.add(first || !last ? length : Digits.integer(BinaryOp.MAX, length, 0));
    Stmt call = new Stmt.TileCall(tile, args);
    Value begins = new Value.Binary(BinaryOp.LT, DType.I32, Value.i32(block.start), depth);
    return first || last ? call : new Stmt.If(begins, call, null);
  }

  /** One register tile over {@code length} steps of k, or as many as a last parameter says. */
  private Tile tile(
      String name, int rows, int columns, int length, boolean first, boolean last, boolean ends) {
    List<Local> params = new ArrayList<>();
    LoopBuilder b = new LoopBuilder(buffers, types);
    for (Axis axis : c.batch()) {
      Local local = Local.of(axis.name(), LType.I32);
      params.add(local);
      b.bind(axis, Value.get(local));
    }
    Local from = Local.of("from", LType.I32);
    Local to = Local.of("to", LType.I32);
    Local m0 = Local.of("m0", LType.I32);
    Local panel = Local.of("panel", LType.I32);
    Local skipA = Local.of("skip_a", LType.I32);
    Local skipB = Local.of("skip_b", LType.I32);
    params.add(from);
    params.add(to);
    params.add(panel);
    if (room != null) {
      params.add(slot);
    }
    if (parts.size() > 1) {
      params.add(skipA);
      params.add(skipB);
    }
    Local depth = Local.of("depth", LType.I32);
    if (ends) {
      params.add(depth);
    }
    Local n0 = Local.of("n0", LType.I32);
    b.emit(Stmt.let(n0, Value.mul(Value.get(panel), width)));
    b.bind(c.n(), Value.get(n0));
    if (half != null) {
      b.emit(Stmt.let(mask, HalfProduct.mask(half)));
    }
    if (half == DType.F16) {
      b.emit(Stmt.let(root, HalfProduct.root(half)));
    }
    Value packedB = packed ? panel(b, panel) : null;
    int lines = packed && rows == mr ? linesAhead(length) : 0;
    Local next = Local.of("next", LType.I32);
    if (lines > 0) {
      b.emit(Stmt.let(next, behind(b, panel, from, skipB, length, lines)));
    }
    b.open();
    if (c.m() != null) {
      b.bind(c.m(), Value.get(m0));
    }
    touch(b, next, lines);

    int vectors = (columns + 3) / 4;
    int ways = ways(rows, vectors, length);
    Local[][] acc = new Local[rows * ways][vectors];
    for (int i = 0; i < acc.length; i++) {
      for (int j = 0; j < vectors; j++) {
        acc[i][j] = Local.of("acc" + i + "_" + j, LType.F32X4);
      }
    }
    start(b, acc, rows, first);
    product(b, acc, ways, packedB, skipA, skipB, length, ends ? Value.get(depth) : null);
    for (int i = rows; i < acc.length; i++) {
      for (int j = 0; j < vectors; j++) {
        Local sum = acc[i - rows][j];
        Value both =
            new Value.Binary(BinaryOp.ADD, DType.F32, Value.get(sum), Value.get(acc[i][j]));
        b.emit(Stmt.let(sum, both));
      }
    }
    finish(b, Arrays.copyOf(acc, rows), columns, last);
    Stmt strip = b.close();
    b.emit(new Stmt.For(m0, Value.get(from), Value.get(to), mr, strip));
    return new Tile(name, params, b.close());
  }

  /**
   * How many sums are kept of each element, for every other step of k: two where one would leave
   * multiply-adds waiting for each other (latency 4, two begun in a cycle).
   */
  private int ways(int rows, int vectors, int length) {
    int unroll = Math.min(unroll(schedule), length);
    return rows * vectors <= 4 && unroll > 1 ? 2 : 1;
  }

  private void start(LoopBuilder b, Local[][] acc, int rows, boolean first) {
    for (int i = 0; i < acc.length; i++) {
      for (int j = 0; j < acc[i].length; j++) {
        Value v = new Value.FloatConst(LType.F32X4, 0);
        if (!first && i < rows) {
          LoopBuilder.Place at = outPlace(b, i, j);
          v = new Value.Load(at.pointer(), at.offset(), Value.Access.VECTOR);
        }
        b.emit(Stmt.let(acc[i][j], v));
      }
    }
  }

  private LoopBuilder.Place outPlace(LoopBuilder b, int row, int vector) {
    LoopBuilder.Place at = b.place(c.compute().inputs().size(), out);
    int step = c.m() == null ? 0 : out.coefficient(c.m());
    return new LoopBuilder.Place(
        at.pointer(), at.offset() + row * step + column(vector) * out.coefficient(c.n()));
  }

  /** Where a packed panel begins. */
  private Value panel(LoopBuilder b, Local panel) {
    Local start = Local.pointer("panel_b", bufferB());
    Value index = room == null ? panelIndex(b, panel) : Value.get(slot);
    b.emit(Stmt.let(start, new Value.Address(bufferB(), index)));
    return Value.get(start);
  }

  /** Where tiles read B. */
  private Buffer bufferB() {
    return room == null ? buffers[c.argB()] : room;
  }

  /** Rows of a packed panel. */
  private int packedRows() {
    return half == null ? c.depth() : c.pairs();
  }

  /** Where the panel lies in {@code room}: set before tiles are called. */
  Local slot() {
    return slot;
  }

  /** Packed panels of one batch of B. */
  private int packedPanels() {
    return (c.columns() + width - 1) / width;
  }

  /** Packed panels of a stream: all of them, or every stream but perhaps the last has as many. */
  int streamPanels() {
    return (packedPanels() + nr / width - 1) / (nr / width);
  }

  /** How far a vector of a tile lies from its first column. */
  private int column(int vector) {
    int stream = 4 * vector / width;
    return stream * (streamPanels() - 1) * width + 4 * vector;
  }

  /** Elements of packed B before a panel of the first stream. */
  private Value panelIndex(LoopBuilder b, Local panel) {
    Value batch = Value.i32(0);
    for (Axis axis : c.batch()) {
      if (fb.coefficient(axis) != 0) {
        batch = Value.add(Value.mul(batch, axis.extent()), b.axisValue(axis));
      }
    }
    Value index = Value.add(Value.mul(batch, packedPanels()), Value.get(panel));
    return Value.mul(index, packedRows() * width);
  }

  /** Strips that meet a block of B before the next block comes. */
  private int stripsOfBlock() {
    int strips = Math.max(1, c.rows() / mr);
    return schedule.get("outer", 0) == 1
        ? Math.max(1, Math.min(schedule.get("mc", 1), strips))
        : strips;
  }

  /** Cache lines of the next block of B that each strip fetches, so that all come in time. */
  private int linesAhead(int length) {
    int strips = stripsOfBlock();
    int lines = (length * nr / LINE + strips - 1) / strips;
    return schedule.get("ahead", 0) == 1 && width == nr && lines <= MOST_AHEAD ? lines : 0;
  }

  /** Elements of packed B before what the first strip of a call fetches ahead. */
  private Value behind(
      LoopBuilder b, Local panel, Local from, Local skipB, int length, int lines) {
    Value index = Value.add(panelIndex(b, panel), Value.i32(length * nr));
    if (parts.size() > 1) {
      index = Value.add(index, Value.get(skipB));
    }
    Value strip = new Value.Binary(BinaryOp.DIV, DType.I32, Value.get(from), Value.i32(mr));
    strip = new Value.Binary(BinaryOp.REM, DType.I32, strip, Value.i32(stripsOfBlock()));
    return Value.add(index, Value.mul(strip, lines * LINE));
  }

  /** Loads a word of each of some cache lines of B from element {@code next} on, and drops it. */
  private void touch(LoopBuilder b, Local next, int lines) {
    if (lines == 0) {
      return;
    }
    int most = packedPanels() * c.depth() * nr;
    for (Axis axis : c.batch()) {
      most *= fb.coefficient(axis) == 0 ? 1 : axis.extent();
    }
    Value last = Value.i32(most - lines * LINE);
    Value at = new Value.Binary(BinaryOp.MIN, DType.I32, Value.get(next), last);
    Local ahead = Local.pointer("ahead", buffers[c.argB()]);
    b.emit(Stmt.let(ahead, new Value.Address(buffers[c.argB()], at)));
    for (int i = 0; i < lines; i++) {
      Value word = new Value.Load(Value.get(ahead), i * LINE, Value.Access.SCALAR);
      b.emit(Stmt.let(Local.of("touched", LType.F32), word));
    }
    b.emit(Stmt.let(next, Value.add(Value.get(next), Value.i32(lines * LINE))));
  }

  private void product(
      LoopBuilder b, Local[][] acc, int ways, Value packedB, Local skipA, Local skipB, int length,
      Value depth) {
    for (Axis axis : c.k()) {
      b.bind(axis, Value.i32(0));
    }
    LoopBuilder.Place a0 = b.place(c.argA(), fa);
    LoopBuilder.Place b0 =
        packed ? new LoopBuilder.Place(packedB, 0) : b.place(c.argB(), fb);
    Local pb = Local.pointer("b", bufferB());
    Value fromA = a0.pointer();
    Value fromB = b0.pointer();
    int offsetB = b0.offset();
    boolean cut = parts.size() > 1;
    if (cut) {
      fromA = new Value.Offset(fromA, Value.get(skipA));
      fromB = new Value.Offset(fromB, Value.get(skipB));
    }
    b.emit(Stmt.let(pb, fromB));
    if (cut || depth != null) {
      Run inner = runs.get(runs.size() - 1);
      Run block = new Run(length, inner.stepA, inner.stepB);
      steps(b, acc, ways, fromA, pb, a0.offset(), offsetB, block, depth);
    } else {
      walk(b, acc, ways, fromA, pb, a0.offset(), offsetB, 0);
    }
  }

  /** Outer runs of k, each a loop that moves A; packed B goes on by itself. */
  private void walk(
      LoopBuilder b, Local[][] acc, int ways, Value fromA, Local pb, int offsetA, int offsetB, int depth) {
    Run run = runs.get(depth);
    Local here = pb;
    if (!packed) {
      here = Local.pointer("b" + depth, buffers[c.argB()]);
      b.emit(Stmt.let(here, Value.get(pb)));
    }
    if (depth == runs.size() - 1) {
      steps(b, acc, ways, fromA, here, offsetA, offsetB, run, null);
      return;
    }
    Local pa = Local.pointer("a" + depth, buffers[c.argA()]);
    b.emit(Stmt.let(pa, fromA));
    b.open();
    walk(b, acc, ways, Value.get(pa), here, offsetA, offsetB, depth + 1);
    b.emit(Stmt.let(pa, new Value.Offset(Value.get(pa), Value.i32(run.stepA))));
    if (!packed) {
      b.emit(Stmt.let(here, new Value.Offset(Value.get(here), Value.i32(run.stepB))));
    }
    Stmt body = b.close();
    Local var = Local.of("k" + depth, LType.I32);
    b.emit(new Stmt.For(var, Value.i32(0), Value.i32(run.extent), 1, body));
  }

  /** One run of k, or {@code depth} steps of it; {@code pb} ends behind it. */
  private void steps(
      LoopBuilder b, Local[][] acc, int ways, Value fromA, Local pb, int offsetA, int offsetB,
      Run run, Value depth) {
    Local pa = Local.pointer("a", buffers[c.argA()]);
    b.emit(Stmt.let(pa, fromA));
    int unroll = Math.max(1, Math.min(unroll(schedule), run.extent));
    int whole = run.extent / unroll * unroll;
    Stmt body = unrolled(acc, ways, pa, pb, offsetA, offsetB, run.stepA, run.stepB, unroll);
    if (depth != null) {
      Local var = Local.of("k", LType.I32);
      b.emit(new Stmt.For(var, Value.i32(0), depth, unroll, body));
      return;
    }
    if (whole == unroll) {
      b.emit(body);
    } else {
      Local var = Local.of("k", LType.I32);
      b.emit(new Stmt.For(var, Value.i32(0), Value.i32(whole), unroll, body));
    }
    if (whole < run.extent) {
      b.emit(
          unrolled(
              acc, ways, pa, pb, offsetA, offsetB, run.stepA, run.stepB, run.extent - whole));
    }
  }

  private Stmt unrolled(
      Local[][] acc, int ways, Local pa, Local pb, int offsetA, int offsetB, int stepA, int stepB,
      int count) {
    List<Stmt> body = new ArrayList<>();
    int stepM = c.m() == null ? 0 : fa.coefficient(c.m());
    int rows = acc.length / ways;
    // An engine forms a splat's address apart from its load. With the pointer moved at every step
    // the rest is the same for all steps of a row, and is formed once.
    boolean moves = rows > 1;
    int move = moves ? stepA : count * stepA;
    boolean pairs = half != null && rows == 1;
    for (int u = 0; pairs && u < count; u += 2) {
      pair(body, acc, ways, pa, pb, offsetA, offsetB, stepA, u, Math.min(2, count - u));
    }
    for (int u = 0; !pairs && u < count; u++) {
      int set = u % ways * rows;
      if (moves && u > 0) {
        body.add(Stmt.let(pa, new Value.Offset(Value.get(pa), Value.i32(move))));
      }
      // One row meets each vector of B once: kept, wide panels would take more registers than there are.
      Value[] columns = new Value[acc[0].length];
      for (int j = 0; j < columns.length; j++) {
        int row = half == null ? u * stepB : u / 2 * width;
        columns[j] = vectorOfB(pb, offsetB + row, j);
        if (half != null) {
          columns[j] = HalfProduct.floats(half, columns[j], u % 2 == 1, Value.get(mask));
        }
        if (rows > 1) {
          Local column = Local.of("b" + j, LType.F32X4);
          body.add(Stmt.let(column, columns[j]));
          columns[j] = Value.get(column);
        }
      }
      for (int i = 0; i < rows; i++) {
        int at = offsetA + (moves ? 0 : u * stepA) + i * stepM;
        Value x = splatOfA(pa, at);
        if (columns.length > 1) {
          Local splat = Local.of("a" + i, LType.F32X4);
          body.add(Stmt.let(splat, x));
          x = Value.get(splat);
        }
        for (int j = 0; j < columns.length; j++) {
          Value sum = new Value.MulAdd(x, columns[j], Value.get(acc[set + i][j]));
          body.add(Stmt.let(acc[set + i][j], sum));
        }
      }
    }
    body.add(Stmt.let(pa, new Value.Offset(Value.get(pa), Value.i32(move))));
    body.add(Stmt.let(pb, new Value.Offset(Value.get(pb), Value.i32(count * stepB))));
    return Stmt.block(body);
  }

  /** The words of two steps of k, or the last one, meet the only row: each is loaded once. */
  private void pair(
      List<Stmt> body, Local[][] acc, int ways, Local pa, Local pb, int offsetA, int offsetB,
      int stepA, int u, int steps) {
    Local[] splats = new Local[steps];
    for (int s = 0; s < steps; s++) {
      splats[s] = Local.of("a" + s, LType.F32X4);
      body.add(Stmt.let(splats[s], splatOfA(pa, offsetA + (u + s) * stepA)));
    }
    for (int j = 0; j < acc[0].length; j++) {
      Local words = Local.of("w" + j, LType.I32X4);
      body.add(Stmt.let(words, vectorOfB(pb, offsetB + u / 2 * width, j)));
      for (int s = 0; s < steps; s++) {
        Local sum = acc[(u + s) % ways][j];
        Value x = HalfProduct.floats(half, Value.get(words), s == 1, Value.get(mask));
        body.add(Stmt.let(sum, new Value.MulAdd(Value.get(splats[s]), x, Value.get(sum))));
      }
    }
  }

  private Value splatOfA(Local pa, int at) {
    Value x = new Value.Load(Value.get(pa), at, Value.Access.SPLAT);
    return half == DType.F16
        ? new Value.Binary(BinaryOp.MUL, DType.F32, x, Value.get(root))
        : x;
  }

  /** Four columns of a row of B that begins at {@code at} in the first stream. */
  private Value vectorOfB(Local pb, int at, int j) {
    int stream = packed ? 4 * j / width : 0;
    int apart = stream * (streamPanels() * packedRows() - 1) * width;
    return new Value.Load(Value.get(pb), at + apart + j * 4, Value.Access.VECTOR);
  }

  private void finish(LoopBuilder b, Local[][] acc, int columns, boolean last) {
    boolean dense = out.coefficient(c.n()) == 1;
    Expr body = c.compute().body();
    boolean heavy = last && dense && acc.length > 1 && isHeavy(body);
    for (int j = 0; j < acc[0].length; j++) {
      int lanes = Math.min(4, columns - 4 * j);
      for (int i = 0; i < acc.length; i++) {
        Value v = Value.get(acc[i][j]);
        if (last && !heavy) {
          b.setStage(0, v);
          b.vectorise(c.n(), lanes);
          b.shift2(c.m(), i, c.n(), column(j));
          v = b.lowerVector(body);
          b.shift2(null, 0, null, 0);
          b.vectorise(null);
        }
        store(b, i, j, v, lanes, dense);
      }
    }
    if (heavy) {
      heavy(b, acc, columns, body);
    }
  }

  private void store(LoopBuilder b, int i, int j, Value v, int lanes, boolean dense) {
    LoopBuilder.Place at = outPlace(b, i, j);
    if (dense) {
      b.emit(new Stmt.Store(at.pointer(), at.offset(), v, lanes));
      return;
    }
    Local whole = Local.of("c", LType.F32X4);
    b.emit(Stmt.let(whole, v));
    for (int l = 0; l < lanes; l++) {
      int offset = at.offset() + l * out.coefficient(c.n());
      b.emit(new Stmt.Store(at.pointer(), offset, new Value.Lane(Value.get(whole), l), 1));
    }
  }

  /**
   * A body of many instructions is written once, in a loop over the rows just stored, instead of
   * once for each register of the tile.
   */
  private void heavy(LoopBuilder b, Local[][] acc, int columns, Expr body) {
    Axis row = new Axis("row", acc.length);
    Local var = b.beginFor(row);
    Local m = Local.of("m", LType.I32);
    b.emit(Stmt.let(m, Value.add(b.axisValue(c.m()), Value.get(var))));
    b.bind(c.m(), Value.get(m));
    for (int j = 0; j < acc[0].length; j++) {
      int lanes = Math.min(4, columns - 4 * j);
      LoopBuilder.Place at = outPlace(b, 0, j);
      Local v = Local.of("c" + j, LType.F32X4);
      Value.Load raw = new Value.Load(at.pointer(), at.offset(), Value.Access.VECTOR);
      b.emit(Stmt.let(v, raw));
      b.setStage(0, Value.get(v));
      b.vectorise(c.n(), lanes);
      b.shift2(null, 0, c.n(), column(j));
      Value done = b.lowerVector(body);
      b.shift2(null, 0, null, 0);
      b.vectorise(null);
      b.emit(new Stmt.Store(at.pointer(), at.offset(), done, lanes));
    }
    b.endFor(var, Value.i32(0), Value.i32(acc.length), 1);
  }

  private static boolean isHeavy(Expr e) {
    return Exprs.any(
        e,
        o ->
            o instanceof Unary u
                && u.op() != UnaryOp.NEG
                && u.op() != UnaryOp.ABS
                && u.op() != UnaryOp.SQRT
                && u.op() != UnaryOp.BITS_OF
                && u.op() != UnaryOp.FROM_BITS
                && u.op() != UnaryOp.NOT);
  }
}
