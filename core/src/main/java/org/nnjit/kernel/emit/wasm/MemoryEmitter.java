package org.nnjit.kernel.emit.wasm;

import java.util.List;
import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Prints addresses, loads and stores. */
final class MemoryEmitter {
  private final FunctionBuilder code;
  private final Slots slots;
  private final ValueEmitter values;
  private final List<Buffer> buffers;

  MemoryEmitter(FunctionBuilder code, Slots slots, ValueEmitter values, List<Buffer> buffers) {
    this.code = code;
    this.slots = slots;
    this.values = values;
    this.buffers = buffers;
  }

  // Addresses.

  /** Pushes a pointer as a whole byte address. */
  void pushPointer(Value pointer) {
    addBytes(pushAddress(pointer));
  }

  /** Pushes the address of element {@code offset} after a pointer; returns the memarg offset. */
  private int pushFor(Value pointer, int offset, DType dtype) {
    long bytes = pushAddress(pointer) + (long) offset * dtype.bytes();
    if (bytes < 0) {
      addBytes(bytes);
      return 0;
    }
    return (int) bytes;
  }

  private void addBytes(long bytes) {
    if (bytes != 0) {
      code.i32((int) bytes);
      code.op(Op.I32_ADD);
    }
  }

  /** Pushes a pointer but for a constant number of bytes, which it returns. */
  private long pushAddress(Value pointer) {
    switch (pointer) {
      case Value.Get get -> {
        code.get(slots.index(get.local()));
        return 0;
      }
      case Value.Address address -> {
        code.get(baseOf(address.buffer()));
        return pushIndex(address.index(), address.buffer().dtype());
      }
      case Value.Offset offset -> {
        long bytes = pushAddress(offset.pointer());
        return bytes + pushIndex(offset.index(), Value.bufferOf(pointer).dtype());
      }
      case Value.Select select -> {
        values.push(select);
        return 0;
      }
      default -> throw new IllegalStateException(code.name() + ": not a pointer: " + pointer);
    }
  }

  private int baseOf(Buffer buffer) {
    for (int i = 0; i < buffers.size(); i++) {
      if (buffers.get(i) == buffer) {
        return code.param(i);
      }
    }
    throw new IllegalStateException(
        code.name() + ": buffer '" + buffer.name() + "' is not a parameter here");
  }

  /** Adds an index, but for its constant part, to the address on the stack. */
  private long pushIndex(Value index, DType dtype) {
    int log2 = Integer.numberOfTrailingZeros(dtype.bytes());
    long constant = 0;
    boolean split = false;
    if (index instanceof Value.IntConst c) {
      return c.value() << log2;
    }
    if (restIsNotNegative(index)) {
      constant = constantPart(index);
      split = constant != 0;
    }
    if (split) {
      if (!pushRest(index, log2)) {
        return constant << log2;
      }
    } else {
      pushScaled(index, log2);
    }
    code.op(Op.I32_ADD);
    return constant << log2;
  }

  private void pushScaled(Value index, int log2) {
    if (index instanceof Value.Binary b
        && b.op() == BinaryOp.MUL
        && b.b() instanceof Value.IntConst c
        && b.on() == DType.I32) {
      values.push(b.a());
      code.i32((int) c.value() << log2);
      code.op(Op.I32_MUL);
      return;
    }
    values.push(index);
    if (log2 > 0) {
      code.i32(log2);
      code.op(Op.I32_SHL);
    }
  }

  /** Pushes an index without its constant part, in bytes; false when nothing was left to push. */
  private boolean pushRest(Value index, int log2) {
    if (index instanceof Value.IntConst) {
      return false;
    }
    if (index instanceof Value.Binary b && b.on() == DType.I32) {
      if (b.op() == BinaryOp.ADD) {
        boolean left = pushRest(b.a(), log2);
        boolean right = pushRest(b.b(), log2);
        if (left && right) {
          code.op(Op.I32_ADD);
        }
        return left || right;
      }
      if (b.op() == BinaryOp.SUB && b.b() instanceof Value.IntConst) {
        return pushRest(b.a(), log2);
      }
      if (b.op() == BinaryOp.MUL && b.b() instanceof Value.IntConst c && isSum(b.a())) {
        if (!pushRest(b.a(), 0)) {
          return false;
        }
        code.i32((int) c.value() << log2);
        code.op(Op.I32_MUL);
        return true;
      }
    }
    pushScaled(index, log2);
    return true;
  }

  private static boolean isSum(Value v) {
    return v instanceof Value.Binary b && (b.op() == BinaryOp.ADD || b.op() == BinaryOp.SUB);
  }

  private static long constantPart(Value v) {
    if (v instanceof Value.IntConst c) {
      return c.value();
    }
    if (v instanceof Value.Binary b && b.on() == DType.I32) {
      if (b.op() == BinaryOp.ADD) {
        return constantPart(b.a()) + constantPart(b.b());
      }
      if (b.op() == BinaryOp.SUB && b.b() instanceof Value.IntConst c) {
        return constantPart(b.a()) - c.value();
      }
      if (b.op() == BinaryOp.MUL && b.b() instanceof Value.IntConst c && isSum(b.a())) {
        return constantPart(b.a()) * c.value();
      }
    }
    return 0;
  }

  /** True when what {@link #pushRest} leaves is surely not negative. */
  private boolean restIsNotNegative(Value v) {
    if (v instanceof Value.IntConst) {
      return true;
    }
    if (v instanceof Value.Binary b && b.on() == DType.I32) {
      if (b.op() == BinaryOp.ADD) {
        return restIsNotNegative(b.a()) && restIsNotNegative(b.b());
      }
      if (b.op() == BinaryOp.SUB && b.b() instanceof Value.IntConst) {
        return restIsNotNegative(b.a());
      }
      if (b.op() == BinaryOp.MUL && b.b() instanceof Value.IntConst c && isSum(b.a())) {
        return c.value() >= 0 && restIsNotNegative(b.a());
      }
    }
    return isNotNegative(v);
  }

  /** True when an i32 is surely not negative; overflow does not happen in indices. */
  boolean isNotNegative(Value v) {
    return switch (v) {
      case Value.IntConst c -> c.value() >= 0;
      case Value.Get g -> slots.isNotNegative(g.local());
      case Value.Binary b ->
          b.on() == DType.I32
              && switch (b.op()) {
                case ADD, MUL, DIV, FLOOR_DIV, MIN -> isNotNegative(b.a()) && isNotNegative(b.b());
                case REM, SHR -> isNotNegative(b.a());
                case FLOOR_MOD -> isNotNegative(b.b());
                case MAX, AND -> isNotNegative(b.a()) || isNotNegative(b.b());
                default -> false;
              };
      case Value.Select s -> isNotNegative(s.whenTrue()) && isNotNegative(s.whenFalse());
      default -> false;
    };
  }

  // Loads.

  void load(Value.Load load) {
    DType dtype = Value.bufferOf(load.pointer()).dtype();
    switch (load.access()) {
      case SCALAR -> loadScalar(load, dtype);
      case SPLAT -> {
        if (dtype.bytes() == 4) {
          code.memory(Op.V128_LOAD32_SPLAT, pushFor(load.pointer(), load.offset(), dtype));
        } else {
          loadScalar(load, dtype);
          values.splat(Value.scalarType(dtype), dtype == DType.BOOL);
        }
      }
      case VECTOR -> loadVector(load, dtype);
    }
  }

  private void loadScalar(Value.Load load, DType dtype) {
    int offset = pushFor(load.pointer(), load.offset(), dtype);
    code.memory(
        switch (dtype) {
          case F32 -> Op.F32_LOAD;
          case F64 -> Op.F64_LOAD;
          case I64, U64 -> Op.I64_LOAD;
          case I32, U32 -> Op.I32_LOAD;
          case I16 -> Op.I32_LOAD16_S;
          case U16, F16, BF16 -> Op.I32_LOAD16_U;
          case I8 -> Op.I32_LOAD8_S;
          case U8, BOOL -> Op.I32_LOAD8_U;
        },
        offset);
    widen(dtype, LType.F32);
    if (dtype == DType.BOOL) {
      code.i32(0);
      code.op(Op.I32_NE);
    }
  }

  private void widen(DType dtype, LType type) {
    if (dtype == DType.F16 || dtype == DType.BF16) {
      FloatCode m = new FloatCode(code, type, false);
      if (dtype == DType.F16) {
        HalfCode.widenF16(m);
      } else {
        HalfCode.widenBf16(m);
      }
      m.done();
    }
  }

  private void loadVector(Value.Load load, DType dtype) {
    int offset = pushFor(load.pointer(), load.offset(), dtype);
    switch (dtype) {
      case F32, I32, U32 -> code.memory(Op.V128_LOAD, 4, offset);
      case I16 -> code.memory(Op.V128_LOAD16X4_S, 2, offset);
      case U16, F16, BF16 -> code.memory(Op.V128_LOAD16X4_U, 2, offset);
      case I8, U8, BOOL -> {
        code.memory(Op.V128_LOAD32_ZERO, 1, offset);
        code.op(dtype == DType.I8 ? Op.I16X8_EXTEND_LOW_I8X16_S : Op.I16X8_EXTEND_LOW_I8X16_U);
        code.op(dtype == DType.I8 ? Op.I32X4_EXTEND_LOW_I16X8_S : Op.I32X4_EXTEND_LOW_I16X8_U);
        if (dtype == DType.BOOL) {
          code.v128(0, 0, 0, 0);
          code.op(Op.I32X4_NE);
        }
      }
      default -> throw new IllegalStateException(code.name() + ": vector load of " + dtype);
    }
    widen(dtype, LType.F32X4);
  }

  // Stores.

  void store(Stmt.Store store) {
    DType dtype = Value.bufferOf(store.pointer()).dtype();
    int offset = pushFor(store.pointer(), store.offset(), dtype);
    LType type = store.value().type();
    if (!type.isVector()) {
      values.push(store.value());
      narrow(dtype, type);
      code.memory(
          switch (dtype) {
            case F32 -> Op.F32_STORE;
            case F64 -> Op.F64_STORE;
            case I64, U64 -> Op.I64_STORE;
            case I32, U32 -> Op.I32_STORE;
            case I16, U16, F16, BF16 -> Op.I32_STORE16;
            case I8, U8, BOOL -> Op.I32_STORE8;
          },
          offset);
      return;
    }
    if (store.lanes() == 3) {
      int address = code.local(ValType.I32);
      int value = code.local(ValType.V128);
      code.set(address);
      values.push(store.value());
      narrowVector(dtype, type);
      code.set(value);
      code.get(address);
      code.get(value);
      storeLanes(dtype.bytes() * 2, dtype, offset, 0);
      code.get(address);
      code.get(value);
      storeLanes(dtype.bytes(), dtype, offset + 2 * dtype.bytes(), 2);
      code.release(address);
      code.release(value);
    } else {
      values.push(store.value());
      narrowVector(dtype, type);
      storeLanes(dtype.bytes() * store.lanes(), dtype, offset, 0);
    }
  }

  /** Stores some low bytes of a vector, or as many from a lane of that size on. */
  private void storeLanes(int bytes, DType dtype, int offset, int lane) {
    int align = dtype.bytes();
    switch (bytes) {
      case 16 -> code.memory(Op.V128_STORE, align, offset);
      case 8 -> code.memoryLane(Op.V128_STORE64_LANE, align, offset, lane);
      case 4 -> code.memoryLane(Op.V128_STORE32_LANE, align, offset, lane);
      case 2 -> code.memoryLane(Op.V128_STORE16_LANE, align, offset, lane);
      case 1 -> code.memoryLane(Op.V128_STORE8_LANE, align, offset, lane);
      default -> throw new IllegalStateException(code.name() + ": store of " + bytes + " bytes");
    }
  }

  private void narrow(DType dtype, LType type) {
    if (Value.scalarType(dtype) != (type.isVector() ? ValueEmitter.lane(type) : type)) {
      throw new IllegalStateException(code.name() + ": " + type + " stored as " + dtype);
    }
    if (dtype == DType.F16 || dtype == DType.BF16) {
      FloatCode m = new FloatCode(code, type, false);
      if (dtype == DType.F16) {
        HalfCode.narrowF16(m);
      } else {
        HalfCode.narrowBf16(m);
      }
      m.done();
    } else if (dtype == DType.BOOL) {
      values.bits(type, 1);
    }
  }

  /** Narrows lanes and moves them together at the vector's low end. */
  private void narrowVector(DType dtype, LType type) {
    narrow(dtype, type);
    if (dtype.bytes() == 2) {
      pack(0, 1, 4, 5, 8, 9, 12, 13);
    } else if (dtype.bytes() == 1) {
      pack(0, 4, 8, 12, 0, 4, 8, 12);
    }
  }

  private void pack(int... half) {
    int v = code.local(ValType.V128);
    code.tee(v);
    code.get(v);
    code.shuffle(
        half[0], half[1], half[2], half[3], half[4], half[5], half[6], half[7], half[0], half[1],
        half[2], half[3], half[4], half[5], half[6], half[7]);
    code.release(v);
  }
}
