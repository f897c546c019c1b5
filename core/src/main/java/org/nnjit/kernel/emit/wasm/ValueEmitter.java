package org.nnjit.kernel.emit.wasm;

import java.util.List;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Prints values: each {@link #push} leaves one on the Wasm stack. */
final class ValueEmitter {
  /** Branches of a choice with more nodes than this are not evaluated for nothing. */
  private static final int CHEAP_NODES = 6;

  private final WasmEmitter emitter;
  private final FunctionBuilder code;
  private final Slots slots;
  private final MemoryEmitter memory;
  private final BinaryEmitter binaries;
  private final boolean relaxed;

  ValueEmitter(WasmEmitter emitter, FunctionBuilder code, Slots slots, List<Buffer> buffers) {
    this.emitter = emitter;
    this.code = code;
    this.slots = slots;
    this.relaxed = emitter.options().relaxedSimd();
    this.memory = new MemoryEmitter(code, slots, this, buffers);
    this.binaries = new BinaryEmitter(emitter, code, this);
  }

  MemoryEmitter memory() {
    return memory;
  }

  /** Type of a vector's lanes. */
  static LType lane(LType vector) {
    return vector == LType.F32X4 ? LType.F32 : LType.I32;
  }

  void push(Value value) {
    switch (value) {
      case Value.Get get -> code.get(slots.index(get.local()));
      case Value.MulAdd x -> mulAdd(x);
      case Value.Load load -> {
        checkSimd(load.type());
        memory.load(load);
      }
      case Value.Binary binary -> binaries.push(binary);
      case Value.IntConst c -> bitsOf(c.type(), c.value());
      case Value.FloatConst c -> floatConst(c);
      case Value.Address address -> memory.pushPointer(address);
      case Value.Offset offset -> memory.pushPointer(offset);
      case Value.Unary unary -> unary(unary);
      case Value.Splat s -> {
        checkSimd(s.type());
        push(s.x());
        splat(s.x().type(), isBool(s.x()));
      }
      case Value.Lane lane -> {
        push(lane.x());
        extract(lane.x().type(), lane.lane());
        if (isBool(lane.x())) {
          code.i32(1);
          code.op(Op.I32_AND);
        }
      }
      case Value.Lanes lanes -> {
        checkSimd(lanes.type());
        if (lanes.a() instanceof Value.IntConst a
            && lanes.b() instanceof Value.IntConst b
            && lanes.c() instanceof Value.IntConst c
            && lanes.d() instanceof Value.IntConst d) {
          code.v128((int) a.value(), (int) b.value(), (int) c.value(), (int) d.value());
          return;
        }
        push(lanes.a());
        code.op(lanes.type() == LType.F32X4 ? Op.F32X4_SPLAT : Op.I32X4_SPLAT);
        replace(lanes.b(), 1);
        replace(lanes.c(), 2);
        replace(lanes.d(), 3);
        if (isBool(lanes.a())) {
          code.op(Op.I32X4_NEG);
        }
      }
      case Value.Shuffle shuffle -> {
        checkSimd(shuffle.type());
        push(shuffle.a());
        push(shuffle.b());
        int[] bytes = new int[16];
        for (int i = 0; i < 16; i++) {
          bytes[i] = shuffle.lanes()[i / 4] * 4 + i % 4;
        }
        code.shuffle(bytes);
      }
      case Value.Select select -> select(select);
      case Value.Convert convert -> {
        push(convert.x());
        CastEmitter.convert(code, convert, isBool(convert.x()));
      }
      case Value.Bits bits -> {
        push(bits.x());
        if (!bits.type().isVector()) {
          code.op(bits.type() == LType.F32 ? Op.F32_REINTERPRET_I32 : Op.I32_REINTERPRET_F32);
        }
      }
      case Value.Packed packed -> packed(packed);
      case Value.Horizontal horizontal -> horizontal(horizontal);
    }
  }

  private void checkSimd(LType type) {
    if (type.isVector() && !emitter.options().simd()) {
      throw new IllegalStateException(code.name() + ": a vector without SIMD");
    }
  }

  /** Pushes an integer constant, splatted for I32X4. */
  private void bitsOf(LType type, long value) {
    switch (type) {
      case I32 -> code.i32((int) value);
      case I64 -> code.i64(value);
      case I32X4 -> code.v128((int) value, (int) value, (int) value, (int) value);
      default -> throw new IllegalStateException(code.name() + ": integer constant of " + type);
    }
  }

  /** Keeps the bits of the top that are set in {@code mask}. */
  void bits(LType type, int mask) {
    bitsOf(type, mask);
    code.op(type == LType.I32X4 ? Op.V128_AND : Op.I32_AND);
  }

  private void floatConst(Value.FloatConst c) {
    float f = (float) c.value();
    switch (c.type()) {
      case F32 -> code.f32(f);
      case F64 -> code.f64(c.value());
      case F32X4 -> code.v128Floats(f, f, f, f);
      default -> throw new IllegalStateException(code.name() + ": float constant of " + c.type());
    }
  }

  /** A scalar on the stack into all lanes; a bool becomes a mask. */
  void splat(LType scalar, boolean bool) {
    code.op(scalar == LType.F32 ? Op.F32X4_SPLAT : Op.I32X4_SPLAT);
    if (bool) {
      code.op(Op.I32X4_NEG);
    }
  }

  void extract(LType vector, int lane) {
    code.lane(vector == LType.F32X4 ? Op.F32X4_EXTRACT_LANE : Op.I32X4_EXTRACT_LANE, lane);
  }

  private void replace(Value x, int lane) {
    push(x);
    code.lane(x.type() == LType.F32 ? Op.F32X4_REPLACE_LANE : Op.I32X4_REPLACE_LANE, lane);
  }

  private void mulAdd(Value.MulAdd x) {
    LType type = x.type();
    push(x.a());
    push(x.b());
    if (type == LType.F32X4 && relaxed) {
      push(x.c());
      code.op(Op.F32X4_RELAXED_MADD);
      return;
    }
    boolean isFloat = type == LType.F32 || type == LType.F32X4 || type == LType.F64;
    if (isFloat) {
      FloatCode m = new FloatCode(code, type, false);
      m.mul();
      push(x.c());
      m.add();
    } else {
      IntCode m = new IntCode(code, type, type == LType.I64 ? DType.I64 : DType.I32);
      m.direct(BinaryOp.MUL);
      push(x.c());
      m.direct(BinaryOp.ADD);
    }
  }

  /** True when an I32 or I32X4 is known to be a bool (0 or 1) or a mask. */
  boolean isBool(Value v) {
    return switch (v) {
      case Value.Get g -> slots.isBool(g.local());
      case Value.Binary b -> b.op().isComparison() || b.on() == DType.BOOL;
      case Value.Unary u ->
          u.on() == DType.BOOL || u.op() == UnaryOp.IS_INF || u.op() == UnaryOp.IS_NAN;
      case Value.Load l -> Value.bufferOf(l.pointer()).dtype() == DType.BOOL;
      case Value.Convert c -> c.to() == DType.BOOL;
      case Value.Select s -> isBool(s.whenTrue()) || isBool(s.whenFalse());
      case Value.Splat s -> isBool(s.x());
      case Value.Lane l -> isBool(l.x());
      case Value.Lanes l -> isBool(l.a());
      case Value.Horizontal h -> h.on() == DType.BOOL;
      default -> false;
    };
  }

  private void unary(Value.Unary u) {
    LType type = u.x().type();
    if (!isFloat(type)) {
      push(u.x());
      integerUnary(u, type);
      return;
    }
    FloatCode m = new FloatCode(code, type, relaxed);
    if (u.op() == UnaryOp.RSQRT) {
      m.constant(1);
    }
    push(u.x());
    switch (u.op()) {
      case ABS -> m.abs();
      case ACOS -> new Trigonometry(m).acos();
      case ACOSH -> FloatMath.acosh(m);
      case ASIN -> new Trigonometry(m).asin();
      case ASINH -> FloatMath.asinh(m);
      case ATAN -> new Trigonometry(m).atan();
      case ATANH -> FloatMath.atanh(m);
      case CEIL -> m.ceil();
      case COS -> new Trigonometry(m).cos();
      case COSH -> FloatMath.cosh(m);
      case ERF -> FloatMath.erf(m);
      case EXP -> FloatMath.exp(m);
      case FLOOR -> m.floor();
      case IS_INF -> {
        m.abs();
        m.eq(Double.POSITIVE_INFINITY);
      }
      case IS_NAN -> {
        int x = m.let();
        m.get(x);
        m.get(x);
        m.ne();
      }
      case LOG -> FloatMath.log(m);
      case NEG -> m.neg();
      case ROUND -> m.nearest();
      case RSQRT -> {
        m.sqrt();
        m.div();
      }
      case SIGMOID -> FloatMath.sigmoid(m);
      case SIN -> new Trigonometry(m).sin();
      case SINH -> FloatMath.sinh(m);
      case SQRT -> m.sqrt();
      case TAN -> new Trigonometry(m).tan();
      case TANH -> FloatMath.tanh(m);
      case TRUNC -> m.trunc();
      case BIT_NOT, BITS_OF, FROM_BITS, NOT -> throw wrongType(u);
    }
    m.done();
  }

  static boolean isFloat(LType type) {
    return type == LType.F32 || type == LType.F32X4 || type == LType.F64;
  }

  private void integerUnary(Value.Unary u, LType type) {
    IntCode m = new IntCode(code, type, u.on());
    switch (u.op()) {
      case ABS -> m.abs();
      case BIT_NOT, NOT -> {
        if (u.on() != DType.BOOL && u.op() == UnaryOp.BIT_NOT) {
          m.not();
        } else if (type == LType.I32) {
          code.op(Op.I32_EQZ);
        } else if (type == LType.I32X4) {
          code.op(Op.V128_NOT);
        } else {
          throw wrongType(u);
        }
      }
      case NEG -> m.neg();
      case CEIL, FLOOR, ROUND, TRUNC -> {}
      case IS_INF, IS_NAN -> {
        code.op(Op.DROP);
        bitsOf(type == LType.I32X4 ? LType.I32X4 : LType.I32, 0);
      }
      default -> throw wrongType(u);
    }
  }

  private IllegalStateException wrongType(Value.Unary u) {
    return new IllegalStateException(code.name() + ": " + u.op() + " of " + u.on());
  }

  private void select(Value.Select s) {
    LType condition = s.condition().type();
    if (condition == LType.I32X4) {
      push(s.whenTrue());
      push(s.whenFalse());
      push(s.condition());
      code.op(Op.V128_BITSELECT);
    } else if (isCheap(s.whenTrue(), CHEAP_NODES) >= 0
        && isCheap(s.whenFalse(), CHEAP_NODES) >= 0) {
      push(s.whenTrue());
      push(s.whenFalse());
      push(s.condition());
      code.op(Op.SELECT);
    } else {
      push(s.condition());
      code.ifThen(Slots.valType(s.type()));
      push(s.whenTrue());
      code.elseThen();
      push(s.whenFalse());
      code.end();
    }
  }

  /** Nodes left of a budget after this value; negative when it is dearer or reads memory. */
  private static int isCheap(Value v, int budget) {
    if (budget <= 0) {
      return -1;
    }
    return switch (v) {
      case Value.IntConst c -> budget - 1;
      case Value.FloatConst c -> budget - 1;
      case Value.Get g -> budget - 1;
      case Value.Address a -> isCheap(a.index(), budget - 1);
      case Value.Offset o -> isCheap(o.index(), isCheap(o.pointer(), budget - 1));
      case Value.Splat s -> isCheap(s.x(), budget - 1);
      case Value.MulAdd m -> isCheap(m.c(), isCheap(m.b(), isCheap(m.a(), budget - 1)));
      case Value.Binary b ->
          switch (b.op()) {
            case ADD, SUB, MUL, AND, OR, XOR, EQ, NE, LT, LE, MAX, MIN ->
                isCheap(b.b(), isCheap(b.a(), budget - 1));
            default -> -1;
          };
      case Value.Unary u ->
          switch (u.op()) {
            case ABS, NEG, NOT, BIT_NOT, FLOOR, CEIL, TRUNC, ROUND -> isCheap(u.x(), budget - 1);
            default -> -1;
          };
      default -> -1;
    };
  }

  private void packed(Value.Packed p) {
    checkSimd(p.type());
    for (Value operand : p.operands()) {
      push(operand);
    }
    if (p.op() == Value.ByteOp.DOT_I8 && !relaxed) {
      throw new IllegalStateException(code.name() + ": products of bytes without relaxed SIMD");
    }
    if (p.op() == Value.ByteOp.EVEN_I8) {
      code.i32(8);
      code.op(Op.I16X8_SHL);
    }
    if (p.op() == Value.ByteOp.EVEN_I8 || p.op() == Value.ByteOp.ODD_I8) {
      code.i32(8);
    }
    code.op(
        switch (p.op()) {
          case DOT_I8 -> Op.I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S;
          case DOT_I16 -> Op.I32X4_DOT_I16X8_S;
          case LOW_U8 -> Op.I16X8_EXTEND_LOW_I8X16_U;
          case HIGH_U8 -> Op.I16X8_EXTEND_HIGH_I8X16_U;
          case LOW_I8 -> Op.I16X8_EXTEND_LOW_I8X16_S;
          case EVEN_I8, ODD_I8 -> Op.I16X8_SHR_S;
        });
  }

  /** (lane 0 op lane 1) op (lane 2 op lane 3). */
  private void horizontal(Value.Horizontal h) {
    LType vector = h.x().type();
    LType scalar = lane(vector);
    int v = code.local(ValType.V128);
    push(h.x());
    code.set(v);
    for (int i = 0; i < 4; i += 2) {
      for (int j = i; j < i + 2; j++) {
        code.get(v);
        extract(vector, j);
      }
      binaries.onStack(h.combiner().op(), h.on(), scalar);
    }
    code.release(v);
    binaries.onStack(h.combiner().op(), h.on(), scalar);
    if (h.on() == DType.BOOL) {
      bits(LType.I32, 1);
    }
  }
}
