package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/**
 * Prints operations of two operands. What WebAssembly cannot do on vectors (integer division,
 * shifts by a vector, powers, remainders of floats) is done lane by lane.
 */
final class BinaryEmitter {
  private final FunctionBuilder code;
  private final ValueEmitter values;
  private final SharedFunctions shared;

  BinaryEmitter(WasmEmitter emitter, FunctionBuilder code, ValueEmitter values) {
    this.code = code;
    this.values = values;
    this.shared = emitter.shared();
  }

  void push(Value.Binary b) {
    LType type = b.a().type();
    if (ValueEmitter.isFloat(type)) {
      floats(b, type);
    } else {
      integers(b, type);
    }
  }

  private void integers(Value.Binary b, LType type) {
    BinaryOp op = b.op();
    IntCode m = new IntCode(code, type, b.on());
    if (b.b() instanceof Value.IntConst c && b.on() != DType.BOOL) {
      if (b.a() instanceof Value.IntConst a && type == LType.I32 && b.on() == DType.I32) {
        Integer folded = fold(op, (int) a.value(), (int) c.value());
        if (folded != null) {
          code.i32(folded);
          return;
        }
      }
      if (hasConstantForm(op)) {
        values.push(b.a());
        if (m.byConstant(op, c.value(), values.memory().isNotNegative(b.a()))) {
          return;
        }
        values.push(b.b());
        onStack(op, b.on(), type);
        return;
      }
    }
    operand(b.a(), b.on());
    operand(b.b(), b.on());
    onStack(op, b.on(), type);
  }

  private static boolean hasConstantForm(BinaryOp op) {
    return switch (op) {
      case MUL, DIV, REM, FLOOR_DIV, FLOOR_MOD, SHL, SHR -> true;
      default -> false;
    };
  }

  private static Integer fold(BinaryOp op, int a, int b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      default -> null;
    };
  }

  /** A constant true is a mask of ones in vectors. */
  private void operand(Value v, DType on) {
    if (on == DType.BOOL && v instanceof Value.IntConst c && c.type() == LType.I32X4) {
      int mask = c.value() == 0 ? 0 : -1;
      code.v128(mask, mask, mask, mask);
    } else {
      values.push(v);
    }
  }

  /** The operation on two operands on the stack. */
  void onStack(BinaryOp op, DType on, LType type) {
    if (ValueEmitter.isFloat(type)) {
      FloatCode m = new FloatCode(code, type, false);
      if (!direct(m, op)) {
        composed(m, op);
      }
      m.done();
      return;
    }
    IntCode m = new IntCode(code, type, on);
    if (IntCode.isDirect(op, type)) {
      m.direct(op);
    } else if (type.isVector()) {
      byLanes(op, on, type);
    } else {
      int b = code.local(Slots.valType(type));
      int a = code.local(Slots.valType(type));
      code.set(b);
      code.set(a);
      if (op == BinaryOp.POW) {
        integerPower(on, type, a, b);
      } else {
        m.composed(op, a, b);
      }
      code.release(a);
      code.release(b);
    }
  }

  private void integerPower(DType on, LType type, int a, int b) {
    code.get(a);
    extend(on, type);
    code.get(b);
    extend(on, type);
    code.call(shared.integerPower());
    if (type == LType.I32) {
      code.op(Op.I32_WRAP_I64);
      new IntCode(code, type, on).wrap();
    }
  }

  private void extend(DType on, LType type) {
    if (type == LType.I32) {
      code.op(on.isUnsigned() ? Op.I64_EXTEND_I32_U : Op.I64_EXTEND_I32_S);
    }
  }

  private void byLanes(BinaryOp op, DType on, LType type) {
    LType scalar = ValueEmitter.lane(type);
    int b = code.local(ValType.V128);
    int a = code.local(ValType.V128);
    code.set(b);
    code.tee(a);
    for (int lane = 0; lane < 4; lane++) {
      code.get(a);
      values.extract(type, lane);
      code.get(b);
      values.extract(type, lane);
      onStack(op, on, scalar);
      code.lane(type == LType.F32X4 ? Op.F32X4_REPLACE_LANE : Op.I32X4_REPLACE_LANE, lane);
    }
    code.release(a);
    code.release(b);
  }

  // Floats.

  private void floats(Value.Binary b, LType type) {
    BinaryOp op = b.op();
    if (op == BinaryOp.POW && b.b() instanceof Value.FloatConst c && powerOf(b, c.value())) {
      return;
    }
    if (op == BinaryOp.MAX || op == BinaryOp.MIN) {
      Value constant = b.b() instanceof Value.FloatConst ? b.b() : b.a();
      Value other = constant == b.b() ? b.a() : b.b();
      if (constant instanceof Value.FloatConst c && !Double.isNaN(c.value())) {
        FloatCode m = new FloatCode(code, type, false);
        values.push(other);
        if (op == BinaryOp.MAX) {
          m.atLeast(c.value());
        } else {
          m.atMost(c.value());
        }
        return;
      }
    }
    values.push(b.a());
    values.push(b.b());
    onStack(op, b.on(), type);
  }

  /** Small whole powers as products; false for other exponents. */
  private boolean powerOf(Value.Binary b, double exponent) {
    if (exponent != 1 && exponent != 2 && exponent != 3 && exponent != -1) {
      return false;
    }
    FloatCode m = new FloatCode(code, b.a().type(), false);
    if (exponent == -1) {
      m.constant(1);
      values.push(b.a());
      m.div();
    } else {
      values.push(b.a());
      if (exponent > 1) {
        int x = m.let();
        m.get(x);
        m.get(x);
        m.mul();
        if (exponent == 3) {
          m.get(x);
          m.mul();
        }
        m.done();
      }
    }
    return true;
  }

  private static boolean direct(FloatCode m, BinaryOp op) {
    switch (op) {
      case ADD -> m.add();
      case DIV -> m.div();
      case EQ -> m.eq();
      case LE -> m.le();
      case LT -> m.lt();
      case MAX -> m.max();
      case MIN -> m.min();
      case MUL -> m.mul();
      case NE -> m.ne();
      case SUB -> m.sub();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void composed(FloatCode m, BinaryOp op) {
    switch (op) {
      case FLOOR_MOD, POW, REM -> {
        int function =
            switch (op) {
              case FLOOR_MOD -> shared.floorMod();
              case POW -> shared.power();
              default -> shared.remainder();
            };
        if (m.type().isVector()) {
          byLanes(op, DType.F32, m.type());
        } else if (m.isWide()) {
          code.call(function);
        } else {
          int b = m.let();
          code.op(Op.F64_PROMOTE_F32);
          m.get(b);
          code.op(Op.F64_PROMOTE_F32);
          code.call(function);
          code.op(Op.F32_DEMOTE_F64);
        }
      }
      default -> throw new IllegalStateException(code.name() + ": " + op + " of floats");
    }
  }
}
