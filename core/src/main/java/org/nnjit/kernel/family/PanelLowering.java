package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
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
 * Loops of a product with a weight of packed codes: panels of columns are the parallel parts, in which
 * strips of rows follow each other.
 */
abstract class PanelLowering {
  final int nr;
  final int width;
  final int vectors;
  final Buffer[] buffers;
  private final Compute compute;
  private final Axis m;
  private final Axis n;
  private final int mr;
  private final int unroll;
  private final TensorType[] types;
  private final Affine out;
  private final List<Local> constants = new ArrayList<>();
  private final List<Value> constantValues = new ArrayList<>();

  /** @param m rows, or null for one */
  PanelLowering(Compute compute, Axis m, Axis n, Schedule schedule) {
    this.compute = compute;
    this.m = m;
    this.n = n;
    this.mr = schedule.get("mr", 1);
    this.nr = schedule.get("nr", 16);
    this.width = QuantisedFamily.width(schedule);
    this.vectors = nr / 4;
    this.unroll = schedule.get("unroll", 4);
    this.types = MapReduceFamily.types(compute);
    this.buffers = MapReduceFamily.buffers(compute);
    this.out =
        QuantisedFamily.addresses(compute).address(compute.inputs().size(), compute.store());
  }

  /** Makes an argument one of words. */
  void words(int argument) {
    buffers[argument] = new Buffer(buffers[argument].name(), DType.I32);
  }

  LoopNest lower() {
    int panels = (n.extent() + nr - 1) / nr;
    int whole = n.extent() / nr;
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local panel = Local.of("panel", LType.I32);
    Stmt body = whole > 0 ? strips(panel, nr) : null;
    if (whole < panels) {
      Stmt last = strips(panel, n.extent() - whole * nr);
      Value isWhole = new Value.Binary(BinaryOp.LT, DType.I32, Value.get(panel), Value.i32(whole));
      body = body == null ? last : new Stmt.If(isWhole, body, last);
    }
    return new LoopNest(
        compute.name(), List.of(buffers), panels, begin, end,
        new Stmt.For(panel, Value.get(begin), Value.get(end), 1, body));
  }

  /** All rows of a panel. */
  private Stmt strips(Local panel, int columns) {
    int rows = m == null ? 1 : m.extent();
    int whole = rows / mr * mr;
    List<Stmt> calls = new ArrayList<>();
    if (whole > 0) {
      calls.add(call(mr, columns, 0, whole, panel));
    }
    if (whole < rows) {
      calls.add(call(rows - whole, columns, whole, rows, panel));
    }
    return Stmt.block(calls);
  }

  private Stmt call(int rows, int columns, int from, int to, Local at) {
    Local panel = Local.of("panel", LType.I32);
    LoopBuilder b = new LoopBuilder(buffers, types);
    constants.clear();
    constantValues.clear();
    Local n0 = Local.of("n0", LType.I32);
    Local m0 = Local.of("m0", LType.I32);
    b.emit(Stmt.let(n0, Value.mul(Value.get(panel), nr)));
    b.bind(n, Value.get(n0));
    b.open();
    if (m != null) {
      b.bind(m, Value.get(m0));
    }
    strip(b, rows, columns, panel);
    Stmt strip = b.close();
    // An engine forms a vector constant at every use.
    for (int i = 0; i < constants.size(); i++) {
      b.emit(Stmt.let(constants.get(i), constantValues.get(i)));
    }
    b.emit(new Stmt.For(m0, Value.i32(from), Value.i32(to), rows, strip));
    Tile tile = new Tile("tile_" + rows + "x" + columns, List.of(panel), b.close());
    return new Stmt.TileCall(tile, List.of(Value.get(at)));
  }

  /** The sums of a strip of rows and their results. */
  abstract void strip(LoopBuilder b, int rows, int columns, Local panel);

  /** Where a panel of a packed argument begins that has so many rows. */
  Local at(LoopBuilder b, String name, int argument, Local panel, int rows) {
    Local at = Local.pointer(name, buffers[argument]);
    Value whole = Digits.integer(BinaryOp.DIV, Value.get(panel), width / nr);
    Value index = Value.add(Value.mul(Value.get(panel), nr), Value.mul(whole, (rows - 1) * width));
    b.emit(Stmt.let(at, new Value.Address(buffers[argument], index)));
    return at;
  }

  Local[][] sums(LoopBuilder b, String name, int rows, LType type) {
    Local[][] sums = new Local[rows][vectors];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        sums[i][j] = sum(b, name + i + "_" + j, type);
      }
    }
    return sums;
  }

  static Local sum(LoopBuilder b, String name, LType type) {
    Local sum = Local.of(name, type);
    b.emit(
        Stmt.let(
            sum,
            type == LType.F32X4 ? new Value.FloatConst(type, 0) : new Value.IntConst(type, 0)));
    return sum;
  }

  static void move(LoopBuilder b, Local pointer, int by) {
    b.emit(Stmt.let(pointer, new Value.Offset(Value.get(pointer), Value.i32(by))));
  }

  /** What is done with so many words that lie at the pointers. */
  interface Words {
    void emit(int words);
  }

  /** Words in a loop of turns of {@code unroll}. */
  void turns(LoopBuilder b, int words, Words body) {
    int whole = words / unroll;
    if (whole > 1) {
      b.open();
      body.emit(unroll);
      Local turn = Local.of("turn", LType.I32);
      b.emit(new Stmt.For(turn, Value.i32(0), Value.i32(whole), 1, b.close()));
    } else if (whole == 1) {
      body.emit(unroll);
    }
    if (words % unroll > 0) {
      body.emit(words % unroll);
    }
  }

  static Value ints(BinaryOp op, Value a, Value b) {
    return new Value.Binary(op, DType.I32, a, b);
  }

  static Value mask(int bits) {
    return new Value.IntConst(LType.I32X4, bits);
  }

  /** A vector constant in a local outside all loops. */
  Value kept(Value constant) {
    int i = constantValues.indexOf(constant);
    if (i < 0) {
      i = constants.size();
      constants.add(Local.of("c" + i, constant.type()));
      constantValues.add(constant);
    }
    return Value.get(constants.get(i));
  }

  /** So many columns of a row of a packed argument. */
  Value load(Local at, int row, int vector) {
    return new Value.Load(Value.get(at), row * width + 4 * vector, Value.Access.VECTOR);
  }

  /** Stores what the sums are the stage of. */
  void finish(LoopBuilder b, Local[][] acc, int columns) {
    LoopBuilder.Place at = b.place(compute.inputs().size(), out);
    for (int j = 0; 4 * j < columns; j++) {
      int lanes = Math.min(4, columns - 4 * j);
      for (int r = 0; r < acc.length; r++) {
        b.setStage(0, Value.get(acc[r][j]));
        b.vectorise(n, lanes);
        b.shift2(m, r, n, 4 * j);
        Value v = b.lowerVector(compute.body());
        b.shift2(null, 0, null, 0);
        b.vectorise(null);
        int offset = at.offset() + (m == null ? 0 : r * out.coefficient(m)) + 4 * j;
        b.emit(new Stmt.Store(at.pointer(), offset, v, lanes));
      }
    }
  }
}
