package org.nnjit.kernel.emit.wgsl;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;

/**
 * Prints values. Integers of up to 32 bits are i32 whatever their sign, wrapped to the width of
 * their element type; conditions are bool where one is wanted and i32 elsewhere. Operations on two
 * constants go through a function, so that no overflow is found when the module is made.
 */
final class WgslValues {
  private final WgslEmitter emitter;
  private final WgslLibrary library;
  private final StringBuilder out;
  private final Map<Value, String> known = new HashMap<>();

  WgslValues(WgslEmitter emitter, WgslLibrary library, StringBuilder out) {
    this.emitter = emitter;
    this.library = library;
    this.out = out;
  }

  /** The element that a pointer and an offset name. */
  void index(Value pointer, int offset) {
    switch (pointer) {
      case Value.Get g -> out.append(emitter.name(g.local()));
      case Value.Address a -> print(a.index());
      case Value.Offset o -> {
        index(o.pointer(), 0);
        out.append(" + ");
        print(o.index());
      }
      default -> throw new IllegalStateException("not a pointer: " + pointer);
    }
    if (offset != 0) {
      out.append(" + ").append(offset);
    }
  }

  /** A function; of the library where its name ends in an underscore. */
  void call(String function, Value... args) {
    if (function.endsWith("_")) {
      library.need(function);
    }
    out.append(function).append('(');
    for (int i = 0; i < args.length; i++) {
      out.append(i == 0 ? "" : ", ");
      print(args[i]);
    }
    out.append(')');
  }

  /** From here on a name stands for a value. */
  void name(Value value, String name) {
    known.put(value, name);
  }

  /** No name stands for a value any more. */
  void forget() {
    known.clear();
  }

  void print(Value value) {
    String name = known.isEmpty() ? null : known.get(value);
    if (name != null) {
      out.append(name);
      return;
    }
    switch (value) {
      case Value.IntConst c -> integer(c);
      case Value.FloatConst c -> {
        out.append(c.type().isVector() ? "vec4<f32>(" : "");
        number((float) c.value());
        out.append(c.type().isVector() ? ")" : "");
      }
      case Value.Get g -> out.append(emitter.name(g.local()));
      case Value.Address a -> index(a, 0);
      case Value.Offset o -> index(o, 0);
      case Value.Load l -> load(l);
      case Value.Unary u -> unary(u);
      case Value.Binary b -> binary(b);
      case Value.MulAdd m -> {
        out.append("fma(");
        print(m.a());
        out.append(", ");
        print(m.b());
        out.append(", ");
        print(m.c());
        out.append(')');
      }
      case Value.Select s -> {
        out.append("select(");
        print(s.whenFalse());
        out.append(", ");
        print(s.whenTrue());
        out.append(", ");
        condition(s.condition());
        out.append(')');
      }
      case Value.Convert c -> convert(c);
      case Value.Splat x -> {
        out.append("vec4<f32>(");
        print(x.x());
        out.append(')');
      }
      case Value.Lane l -> {
        print(l.x());
        out.append('.').append("xyzw".charAt(l.lane()));
      }
      case Value.Lanes l -> call("vec4<f32>", l.a(), l.b(), l.c(), l.d());
      case Value.Horizontal h when h.combiner() == Combiner.SUM -> {
        out.append("dot(");
        print(h.x());
        out.append(", vec4<f32>(1.0))");
      }
      default -> throw new IllegalStateException("no WGSL for " + value);
    }
  }

  private void integer(Value.IntConst c) {
    if (c.type() == LType.I64) {
      out.append("vec2<u32>(").append(c.value() & 0xffffffffL).append("u, ");
      out.append(c.value() >>> 32).append("u)");
      return;
    }
    int v = (int) c.value();
    out.append(v < 0 ? "i32(" : "").append(v).append(v < 0 ? ")" : "");
  }

  private void number(float v) {
    float a = Math.abs(v);
    if (v == 0 && 1 / v > 0) {
      out.append("0.0");
    } else if (a > 1e-30f && a < 1e30f) {
      out.append(v < 0 ? "(" : "").append(Numbers.text(v)).append(v < 0 ? "f)" : "f");
    } else {
      library.need("bits_");
      out.append("bits_(").append(Float.floatToIntBits(v) & 0xffffffffL).append("u)");
    }
  }

  private void load(Value.Load l) {
    Buffer buffer = Value.bufferOf(l.pointer());
    boolean vector = l.access() == Value.Access.VECTOR;
    if (vector && emitter.isFours(buffer)) {
      if (emitter.isPacked(buffer)) {
        out.append(buffer.name()).append("_four(");
        index(l.pointer(), l.offset());
        out.append(')');
      } else {
        element(l.pointer(), l.offset());
      }
      return;
    }
    boolean one = l.access() == Value.Access.SCALAR;
    out.append(one ? "" : "vec4<f32>(");
    for (int i = 0; i < (vector ? 4 : 1); i++) {
      out.append(i == 0 ? "" : ", ");
      element(l.pointer(), l.offset() + i);
      if (emitter.isFours(buffer) && !emitter.isPacked(buffer)) {
        out.append("[(");
        index(l.pointer(), l.offset() + i);
        out.append(") & 3]");
      }
    }
    out.append(one ? "" : ")");
  }

  /** What a pointer and an offset name: an element, or four where they lie together. */
  void element(Value pointer, int offset) {
    Buffer buffer = Value.bufferOf(pointer);
    boolean packed = emitter.isPacked(buffer);
    boolean fours = emitter.isFours(buffer);
    out.append(buffer.name()).append(packed ? "_at(" : fours ? "[(" : "[");
    index(pointer, offset);
    out.append(packed ? ")" : fours ? ") >> 2u]" : "]");
  }

  /** A condition as a bool. */
  void condition(Value v) {
    switch (v) {
      case Value.Binary b when b.op().isComparison() -> compare(b);
      case Value.Binary b
          when b.on() == DType.BOOL && (b.op() == BinaryOp.AND || b.op() == BinaryOp.OR) -> {
        out.append('(');
        condition(b.a());
        out.append(b.op() == BinaryOp.AND ? " && " : " || ");
        condition(b.b());
        out.append(')');
      }
      case Value.Unary u when u.op() == UnaryOp.NOT && u.on() == DType.BOOL -> {
        out.append("!(");
        condition(u.x());
        out.append(')');
      }
      case Value.Unary u when u.op() == UnaryOp.IS_NAN || u.op() == UnaryOp.IS_INF -> {
        if (u.x().type() == LType.F32) {
          call(u.op() == UnaryOp.IS_NAN ? "nan_" : "inf_", u.x());
        } else {
          out.append("false");
        }
      }
      default -> {
        out.append('(');
        print(v);
        out.append(" != 0)");
      }
    }
  }

  /** True where a bool is printed when a condition is wanted. */
  static boolean isCondition(Value v) {
    return switch (v) {
      case Value.Binary b ->
          b.op().isComparison()
              || b.on() == DType.BOOL && (b.op() == BinaryOp.AND || b.op() == BinaryOp.OR);
      case Value.Unary u ->
          u.op() == UnaryOp.NOT && u.on() == DType.BOOL
              || u.op() == UnaryOp.IS_NAN
              || u.op() == UnaryOp.IS_INF;
      default -> false;
    };
  }

  private void compare(Value.Binary b) {
    BinaryOp op = b.op();
    boolean swapped = op == BinaryOp.LE;
    if (b.a().type() == LType.I64) {
      switch (op) {
        case EQ, NE -> {
          out.append(op == BinaryOp.EQ ? "all(" : "any(");
          infix(op == BinaryOp.EQ ? "==" : "!=", b.a(), b.b());
          out.append(')');
        }
        default -> {
          out.append(swapped ? "!" : "");
          String less = b.on() == DType.U64 ? "u64_lt_" : "i64_lt_";
          call(less, swapped ? b.b() : b.a(), swapped ? b.a() : b.b());
        }
      }
      return;
    }
    String sign =
        switch (op) {
          case EQ -> "==";
          case NE -> "!=";
          case LE -> "<=";
          default -> "<";
        };
    if (b.on() == DType.U32 && op != BinaryOp.EQ && op != BinaryOp.NE) {
      out.append("(bitcast<u32>(");
      print(b.a());
      out.append(") ").append(sign).append(" bitcast<u32>(");
      print(b.b());
      out.append("))");
    } else {
      infix(sign, b.a(), b.b());
    }
  }

  private void infix(String sign, Value a, Value b) {
    out.append('(');
    // Two constants would be reckoned when the module is made, where an overflow is an error.
    if (a instanceof Value.IntConst && b instanceof Value.IntConst && a.type() == LType.I32) {
      call("i32_id_", a);
    } else {
      print(a);
    }
    out.append(' ').append(sign).append(' ');
    print(b);
    out.append(')');
  }

  private void binary(Value.Binary b) {
    if (isCondition(b)) {
      out.append("i32(");
      condition(b);
      out.append(')');
      return;
    }
    switch (b.a().type()) {
      case F32, F32X4 -> floats(b);
      case I64 -> longs(b);
      default -> integers(b);
    }
  }

  private void floats(Value.Binary b) {
    switch (b.op()) {
      case ADD -> infix("+", b.a(), b.b());
      case SUB -> infix("-", b.a(), b.b());
      case MUL -> infix("*", b.a(), b.b());
      case DIV -> infix("/", b.a(), b.b());
      case MAX, MIN, POW, REM, FLOOR_MOD ->
          call(b.op().name().toLowerCase() + lanes(b.a()) + "_", b.a(), b.b());
      default -> throw new IllegalStateException(b.op() + " of floats");
    }
  }

  private void longs(Value.Binary b) {
    String unsigned = b.on() == DType.U64 ? "u64_" : "i64_";
    switch (b.op()) {
      case AND -> infix("&", b.a(), b.b());
      case OR -> infix("|", b.a(), b.b());
      case XOR -> infix("^", b.a(), b.b());
      case ADD -> call("i64_add_", b.a(), b.b());
      case SUB -> call("i64_sub_", b.a(), b.b());
      case MUL -> call("i64_mul_", b.a(), b.b());
      case SHL -> call("i64_shl_", b.a(), b.b());
      case DIV, MAX, MIN, REM, SHR -> call(unsigned + b.op().name().toLowerCase() + "_", b.a(), b.b());
      case FLOOR_DIV ->
          call(b.on() == DType.U64 ? "u64_div_" : "i64_floor_div_", b.a(), b.b());
      case FLOOR_MOD ->
          call(b.on() == DType.U64 ? "u64_rem_" : "i64_floor_mod_", b.a(), b.b());
      default -> throw new IllegalStateException(b.op() + " of 64-bit integers");
    }
  }

  private void integers(Value.Binary b) {
    DType on = b.on();
    boolean wraps =
        switch (b.op()) {
          case AND, OR, XOR, MAX, MIN, SHR, REM, FLOOR_MOD -> false;
          default -> on != DType.BOOL;
        };
    String tail = wraps ? beginWrap(on) : "";
    boolean unsigned = on == DType.U32;
    // A constant other than 0 and -1 divides without a question.
    boolean plain = b.b() instanceof Value.IntConst c && (c.value() > 0 || c.value() < -1);
    switch (b.op()) {
      case ADD -> infix(on == DType.BOOL ? "|" : "+", b.a(), b.b());
      case SUB -> infix(on == DType.BOOL ? "^" : "-", b.a(), b.b());
      case MUL -> infix(on == DType.BOOL ? "&" : "*", b.a(), b.b());
      case AND -> infix("&", b.a(), b.b());
      case OR -> infix("|", b.a(), b.b());
      case XOR -> infix("^", b.a(), b.b());
      case DIV, REM -> {
        boolean div = b.op() == BinaryOp.DIV;
        if (plain && !unsigned) {
          infix(div ? "/" : "%", b.a(), b.b());
        } else {
          call((unsigned ? "u32_" : "i32_") + (div ? "div_" : "rem_"), b.a(), b.b());
        }
      }
      case FLOOR_DIV -> call(unsigned ? "u32_div_" : "i32_floor_div_", b.a(), b.b());
      case FLOOR_MOD -> call(unsigned ? "u32_rem_" : "i32_floor_mod_", b.a(), b.b());
      case MAX, MIN -> {
        String name = b.op().name().toLowerCase();
        out.append(unsigned ? "bitcast<i32>(" + name + "(bitcast<u32>(" : name + "(");
        print(b.a());
        out.append(unsigned ? "), bitcast<u32>(" : ", ");
        print(b.b());
        out.append(unsigned ? ")))" : ")");
      }
      case POW -> call("i32_pow_", b.a(), b.b());
      case SHL, SHR -> {
        boolean left = b.op() == BinaryOp.SHL;
        if (on == DType.I32 && b.b() instanceof Value.IntConst c && c.value() >= 0 && c.value() < 32) {
          out.append('(');
          print(b.a());
          out.append(left ? " << " : " >> ").append(c.value()).append("u)");
        } else {
          String name = left ? "shl_" : on.isUnsigned() ? "u32_shr_" : "i32_shr_";
          call(name, b.a(), b.b(), Value.i32(on.bytes() * 8));
        }
      }
      default -> throw new IllegalStateException(b.op() + " of integers");
    }
    out.append(tail);
  }

  /** Begins to wrap an i32 to a narrower type; what ends it. */
  private String beginWrap(DType type) {
    int bits = type.bytes() * 8;
    if (bits >= 32 || type == DType.BOOL) {
      return "";
    }
    if (type.isUnsigned()) {
      out.append('(');
      return " & " + ((1 << bits) - 1) + ")";
    }
    out.append("extractBits(");
    return ", 0u, " + bits + "u)";
  }

  private void unary(Value.Unary u) {
    if (isCondition(u)) {
      out.append("i32(");
      condition(u);
      out.append(')');
      return;
    }
    if (u.x().type() == LType.F32 || u.x().type() == LType.F32X4) {
      floats(u);
      return;
    }
    boolean wide = u.x().type() == LType.I64;
    String tail = "";
    switch (u.op()) {
      case CEIL, FLOOR, ROUND, TRUNC -> print(u.x());
      case ABS -> {
        if (u.on().isUnsigned()) {
          print(u.x());
        } else if (wide) {
          call("i64_abs_", u.x());
        } else {
          tail = beginWrap(u.on());
          out.append("abs(");
          print(u.x());
          out.append(')');
        }
      }
      case NEG -> {
        if (wide) {
          call("i64_neg_", u.x());
        } else {
          tail = beginWrap(u.on());
          infix("-", Value.i32(0), u.x());
        }
      }
      case BIT_NOT, NOT -> {
        tail = beginWrap(u.on());
        out.append(u.on() == DType.BOOL ? "(1 - " : "(~");
        print(u.x());
        out.append(')');
      }
      default -> throw new IllegalStateException(u.op() + " of an integer");
    }
    out.append(tail);
  }

  private void floats(Value.Unary u) {
    switch (u.op()) {
      case NEG -> {
        out.append("(-");
        print(u.x());
        out.append(')');
      }
      case ABS, CEIL, EXP, FLOOR, LOG, ROUND, SQRT, TRUNC -> {
        out.append(u.op().name().toLowerCase()).append('(');
        print(u.x());
        out.append(')');
      }
      case RSQRT -> {
        out.append("inverseSqrt(");
        print(u.x());
        out.append(')');
      }
      default -> call(u.op().name().toLowerCase() + lanes(u.x()) + "_", u.x());
    }
  }

  /** Part of the name of a function of vectors. */
  private static String lanes(Value v) {
    return v.type() == LType.F32X4 ? "4" : "";
  }

  private void convert(Value.Convert c) {
    DType from = c.from();
    DType to = c.to();
    LType source = c.x().type();
    LType target = Value.scalarType(to);
    if (from == to) {
      print(c.x());
      return;
    }
    if (to == DType.BOOL) {
      out.append(source == LType.I64 ? "i32(any(" : "i32((");
      print(c.x());
      out.append(source == LType.I64 ? " != vec2<u32>(0u)))" : " != " + zero(source) + "))");
      return;
    }
    switch (target) {
      case F32 -> {
        boolean rounds = to != DType.F32;
        if (rounds) {
          library.need(to + "_round_");
          out.append(to).append("_round_(");
        }
        switch (source) {
          case F32, F32X4 -> print(c.x());
          case I64 -> call(from == DType.U64 ? "u64_to_f32_" : "i64_to_f32_", c.x());
          default -> {
            out.append(from == DType.U32 ? "f32(bitcast<u32>(" : "f32((");
            print(c.x());
            out.append("))");
          }
        }
        out.append(rounds ? ")" : "");
      }
      case I64 -> {
        switch (source) {
          case F32 -> call(to == DType.U64 ? "f32_to_u64_" : "f32_to_i64_", c.x());
          case I64 -> print(c.x());
          default -> {
            library.need("i64_of_");
            out.append("i64_of_(");
            print(c.x());
            out.append(", ").append(from == DType.U32 ? "0u)" : "0xffffffffu)");
          }
        }
      }
      case I32 -> {
        String tail = beginWrap(to);
        switch (source) {
          case F32 -> call(to == DType.U32 ? "f32_to_u32_" : "f32_to_i32_", c.x());
          case I64 -> {
            out.append("bitcast<i32>(");
            print(c.x());
            out.append(".x)");
          }
          default -> print(c.x());
        }
        out.append(tail);
      }
      default -> throw new IllegalStateException("no WGSL for a conversion to " + to);
    }
  }

  private static String zero(LType type) {
    return type == LType.F32 ? "0.0" : "0";
  }
}
