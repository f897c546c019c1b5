package org.nnjit.kernel.family;

import java.util.ArrayList;
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
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** Loops of one contraction: panels and strips outside, a register tile as a function inside. */
final class ContractionLowering {
  private final Contraction c;
  private final Schedule schedule;
  private final Buffer[] buffers;
  private final TensorType[] types;
  private final int mr;
  private final int nr;
  private final int kc;
  private final boolean packed;
  private final Affine fa;
  private final Affine fb;
  private final Affine out;
  private final Map<String, Tile> tiles = new HashMap<>();

  ContractionLowering(Contraction c, Schedule schedule) {
    this.c = c;
    this.schedule = schedule;
    this.buffers = MapReduceFamily.buffers(c.compute());
    this.types = MapReduceFamily.types(c.compute());
    this.mr = schedule.get("mr", 6);
    this.nr = schedule.get("nr", 8);
    this.packed = schedule.get("pack", 0) == 1;
    int cut = schedule.get("kc", 0);
    this.kc = cut > 0 && c.k().size() == 1 && cut < c.depth() ? cut : c.depth();
    LoopBuilder addresses = new LoopBuilder(buffers, types);
    this.fa = addresses.address(c.a());
    this.fb = addresses.address(c.b());
    this.out = addresses.address(c.compute().inputs().size(), c.compute().store());
    if (!packed && fb.coefficient(c.n()) != 1) {
      throw new IllegalStateException(
          c.compute().name() + ": columns of B are not dense; the schedule must pack it");
    }
  }

  LoopNest lower() {
    int panels = (c.columns() + nr - 1) / nr;
    int strips = (c.rows() + mr - 1) / mr;
    int batches = 1;
    for (Axis axis : c.batch()) {
      batches *= axis.extent();
    }
    boolean rowsOuter = schedule.get("outer", 0) == 1;
    int outer = rowsOuter ? strips : panels;
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local block = Local.of("block", LType.I32);
    List<Stmt> body = new ArrayList<>();
    Value[] indices = new Value[c.batch().size()];
    Value outerIndex = null;
    // Batches that share B come fastest, so that a panel of B is read again while it is near.
    Value rest = Value.get(block);
    int left = outer * batches;
    for (int pass = 0; pass < 2; pass++) {
      for (int i = c.batch().size() - 1; i >= 0; i--) {
        Axis axis = c.batch().get(i);
        boolean shared = !rowsOuter && fb.coefficient(axis) == 0;
        if (shared == (pass == 0)) {
          left /= axis.extent();
          rest = split(body, rest, axis.extent(), left > 1);
          indices[i] = lastSplit;
        }
      }
      if (pass == 0) {
        left /= outer;
        rest = split(body, rest, outer, left > 1);
        outerIndex = lastSplit;
      }
    }
    Local p = Local.of("panel", LType.I32);
    Local s = Local.of("strip", LType.I32);
    body.add(Stmt.let(rowsOuter ? s : p, outerIndex));
    List<Stmt> inner = new ArrayList<>();
    int parts = (c.depth() + kc - 1) / kc;
    if (rowsOuter) {
      inner.add(panelLoop(p, panels, q -> stripChoice(s, strips, q, indices, p, parts)));
    } else {
      for (int part = 0; part < parts; part++) {
        int now = part;
        inner.add(panelOf(p, panels, q -> stripLoop(s, strips, q, indices, p, now)));
      }
    }
    body.addAll(inner);
    Stmt loop = new Stmt.For(block, Value.get(begin), Value.get(end), 1, Stmt.block(body));
    return new LoopNest(
        c.compute().name(), List.of(buffers), outer * batches, begin, end, loop);
  }

  private Value lastSplit;

  private Value split(List<Stmt> body, Value index, int extent, boolean more) {
    if (!more) {
      lastSplit = index;
      return Value.i32(0);
    }
    Local low = Local.of("i", LType.I32);
    Local high = Local.of("r", LType.I32);
    body.add(
        Stmt.let(low, new Value.Binary(BinaryOp.REM, DType.I32, index, Value.i32(extent))));
    body.add(
        Stmt.let(high, new Value.Binary(BinaryOp.DIV, DType.I32, index, Value.i32(extent))));
    lastSplit = Value.get(low);
    return Value.get(high);
  }

  /** What goes inside, given the number of columns of the panel. */
  private interface Inside {
    Stmt of(int columns);
  }

  private Stmt panelLoop(Local p, int panels, Inside inside) {
    int whole = c.columns() / nr;
    List<Stmt> body = new ArrayList<>();
    if (whole > 0) {
      body.add(new Stmt.For(p, Value.i32(0), Value.i32(whole), 1, inside.of(nr)));
    }
    if (whole < panels) {
      body.add(Stmt.let(p, Value.i32(whole)));
      body.add(inside.of(c.columns() - whole * nr));
    }
    return Stmt.block(body);
  }

  /** The panel is given: whole or the last one. */
  private Stmt panelOf(Local p, int panels, Inside inside) {
    int whole = c.columns() / nr;
    if (whole == panels) {
      return inside.of(nr);
    }
    if (whole == 0) {
      return inside.of(c.columns());
    }
    Value isWhole =
        new Value.Binary(BinaryOp.LT, DType.I32, Value.get(p), Value.i32(whole));
    return new Stmt.If(isWhole, inside.of(nr), inside.of(c.columns() - whole * nr));
  }

  private Stmt stripLoop(
      Local s, int strips, int columns, Value[] indices, Local p, int part) {
    int whole = c.rows() / mr;
    List<Stmt> body = new ArrayList<>();
    if (whole > 0) {
      Stmt call = call(mr, columns, part, indices, s, p);
      body.add(new Stmt.For(s, Value.i32(0), Value.i32(whole), 1, call));
    }
    if (whole < strips) {
      body.add(Stmt.let(s, Value.i32(whole)));
      body.add(call(c.rows() - whole * mr, columns, part, indices, s, p));
    }
    return Stmt.block(body);
  }

  private Stmt stripChoice(
      Local s, int strips, int columns, Value[] indices, Local p, int parts) {
    int whole = c.rows() / mr;
    Stmt full = whole > 0 ? parts(mr, columns, parts, indices, s, p) : null;
    if (whole == strips) {
      return full;
    }
    Stmt rest = parts(c.rows() - whole * mr, columns, parts, indices, s, p);
    if (full == null) {
      return rest;
    }
    Value isWhole =
        new Value.Binary(BinaryOp.LT, DType.I32, Value.get(s), Value.i32(whole));
    return new Stmt.If(isWhole, full, rest);
  }

  private Stmt parts(int rows, int columns, int parts, Value[] indices, Local s, Local p) {
    List<Stmt> body = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      body.add(call(rows, columns, part, indices, s, p));
    }
    return Stmt.block(body);
  }

  private Stmt call(
      int rows, int columns, int part, Value[] indices, Local s, Local p) {
    int parts = (c.depth() + kc - 1) / kc;
    int length = Math.min(kc, c.depth() - part * kc);
    boolean first = part == 0;
    boolean last = part == parts - 1;
    String name = "tile_" + rows + "x" + columns + (parts == 1 ? "" : "_k" + length)
        + (first ? "" : "_add") + (last ? "" : "_part");
    Tile tile = tiles.get(name);
    if (tile == null) {
      tile = tile(name, rows, columns, length, first, last);
      tiles.put(name, tile);
    }
    List<Value> args = new ArrayList<>();
    for (Value v : indices) {
      args.add(v);
    }
    args.add(Value.mul(Value.get(s), mr));
    args.add(Value.get(p));
    args.add(Value.i32(part * kc));
    return new Stmt.TileCall(tile, args);
  }

  /** One register tile over {@code length} steps of k. */
  private Tile tile(
      String name, int rows, int columns, int length, boolean first, boolean last) {
    List<Local> params = new ArrayList<>();
    LoopBuilder b = new LoopBuilder(buffers, types);
    for (Axis axis : c.batch()) {
      Local local = Local.of(axis.name(), LType.I32);
      params.add(local);
      b.bind(axis, Value.get(local));
    }
    Local m0 = Local.of("m0", LType.I32);
    Local panel = Local.of("panel", LType.I32);
    Local k0 = Local.of("k0", LType.I32);
    params.add(m0);
    params.add(panel);
    params.add(k0);
    if (c.m() != null) {
      b.bind(c.m(), Value.get(m0));
    }
    Local n0 = Local.of("n0", LType.I32);
    b.emit(Stmt.let(n0, Value.mul(Value.get(panel), nr)));
    b.bind(c.n(), Value.get(n0));

    int vectors = (columns + 3) / 4;
    Local[][] acc = new Local[rows][vectors];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        acc[i][j] = Local.of("acc" + i + "_" + j, LType.F32X4);
      }
    }
    start(b, acc, columns, first);
    product(b, acc, panel, k0, length);
    finish(b, acc, columns, last);
    return new Tile(name, params, b.close());
  }

  private void start(LoopBuilder b, Local[][] acc, int columns, boolean first) {
    for (int i = 0; i < acc.length; i++) {
      for (int j = 0; j < acc[i].length; j++) {
        Value v = new Value.FloatConst(LType.F32X4, 0);
        if (!first) {
          LoopBuilder.Place at = outPlace(b, i, j);
          v = new Value.Load(at.pointer(), at.offset(), Value.Access.VECTOR);
        }
        b.emit(Stmt.let(acc[i][j], v));
      }
    }
  }

  private LoopBuilder.Place outPlace(LoopBuilder b, int row, int vector) {
    LoopBuilder.Place at = b.place(buffers.length - 1, out);
    int step = c.m() == null ? 0 : out.coefficient(c.m());
    return new LoopBuilder.Place(
        at.pointer(), at.offset() + row * step + vector * 4 * out.coefficient(c.n()));
  }

  private void product(LoopBuilder b, Local[][] acc, Local panel, Local k0, int length) {
    int argA = c.argA();
    int argB = c.argB();
    for (Axis axis : c.k()) {
      b.bind(axis, Value.i32(0));
    }
    LoopBuilder.Place a0 = b.place(argA, fa);
    Local pa = Local.pointer("a", buffers[argA]);
    Axis lastK = c.k().get(c.k().size() - 1);
    int stepA = fa.coefficient(lastK);
    boolean cut = length != c.depth();
    Value fromA = a0.pointer();
    Local pb = Local.pointer("b", buffers[argB]);
    Value fromB;
    int offsetB = 0;
    int stepB;
    if (packed) {
      int panels = (c.columns() + nr - 1) / nr;
      Value index = Value.get(panel);
      Value batch = Value.i32(0);
      for (int i = 0; i < c.batch().size(); i++) {
        Axis axis = c.batch().get(i);
        if (fb.coefficient(axis) != 0) {
          batch = Value.add(Value.mul(batch, axis.extent()), b.axisValue(axis));
        }
      }
      index = Value.add(Value.mul(batch, panels), index);
      fromB = new Value.Address(buffers[argB], Value.mul(index, c.depth() * nr));
      stepB = nr;
    } else {
      LoopBuilder.Place b0 = b.place(argB, fb);
      fromB = b0.pointer();
      offsetB = b0.offset();
      stepB = fb.coefficient(lastK);
    }
    if (cut) {
      fromA = new Value.Offset(fromA, Value.mul(Value.get(k0), stepA));
      fromB = new Value.Offset(fromB, Value.mul(Value.get(k0), stepB));
    }
    b.emit(Stmt.let(pb, fromB));
    if (c.k().size() == 1) {
      b.emit(Stmt.let(pa, fromA));
      steps(b, acc, pa, pb, a0.offset(), offsetB, stepA, stepB, length);
      return;
    }
    walk(b, acc, fromA, pb, a0.offset(), offsetB, 0);
  }

  /** Outer axes of k, each a loop that moves A; packed B goes on by itself. */
  private void walk(
      LoopBuilder b, Local[][] acc, Value fromA, Local pb, int offsetA, int offsetB, int depth) {
    Axis axis = c.k().get(depth);
    int stepA = fa.coefficient(axis);
    if (depth == c.k().size() - 1) {
      Local pa = Local.pointer("a" + depth, buffers[c.argA()]);
      b.emit(Stmt.let(pa, fromA));
      Local inner = pb;
      if (!packed) {
        inner = Local.pointer("bk", buffers[c.argB()]);
        b.emit(Stmt.let(inner, Value.get(pb)));
      }
      int stepB = packed ? nr : fb.coefficient(axis);
      steps(b, acc, pa, inner, offsetA, offsetB, stepA, stepB, axis.extent());
      return;
    }
    Local pa = Local.pointer("a" + depth, buffers[c.argA()]);
    Local pbHere = pb;
    b.emit(Stmt.let(pa, fromA));
    if (!packed) {
      pbHere = Local.pointer("b" + depth, buffers[c.argB()]);
      b.emit(Stmt.let(pbHere, Value.get(pb)));
    }
    b.open();
    walk(b, acc, Value.get(pa), pbHere, offsetA, offsetB, depth + 1);
    b.emit(Stmt.let(pa, new Value.Offset(Value.get(pa), Value.i32(stepA))));
    if (!packed) {
      Value next = new Value.Offset(Value.get(pbHere), Value.i32(fb.coefficient(axis)));
      b.emit(Stmt.let(pbHere, next));
    }
    Stmt body = b.close();
    Local var = Local.of(axis.name(), LType.I32);
    b.emit(new Stmt.For(var, Value.i32(0), Value.i32(axis.extent()), 1, body));
  }

  private void steps(
      LoopBuilder b, Local[][] acc, Local pa, Local pb, int offsetA, int offsetB, int stepA,
      int stepB, int length) {
    int unroll = Math.max(1, Math.min(schedule.get("unroll", 2), length));
    int whole = length / unroll * unroll;
    Stmt body = unrolled(acc, pa, pb, offsetA, offsetB, stepA, stepB, unroll);
    if (whole == unroll) {
      b.emit(body);
    } else {
      Local var = Local.of("k", LType.I32);
      b.emit(new Stmt.For(var, Value.i32(0), Value.i32(whole), unroll, body));
    }
    if (whole < length) {
      b.emit(unrolled(acc, pa, pb, offsetA, offsetB, stepA, stepB, length - whole));
    }
  }

  private Stmt unrolled(
      Local[][] acc, Local pa, Local pb, int offsetA, int offsetB, int stepA, int stepB,
      int count) {
    List<Stmt> body = new ArrayList<>();
    int stepM = c.m() == null ? 0 : fa.coefficient(c.m());
    for (int u = 0; u < count; u++) {
      Local[] columns = new Local[acc[0].length];
      for (int j = 0; j < columns.length; j++) {
        columns[j] = Local.of("b" + j, LType.F32X4);
        int at = offsetB + u * stepB + j * 4;
        body.add(
            Stmt.let(columns[j], new Value.Load(Value.get(pb), at, Value.Access.VECTOR)));
      }
      for (int i = 0; i < acc.length; i++) {
        int at = offsetA + u * stepA + i * stepM;
        Value x = new Value.Load(Value.get(pa), at, Value.Access.SPLAT);
        if (columns.length > 1) {
          Local splat = Local.of("a" + i, LType.F32X4);
          body.add(Stmt.let(splat, x));
          x = Value.get(splat);
        }
        for (int j = 0; j < columns.length; j++) {
          Value sum = new Value.MulAdd(x, Value.get(columns[j]), Value.get(acc[i][j]));
          body.add(Stmt.let(acc[i][j], sum));
        }
      }
    }
    body.add(Stmt.let(pa, new Value.Offset(Value.get(pa), Value.i32(count * stepA))));
    body.add(Stmt.let(pb, new Value.Offset(Value.get(pb), Value.i32(count * stepB))));
    return Stmt.block(body);
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
          b.vectorise(c.n());
          b.shift2(c.m(), i, c.n(), 4 * j);
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
      b.vectorise(c.n());
      b.shift2(null, 0, c.n(), 4 * j);
      Value done = b.lowerVector(body);
      b.shift2(null, 0, null, 0);
      b.vectorise(null);
      b.emit(new Stmt.Store(at.pointer(), at.offset(), done, lanes));
    }
    b.endFor(var, Value.i32(0), Value.i32(acc.length), 1);
  }

  private static boolean isHeavy(Expr e) {
    if (e instanceof Unary u) {
      boolean cheap =
          u.op() == UnaryOp.NEG || u.op() == UnaryOp.ABS || u.op() == UnaryOp.SQRT
              || u.op() == UnaryOp.NOT;
      if (!cheap) {
        return true;
      }
    }
    for (Expr o : Exprs.operands(e)) {
      if (isHeavy(o)) {
        return true;
      }
    }
    return false;
  }
}
