package org.nnjit.cli;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.ModelException;
import org.nnjit.loop.LType;
import org.nnjit.loop.LoopText;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/** Values of loops as C expressions, each in parentheses or a call. */
final class CValues {
  private final Function<Object, String> names;

  /** Functions that the expressions call, by name. */
  private final Map<String, String> used = new TreeMap<>();

  /**
   * @param names of locals and buffers
   */
  CValues(Function<Object, String> names) {
    this.names = names;
  }

  /** Definitions of the functions that the expressions printed so far call. */
  String prelude() {
    return String.join("", used.values());
  }

  String of(Value value) {
    return switch (value) {
      case Value.IntConst c ->
          splat(c.type(), c.value() == Integer.MIN_VALUE ? "(-2147483647 - 1)" : "" + c.value());
      case Value.FloatConst c -> splat(c.type(), literal((float) c.value()));
      case Value.Get get -> names.apply(get.local());
      case Value.Address a -> "(" + names.apply(a.buffer()) + " + " + of(a.index()) + ")";
      case Value.Offset o -> "(" + of(o.pointer()) + " + " + of(o.index()) + ")";
      case Value.Load load -> {
        String at = of(load.pointer()) + " + " + load.offset();
        yield switch (load.access()) {
          case SCALAR -> "*(" + at + ")";
          case VECTOR -> "wasm_v128_load(" + at + ")";
          case SPLAT -> "wasm_v128_load32_splat(" + at + ")";
        };
      }
      case Value.Splat s -> {
        if (s.type() != LType.F32X4) {
          throw unknown(value);
        }
        yield splat(s.type(), of(s.x()));
      }
      case Value.Lane l -> prefix(l.x().type()) + "extract_lane(" + of(l.x()) + ", " + l.lane() + ")";
      case Value.Lanes l ->
          prefix(l.type()) + "make(" + of(l.a()) + ", " + of(l.b()) + ", " + of(l.c()) + ", "
              + of(l.d()) + ")";
      case Value.Shuffle s ->
          "wasm_i32x4_shuffle(" + of(s.a()) + ", " + of(s.b()) + ", " + s.lane0() + ", " + s.lane1()
              + ", " + s.lane2() + ", " + s.lane3() + ")";
      case Value.Unary u -> unary(u);
      case Value.Binary b -> binary(b);
      case Value.MulAdd m -> sum(m.type(), product(m.type(), of(m.a()), of(m.b())), of(m.c()));
      case Value.Select s ->
          s.condition().type() == LType.I32X4
              ? "wasm_v128_bitselect(" + of(s.whenTrue()) + ", " + of(s.whenFalse()) + ", "
                  + of(s.condition()) + ")"
              : "(" + of(s.condition()) + " ? " + of(s.whenTrue()) + " : " + of(s.whenFalse()) + ")";
      case Value.Horizontal h -> across(h);
      case Value.Bits b -> {
        if (!b.type().isVector()) {
          throw unknown(value);
        }
        yield of(b.x());
      }
      case Value.Packed p -> throw unknown(p);
      case Value.Convert c -> {
        if (c.from() != DType.I32 || c.to() != DType.F32) {
          throw unknown(value);
        }
        yield c.type().isVector()
            ? "wasm_f32x4_convert_i32x4(" + of(c.x()) + ")"
            : "(float) " + of(c.x());
      }
    };
  }

  private static ModelException unknown(Value value) {
    return new ModelException("not printed as C: " + LoopText.of(value));
  }

  private static String literal(float f) {
    if (Float.isNaN(f)) {
      return "NAN";
    }
    if (Float.isInfinite(f)) {
      return f > 0 ? "INFINITY" : "-INFINITY";
    }
    return Float.toHexString(f) + "f";
  }

  private static String prefix(LType vector) {
    return vector == LType.F32X4 ? "wasm_f32x4_" : "wasm_i32x4_";
  }

  private static String splat(LType type, String x) {
    return type.isVector() ? prefix(type) + "splat(" + x + ")" : x.startsWith("-") ? "(" + x + ")" : x;
  }

  private static String sum(LType type, String a, String b) {
    return type.isVector() ? prefix(type) + "add(" + a + ", " + b + ")" : "(" + a + " + " + b + ")";
  }

  private static String product(LType type, String a, String b) {
    return type.isVector() ? prefix(type) + "mul(" + a + ", " + b + ")" : "(" + a + " * " + b + ")";
  }

  private String unary(Value.Unary u) {
    LType type = u.type();
    String x = of(u.x());
    if (type == LType.F32X4) {
      switch (u.op()) {
        case ABS, CEIL, FLOOR, NEG, SQRT, TRUNC -> {
          return "wasm_f32x4_" + u.op().name().toLowerCase(Locale.ROOT) + "(" + x + ")";
        }
        case ROUND -> {
          return "wasm_f32x4_nearest(" + x + ")";
        }
        default -> {}
      }
    }
    if (u.x().type() != LType.F32 && u.x().type() != LType.F32X4 || type != u.x().type()) {
      throw unknown(u);
    }
    String name = u.op().name().toLowerCase(Locale.ROOT) + "_f32";
    used.put(name, "static float " + name + "(float x) { return " + body(u) + "; }\n");
    return type == LType.F32 ? name + "(" + x + ")" : lanes(name) + "(" + x + ")";
  }

  private static String body(Value.Unary u) {
    UnaryOp op = u.op();
    return switch (op) {
      case ABS -> "fabsf(x)";
      case NEG -> "-x";
      case ROUND -> "rintf(x)";
      case RSQRT -> "1 / sqrtf(x)";
      case SIGMOID -> "1 / (1 + expf(-x))";
      case ACOS, ACOSH, ASIN, ASINH, ATAN, ATANH, CEIL, COS, COSH, ERF, EXP, FLOOR, LOG, SIN, SINH,
          SQRT, TAN, TANH, TRUNC ->
          op.name().toLowerCase(Locale.ROOT) + "f(x)";
      default -> throw unknown(u);
    };
  }

  /** The function that calls another on each of four lanes. */
  private String lanes(String one) {
    String name = one + "x4";
    StringBuilder c = new StringBuilder("static v128_t " + name + "(v128_t x) {\n");
    c.append("  return wasm_f32x4_make(");
    for (int i = 0; i < 4; i++) {
      c.append(i == 0 ? "" : ", ").append(one).append("(wasm_f32x4_extract_lane(x, ").append(i);
      c.append("))");
    }
    used.put(name, c.append(");\n}\n").toString());
    return name;
  }

  private String binary(Value.Binary b) {
    return apply(b, b.op(), b.on(), b.a().type(), of(b.a()), of(b.b()));
  }

  private String apply(Value v, BinaryOp op, DType on, LType type, String a, String b) {
    if (on != DType.F32 && on != DType.I32 && on != DType.BOOL) {
      throw unknown(v);
    }
    boolean floats = type == LType.F32 || type == LType.F32X4;
    if (type.isVector()) {
      String name = op.name().toLowerCase(Locale.ROOT);
      return switch (op) {
        case AND, OR, XOR -> "wasm_v128_" + name + "(" + a + ", " + b + ")";
        case ADD, SUB, MUL, MAX, MIN, EQ, NE, LT, LE -> prefix(type) + name + "(" + a + ", " + b + ")";
        case DIV -> {
          if (!floats) {
            throw unknown(v);
          }
          yield "wasm_f32x4_div(" + a + ", " + b + ")";
        }
        default -> throw unknown(v);
      };
    }
    String sign =
        switch (op) {
          case AND -> "&";
          case OR -> "|";
          case XOR -> "^";
          case SHL -> "<<";
          case SHR -> ">>";
          case REM -> floats ? null : "%";
          default -> LoopText.sign(op);
        };
    if (sign != null) {
      return "(" + a + " " + sign + " " + b + ")";
    }
    return switch (op) {
      case MAX, MIN -> {
        String name = op.name().toLowerCase(Locale.ROOT);
        yield floats
            ? "__builtin_wasm_" + name + "_f32(" + a + ", " + b + ")"
            : "(" + a + (op == BinaryOp.MAX ? " > " : " < ") + b + " ? " + a + " : " + b + ")";
      }
      case POW -> "powf(" + a + ", " + b + ")";
      default -> throw unknown(v);
    };
  }

  /** (lane 0 op lane 1) op (lane 2 op lane 3), in a function. */
  private String across(Value.Horizontal h) {
    LType vector = h.x().type();
    LType scalar = h.type();
    String suffix = scalar == LType.F32 ? "_f32" : "_i32";
    String name = "across_" + h.combiner().name().toLowerCase(Locale.ROOT) + suffix;
    String[] lane = new String[4];
    for (int i = 0; i < 4; i++) {
      lane[i] = prefix(vector) + "extract_lane(x, " + i + ")";
    }
    BinaryOp op = h.combiner().op();
    String low = apply(h, op, h.on(), scalar, lane[0], lane[1]);
    String high = apply(h, op, h.on(), scalar, lane[2], lane[3]);
    String all = apply(h, op, h.on(), scalar, low, high);
    String type = scalar == LType.F32 ? "float " : "int ";
    used.put(name, "static " + type + name + "(v128_t x) { return " + all + "; }\n");
    return name + "(" + of(h.x()) + ")";
  }
}
