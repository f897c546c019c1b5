package org.nnjit.loop;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Halves;

/**
 * What the operations mean for one element: floats in double, integers as they lie in a register (a
 * u32 by its bits in an int, narrower types extended by their sign, a bool 0 or 1).
 */
final class ScalarMath {
  private ScalarMath() {}

  static double unary(UnaryOp op, double x) {
    double a = Math.abs(x);
    return switch (op) {
      case ABS -> a;
      case ACOS -> Math.acos(x);
      case ACOSH -> x < 1 ? Double.NaN : x > 1e100 ? Math.log(x) + Math.log(2) : acosh(x - 1);
      case ASIN -> Math.asin(x);
      case ASINH ->
          Math.copySign(
              a > 1e100
                  ? Math.log(a) + Math.log(2)
                  : Math.log1p(a + a * a / (1 + Math.sqrt(a * a + 1))),
              x);
      case ATAN -> Math.atan(x);
      case ATANH -> Math.copySign(Math.log1p(2 * a / (1 - a)) / 2, x);
      case CEIL -> Math.ceil(x);
      case COS -> Math.cos(x);
      case COSH -> Math.cosh(x);
      case ERF -> erf(x);
      case EXP -> Math.exp(x);
      case FLOOR -> Math.floor(x);
      case LOG -> Math.log(x);
      case NEG -> -x;
      case ROUND -> Math.rint(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case SIN -> Math.sin(x);
      case SINH -> Math.sinh(x);
      case SQRT -> Math.sqrt(x);
      case TAN -> Math.tan(x);
      case TANH -> Math.tanh(x);
      case TRUNC -> x < 0 ? Math.ceil(x) : Math.floor(x);
      default -> throw new IllegalStateException(op + " of a float");
    };
  }

  private static double acosh(double t) {
    return Math.log1p(t + Math.sqrt(t * (t + 2)));
  }

  /** Series with positive terms for small x, else a continued fraction; 15 digits. */
  static double erf(double x) {
    double a = Math.abs(x);
    if (!(a < 6)) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double result;
    if (a < 3) {
      double term = a;
      double sum = a;
      for (int n = 1; term > sum * 1e-18; n++) {
        term *= 2 * a * a / (2 * n + 1);
        sum += term;
      }
      result = 2 / Math.sqrt(Math.PI) * Math.exp(-a * a) * sum;
    } else {
      double fraction = a;
      for (int n = 60; n > 0; n--) {
        fraction = a + n / 2.0 / fraction;
      }
      result = 1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction;
    }
    return Math.copySign(result, x);
  }

  static double binary(BinaryOp op, double a, double b) {
    return switch (op) {
      case ADD -> a + b;
      case DIV -> a / b;
      case FLOOR_MOD -> {
        double r = a % b;
        yield r != 0 && (r < 0) != (b < 0) ? r + b : r;
      }
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case MUL -> a * b;
      case POW -> a == 1 || (a == -1 && Double.isInfinite(b)) ? 1 : Math.pow(a, b);
      case REM -> a % b;
      case SUB -> a - b;
      default -> throw new IllegalStateException(op + " of floats");
    };
  }

  static boolean compare(BinaryOp op, double a, double b) {
    return switch (op) {
      case EQ -> a == b;
      case LE -> a <= b;
      case LT -> a < b;
      case NE -> a != b;
      default -> throw new IllegalStateException(op + " is not a comparison");
    };
  }

  /** The unsigned value of a u32 register; others are what they are. */
  private static long value(DType on, long register) {
    return on == DType.U32 ? register & 0xffffffffL : register;
  }

  /** Wraps a value to what a register of the type holds. */
  static long wrap(DType on, long v) {
    return switch (on) {
      case I8 -> (byte) v;
      case U8 -> v & 0xff;
      case I16 -> (short) v;
      case U16 -> v & 0xffff;
      case I32, U32 -> (int) v;
      case BOOL -> v & 1;
      default -> v;
    };
  }

  static boolean compare(BinaryOp op, DType on, long a, long b) {
    int order =
        on == DType.U64 ? Long.compareUnsigned(a, b) : Long.compare(value(on, a), value(on, b));
    return compare(op, order, 0.0);
  }

  static long binary(BinaryOp op, DType on, long first, long second) {
    long a = value(on, first);
    long b = value(on, second);
    if (on == DType.BOOL) {
      return switch (op) {
        case ADD, MAX, OR -> a | b;
        case MUL, MIN, AND -> a & b;
        case SUB, XOR -> a ^ b;
        default -> throw new IllegalStateException(op + " of bools");
      };
    }
    boolean u64 = on == DType.U64;
    int width = on.bytes() * 8;
    return wrap(
        on,
        switch (op) {
          case ADD -> a + b;
          case AND -> a & b;
          case DIV -> b == 0 ? 0 : u64 ? Long.divideUnsigned(a, b) : a / b;
          case FLOOR_DIV -> b == 0 ? 0 : u64 ? Long.divideUnsigned(a, b) : Math.floorDiv(a, b);
          case FLOOR_MOD -> b == 0 ? 0 : u64 ? Long.remainderUnsigned(a, b) : Math.floorMod(a, b);
          case MAX -> compare(BinaryOp.LT, on, first, second) ? b : a;
          case MIN -> compare(BinaryOp.LT, on, first, second) ? a : b;
          case MUL -> a * b;
          case OR -> a | b;
          case POW -> power(a, b);
          case REM -> b == 0 ? 0 : u64 ? Long.remainderUnsigned(a, b) : a % b;
          case SHL -> b < 0 || b >= width ? 0 : a << b;
          case SHR -> b < 0 || b >= width ? 0 : on.isUnsigned() ? a >>> b : a >> b;
          case SUB -> a - b;
          case XOR -> a ^ b;
          default -> throw new IllegalStateException(op + " of integers");
        });
  }

  /** Wrapping; a negative exponent rounds towards zero. */
  private static long power(long base, long exponent) {
    if (exponent < 0) {
      return base == 1 ? 1 : base == -1 ? ((exponent & 1) == 0 ? 1 : -1) : 0;
    }
    long result = 1;
    for (long e = exponent, b = base; e != 0; e >>>= 1, b *= b) {
      result *= (e & 1) == 1 ? b : 1;
    }
    return result;
  }

  static long unary(UnaryOp op, DType on, long x) {
    return switch (op) {
      case ABS -> on.isUnsigned() ? x : wrap(on, Math.abs(x));
      case BIT_NOT, NOT -> on == DType.BOOL ? x ^ 1 : wrap(on, ~x);
      case NEG -> wrap(on, -x);
      case CEIL, FLOOR, ROUND, TRUNC -> x;
      default -> throw new IllegalStateException(op + " of an integer");
    };
  }

  /** A float to an integer register: truncated, saturated at 32 or 64 bits, wrapped. */
  static long toInteger(DType to, double x) {
    return switch (to) {
      case BOOL -> x != 0 ? 1 : 0;
      case I64 -> (long) x;
      case U64 ->
          !(x >= 0x1p63) ? (long) x : x >= 0x1p64 ? -1 : (long) (x - 0x1p63) ^ Long.MIN_VALUE;
      case U32 -> (int) (long) x;
      default -> wrap(to, (int) x);
    };
  }

  static double toFloat(DType from, long x) {
    if (from == DType.U64 && x < 0) {
      return (double) (x >>> 1 | (x & 1)) * 2;
    }
    return (double) value(from, x);
  }

  /** Rounds to the precision of a float type. */
  static double round(DType to, double x) {
    return switch (to) {
      case F16 -> Halves.f16ToFloat(Halves.floatToF16((float) x));
      case BF16 -> Float.intBitsToFloat(Halves.floatToBf16((float) x) << 16);
      case F32 -> (float) x;
      default -> x;
    };
  }
}
