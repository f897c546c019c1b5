package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/**
 * Random kernels that read and write within their buffers: nested loops with constant and variable
 * bounds, ifs, pointers, tiles, and expressions of every register type.
 */
final class RandomNests {
  /** Elements of each buffer. */
  static final int ELEMENTS = 256;

  private static final BinaryOp[] ARITHMETIC = {
    BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.MIN, BinaryOp.MAX
  };
  private static final BinaryOp[] INTEGER = {
    BinaryOp.DIV,
    BinaryOp.REM,
    BinaryOp.FLOOR_DIV,
    BinaryOp.FLOOR_MOD,
    BinaryOp.SHL,
    BinaryOp.SHR,
    BinaryOp.AND,
    BinaryOp.OR,
    BinaryOp.XOR
  };
  private static final BinaryOp[] COMPARISONS = {
    BinaryOp.EQ, BinaryOp.NE, BinaryOp.LT, BinaryOp.LE
  };
  private static final DType[] TYPES = {
    DType.F32,
    DType.F32,
    DType.I32,
    DType.U8,
    DType.F16,
    DType.BOOL,
    DType.F64,
    DType.I64,
    DType.U32
  };

  private final Random random;
  private final List<Buffer> inputs = new ArrayList<>();
  private final List<Buffer> outputs = new ArrayList<>();
  private List<Local> indices = new ArrayList<>();
  private List<Local> locals = new ArrayList<>();
  private List<Local> pointers = new ArrayList<>();
  private int names;

  RandomNests(Random random) {
    this.random = random;
  }

  private int upTo(int n) {
    return random.nextInt(n);
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private static <T> T pick(Random random, T[] from) {
    return from[random.nextInt(from.length)];
  }

  /** A kernel of some buffers; the last ones are written. */
  LoopNest next(String name) {
    List<Buffer> buffers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Buffer buffer = new Buffer("x" + i, i == 0 ? DType.F32 : pick(random, TYPES));
      inputs.add(buffer);
      buffers.add(buffer);
    }
    for (int i = 0; i < 3; i++) {
      Buffer buffer = new Buffer("y" + i, i == 0 ? DType.F32 : pick(random, TYPES));
      outputs.add(buffer);
      buffers.add(buffer);
    }
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local part = Local.of("part", LType.I32);
    indices.add(part);
    Stmt body = new Stmt.For(part, Value.get(begin), Value.get(end), 1, block(3));
    return new LoopNest(name, buffers, 4, begin, end, body);
  }

  private Stmt block(int depth) {
    List<Local> outerIndices = new ArrayList<>(indices);
    List<Local> outerLocals = new ArrayList<>(locals);
    List<Local> outerPointers = new ArrayList<>(pointers);
    List<Stmt> body = new ArrayList<>();
    int count = 1 + upTo(4);
    for (int i = 0; i < count; i++) {
      body.add(statement(depth));
    }
    indices = outerIndices;
    locals = outerLocals;
    pointers = outerPointers;
    return Stmt.block(body);
  }

  private Stmt statement(int depth) {
    int kind = upTo(10);
    if (depth > 0 && kind < 2) {
      return loop(depth);
    }
    if (depth > 0 && kind == 2) {
      return new Stmt.If(bool(2), block(depth - 1), chance(50) ? block(depth - 1) : null);
    }
    if (depth > 0 && kind == 3) {
      return tile(depth);
    }
    if (kind == 4) {
      Buffer buffer = inputs.get(upTo(inputs.size()));
      Local p = Local.pointer("p" + names++, buffer);
      Stmt let = Stmt.let(p, new Value.Address(buffer, index(64)));
      pointers.add(p);
      return let;
    }
    if (kind < 7) {
      LType type = pick(random, new LType[] {LType.F32, LType.F32X4, LType.I32X4, LType.I64});
      boolean anew = chance(30);
      for (Local local : locals) {
        if (anew && local.type() == type) {
          return Stmt.let(local, value(type, 3));
        }
      }
      Local local = Local.of("v" + names++, type);
      Stmt let = Stmt.let(local, value(type, 3));
      locals.add(local);
      return let;
    }
    Buffer buffer = outputs.get(upTo(outputs.size()));
    DType dtype = buffer.dtype();
    Value at = new Value.Address(buffer, index(100));
    boolean vector = dtype.bytes() < 8 && chance(60);
    if (dtype == DType.BOOL) {
      Value v = vector ? mask(3) : bool(3);
      return new Stmt.Store(at, upTo(8), v, vector ? 1 + upTo(4) : 1);
    }
    LType scalar = Value.scalarType(dtype);
    LType type = !vector ? scalar : scalar == LType.F32 ? LType.F32X4 : LType.I32X4;
    Value v = value(type, 4);
    return new Stmt.Store(at, upTo(8), v, vector ? 1 + upTo(4) : 1);
  }

  private Stmt loop(int depth) {
    Local var = Local.of("i" + names++, LType.I32);
    Value begin = Value.i32(upTo(3));
    Value end = Value.i32(upTo(6));
    if (chance(30)) {
      begin = Value.get(indices.get(upTo(indices.size())));
      end = chance(50) ? Value.add(begin, Value.i32(upTo(3))) : index(6);
    }
    indices.add(var);
    Stmt body = block(depth - 1);
    indices.remove(var);
    return new Stmt.For(var, begin, end, 1 + upTo(2), body);
  }

  private Stmt tile(int depth) {
    List<Local> params = new ArrayList<>();
    List<Value> args = new ArrayList<>();
    List<Local> innerIndices = new ArrayList<>();
    List<Local> innerPointers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Local param = Local.of("n" + names++, LType.I32);
      params.add(param);
      args.add(index(6));
      innerIndices.add(param);
    }
    Buffer buffer = inputs.get(upTo(inputs.size()));
    Local p = Local.pointer("q" + names++, buffer);
    params.add(p);
    args.add(new Value.Address(buffer, index(64)));
    innerPointers.add(p);
    List<Local> outerIndices = indices;
    List<Local> outerLocals = locals;
    List<Local> outerPointers = pointers;
    indices = innerIndices;
    locals = new ArrayList<>();
    pointers = innerPointers;
    Tile tile = new Tile("t" + names++, params, block(depth - 1));
    indices = outerIndices;
    locals = outerLocals;
    pointers = outerPointers;
    return new Stmt.TileCall(tile, args);
  }

  /** An i32 of 0 to limit-1, often a sum whose parts are not all positive. */
  private Value index(int limit) {
    Value i = Value.get(indices.get(upTo(indices.size())));
    Value small = new Value.Binary(BinaryOp.FLOOR_MOD, DType.I32, i, Value.i32(1 + upTo(6)));
    return switch (upTo(5)) {
      case 0 -> Value.i32(upTo(limit));
      case 1 ->
          limit < 12 ? small : Value.add(Value.mul(small, 1 + upTo(limit / 12)), Value.i32(5));
      case 2 -> limit < 12 ? small : Value.add(Value.add(small, Value.i32(7)), small);
      // Falls as i grows: its variable part is negative.
      case 3 ->
          limit < 12 ? small : Value.add(Value.mul(small, -1), Value.i32(6 + upTo(limit - 6)));
      default ->
          new Value.Binary(
              BinaryOp.FLOOR_MOD,
              DType.I32,
              Value.add(Value.mul(i, upTo(90) - 45), small),
              Value.i32(limit));
    };
  }

  private Value value(LType type, int depth) {
    return switch (type) {
      case F32, F32X4, F64 -> floating(type, depth);
      default -> integer(type, depth);
    };
  }

  private Value local(LType type) {
    for (Local local : locals) {
      if (local.type() == type && chance(60)) {
        return Value.get(local);
      }
    }
    return null;
  }

  /** A load of that type from an input, or null. */
  private Value load(LType type) {
    for (int tries = 0; tries < 4; tries++) {
      Local p = pointers.isEmpty() || chance(50) ? null : pointers.get(upTo(pointers.size()));
      Buffer buffer = p == null ? inputs.get(upTo(inputs.size())) : p.buffer();
      DType dtype = buffer.dtype();
      Value pointer = p == null ? new Value.Address(buffer, index(64)) : Value.get(p);
      if (chance(20)) {
        pointer = new Value.Offset(pointer, index(30));
      }
      LType scalar = Value.scalarType(dtype);
      if (scalar == type && dtype != DType.BOOL) {
        return new Value.Load(pointer, upTo(20), Value.Access.SCALAR);
      }
      LType vector = scalar == LType.F32 ? LType.F32X4 : LType.I32X4;
      if (vector == type && dtype.bytes() < 8 && dtype != DType.BOOL) {
        Value.Access access = chance(50) ? Value.Access.VECTOR : Value.Access.SPLAT;
        return new Value.Load(pointer, upTo(20), access);
      }
    }
    return null;
  }

  private Value floating(LType type, int depth) {
    DType on = type == LType.F64 ? DType.F64 : DType.F32;
    Value leaf = chance(50) ? load(type) : local(type);
    if (depth == 0 || chance(15)) {
      return leaf != null ? leaf : new Value.FloatConst(type, upTo(9) - 4);
    }
    int d = depth - 1;
    return switch (upTo(8)) {
      case 0 -> new Value.MulAdd(floating(type, d), floating(type, d), floating(type, d));
      case 1 -> {
        UnaryOp op =
            pick(random, new UnaryOp[] {UnaryOp.NEG, UnaryOp.ABS, UnaryOp.FLOOR, UnaryOp.SQRT});
        yield new Value.Unary(op, on, floating(type, d));
      }
      case 2 ->
          type == LType.F32X4 && chance(60)
              ? new Value.Select(mask(d), floating(type, d), floating(type, d))
              : new Value.Select(bool(d), floating(type, d), floating(type, d));
      case 3 ->
          switch (type) {
            case F32 -> new Value.Lane(floating(LType.F32X4, d), upTo(4));
            case F32X4 -> new Value.Splat(floating(LType.F32, d));
            default -> new Value.Convert(DType.F32, DType.F64, floating(LType.F32, d));
          };
      case 4 ->
          type == LType.F32X4
              ? new Value.Convert(DType.I32, DType.F32, integer(LType.I32X4, d))
              : new Value.Convert(DType.I32, on, integer(LType.I32, d));
      default ->
          new Value.Binary(pick(random, ARITHMETIC), on, floating(type, d), floating(type, d));
    };
  }

  private Value integer(LType type, int depth) {
    DType on = type == LType.I64 ? DType.I64 : chance(30) ? DType.U32 : DType.I32;
    Value leaf = chance(50) ? load(type) : local(type);
    if (leaf == null && type == LType.I32) {
      leaf = Value.get(indices.get(upTo(indices.size())));
    }
    if (depth == 0 || chance(15)) {
      return leaf != null ? leaf : new Value.IntConst(type, upTo(40) - 20);
    }
    int d = depth - 1;
    return switch (upTo(8)) {
      case 0 -> new Value.Binary(pick(random, INTEGER), on, integer(type, d), integer(type, d));
      case 1 ->
          new Value.Binary(
              pick(random, INTEGER), on, integer(type, d), new Value.IntConst(type, 1 << upTo(6)));
      case 2 ->
          type == LType.I32X4 && chance(60)
              ? new Value.Select(mask(d), integer(type, d), integer(type, d))
              : new Value.Select(bool(d), integer(type, d), integer(type, d));
      case 3 ->
          switch (type) {
            case I32 ->
                chance(50)
                    ? new Value.Lane(integer(LType.I32X4, d), upTo(4))
                    : new Value.Convert(DType.F32, DType.I32, floating(LType.F32, d));
            case I32X4 ->
                chance(50)
                    ? new Value.Splat(integer(LType.I32, d))
                    : new Value.Convert(DType.F32, DType.I32, floating(LType.F32X4, d));
            default -> new Value.Convert(DType.I32, DType.I64, integer(LType.I32, d));
          };
      default -> new Value.Binary(pick(random, ARITHMETIC), on, integer(type, d), integer(type, d));
    };
  }

  private Value bool(int depth) {
    if (depth <= 0) {
      return new Value.Binary(BinaryOp.LT, DType.I32, index(6), Value.i32(3));
    }
    int d = depth - 1;
    return switch (upTo(4)) {
      case 0 ->
          new Value.Binary(
              pick(random, COMPARISONS), DType.F32, floating(LType.F32, d), floating(LType.F32, d));
      case 1 -> new Value.Unary(UnaryOp.NOT, DType.BOOL, bool(d));
      case 2 -> new Value.Binary(BinaryOp.AND, DType.BOOL, bool(d), bool(d));
      default -> {
        DType on = chance(50) ? DType.U32 : DType.I32;
        yield new Value.Binary(
            pick(random, COMPARISONS), on, integer(LType.I32, d), integer(LType.I32, d));
      }
    };
  }

  private Value mask(int depth) {
    if (depth <= 0) {
      return new Value.Binary(
          BinaryOp.LT, DType.I32, new Value.Splat(index(6)), new Value.IntConst(LType.I32X4, 3));
    }
    int d = depth - 1;
    return switch (upTo(4)) {
      case 0 ->
          new Value.Binary(
              pick(random, COMPARISONS),
              DType.F32,
              floating(LType.F32X4, d),
              floating(LType.F32X4, d));
      case 1 -> new Value.Unary(UnaryOp.NOT, DType.BOOL, mask(d));
      case 2 -> new Value.Binary(BinaryOp.OR, DType.BOOL, mask(d), mask(d));
      default ->
          new Value.Binary(
              pick(random, COMPARISONS),
              DType.I32,
              integer(LType.I32X4, d),
              integer(LType.I32X4, d));
    };
  }
}
