package org.nnjit.graph.interp;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Longs;
import org.nnjit.tensor.Tensor;

/** What each elementary function means, in double and in 64-bit integers. */
final class Scalars {
  private Scalars() {}

  static double unary(UnaryOp op, double x) {
    return switch (op) {
      case ABS -> Math.abs(x);
      case ACOS -> Math.acos(x);
      case ACOSH -> Math.log(x + Math.sqrt(x * x - 1));
      case ASIN -> Math.asin(x);
      case ASINH -> asinh(x);
      case ATAN -> Math.atan(x);
      case ATANH -> Math.abs(x) < 1e-4 ? x + x * x * x / 3 : Math.log((1 + x) / (1 - x)) / 2;
      case CEIL -> Math.ceil(x);
      case COS -> Math.cos(x);
      case COSH -> (Math.exp(x) + Math.exp(-x)) / 2;
      case ERF -> Erf.of(x);
      case EXP -> Math.exp(x);
      case FLOOR -> Math.floor(x);
      case LOG -> Math.log(x);
      case NEG -> -x;
      case ROUND -> Math.rint(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case SIN -> Math.sin(x);
      case SINH ->
          Math.abs(x) < 1e-3 ? x + x * x * x / 6 : (Math.exp(x) - Math.exp(-x)) / 2;
      case SQRT -> Math.sqrt(x);
      case TAN -> Math.tan(x);
      case TANH -> tanh(x);
      case TRUNC -> x < 0 ? Math.ceil(x) : Math.floor(x);
      default -> throw new IllegalStateException(op + " of a float");
    };
  }

  private static double asinh(double x) {
    double a = Math.abs(x);
    double r = a < 1e-4 ? a - a * a * a / 6 : Math.log(a + Math.sqrt(a * a + 1));
    return x < 0 ? -r : r;
  }

  private static double tanh(double x) {
    if (Math.abs(x) < 1e-4) {
      return x - x * x * x / 3;
    }
    if (Math.abs(x) > 20) {
      return x > 0 ? 1 : -1;
    }
    double e = Math.exp(2 * x);
    return (e - 1) / (e + 1);
  }

  static boolean test(UnaryOp op, double x) {
    return switch (op) {
      case IS_NAN -> Double.isNaN(x);
      case IS_INF -> Double.isInfinite(x);
      default -> throw new IllegalStateException(op + " is no test");
    };
  }

  static long unary(UnaryOp op, long x) {
    return switch (op) {
      case ABS -> Math.abs(x);
      case NEG -> -x;
      case NOT -> x == 0 ? 1 : 0;
      case BIT_NOT -> ~x;
      default -> throw new IllegalStateException(op + " of an integer");
    };
  }

  static double binary(BinaryOp op, double a, double b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case POW -> Math.pow(a, b);
      case REM -> a % b;
      case FLOOR_MOD -> a - Math.floor(a / b) * b;
      default -> throw new IllegalStateException(op + " of floats");
    };
  }

  static long binary(BinaryOp op, long a, long b, DType t) {
    boolean unsigned = t == DType.U64;
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> b == 0 ? 0 : unsigned ? Long.divideUnsigned(a, b) : a / b;
      case REM -> b == 0 ? 0 : unsigned ? Long.remainderUnsigned(a, b) : a % b;
      case FLOOR_DIV -> b == 0 ? 0 : unsigned ? Long.divideUnsigned(a, b) : Math.floorDiv(a, b);
      case FLOOR_MOD ->
          b == 0 ? 0 : unsigned ? Long.remainderUnsigned(a, b) : Math.floorMod(a, b);
      case MIN -> compare(BinaryOp.LT, a, b, t) ? a : b;
      case MAX -> compare(BinaryOp.LT, a, b, t) ? b : a;
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
      case SHL -> b >= t.bytes() * 8L || b < 0 ? 0 : a << b;
      case SHR -> b >= t.bytes() * 8L || b < 0 ? 0 : t.isUnsigned() ? a >>> b : a >> b;
      case POW -> Longs.of(Math.rint(Math.pow(a, b)));
      default -> throw new IllegalStateException(op + " of integers");
    };
  }

  static boolean compare(BinaryOp op, double a, double b) {
    return switch (op) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      default -> throw new IllegalStateException(op + " is no comparison");
    };
  }

  static boolean compare(BinaryOp op, long a, long b, DType t) {
    long flip = t == DType.U64 ? Long.MIN_VALUE : 0;
    return switch (op) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> (a ^ flip) < (b ^ flip);
      case LE -> (a ^ flip) <= (b ^ flip);
      default -> throw new IllegalStateException(op + " is no comparison");
    };
  }

  /** Brings a result into the range of its type. */
  static long wrap(DType t, long v) {
    return switch (t) {
      case I8 -> (byte) v;
      case U8 -> v & 0xff;
      case I16 -> (short) v;
      case U16 -> v & 0xffff;
      case I32 -> (int) v;
      case U32 -> v & 0xffffffffL;
      case BOOL -> v & 1;
      default -> v;
    };
  }

  static double toDouble(DType from, long v) {
    if (from == DType.U64 && v < 0) {
      return (double) (v >>> 1 | (v & 1)) * 2;
    }
    return v;
  }

  /** A double rounded to what a float type holds. */
  static double round(DType t, double v) {
    if (t == DType.F64) {
      return v;
    }
    if (t == DType.F32) {
      return (float) v;
    }
    Tensor one = Tensor.scalar(t, v);
    return one.getDouble(0);
  }
}
