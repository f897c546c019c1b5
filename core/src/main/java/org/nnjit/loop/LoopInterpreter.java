package org.nnjit.loop;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Halves;

/**
 * Executes loop nests one operation at a time: the oracle for the emitters. F32 values are rounded
 * to f32 after each operation, a multiply-add twice. Every access is checked against its buffer.
 *
 * <pre>{@code
 * new LoopInterpreter(memory).bind(a, 0, 16).bind(out, 64, 16).run(nest, 0, nest.blocks());
 * }</pre>
 */
public final class LoopInterpreter {
  private record Region(int baseBytes, int elements, int slack) {}

  private final byte[] memory;
  private final Map<Buffer, Region> regions = new HashMap<>();
  private Set<Buffer> fours = Set.of();
  private Map<Local, Object> locals = new HashMap<>();
  private String where = "";

  /** An interpreter on little-endian memory, which it writes to. */
  public LoopInterpreter(byte[] memory) {
    this.memory = memory;
  }

  /** Says where a buffer lies: its byte address and number of elements. */
  public LoopInterpreter bind(Buffer buffer, int baseBytes, int elements) {
    return bind(buffer, baseBytes, elements, 0);
  }

  /**
   * Says where a buffer lies and how far vectors may reach past it.
   *
   * @param slack elements after the last that may be loaded but not stored
   */
  public LoopInterpreter bind(Buffer buffer, int baseBytes, int elements, int slack) {
    long endBytes = baseBytes + ((long) elements + slack) * buffer.dtype().bytes();
    if (baseBytes < 0 || endBytes > memory.length) {
      throw new IllegalStateException(
          "buffer "
              + buffer
              + " at "
              + baseBytes
              + " to "
              + endBytes
              + " does not fit memory of "
              + memory.length
              + " bytes");
    }
    regions.put(buffer, new Region(baseBytes, elements, slack));
    return this;
  }

  /**
   * Does the parts {@code begin <= i < end} of a kernel.
   *
   * @throws IllegalStateException naming kernel, buffer and index when an access is out of bounds,
   *     or when the loops are malformed
   */
  public void run(LoopNest nest, int begin, int end) {
    where = "kernel " + nest.name() + ": ";
    locals = new HashMap<>();
    locals.put(nest.begin(), new long[] {begin});
    locals.put(nest.end(), new long[] {end});
    execute(nest.body());
  }

  /**
   * Begins a kernel.
   *
   * @param message begins messages
   * @param aligned buffers of vectors: four elements begin at a multiple of four, and one alone is
   *     never written
   */
  void begin(String message, Set<Buffer> aligned) {
    where = message;
    fours = aligned;
  }

  /** One statement with these locals, which it adds to. */
  void execute(Stmt stmt, Map<Local, Object> with) {
    locals = with;
    execute(stmt);
  }

  /** An I32 as these locals have it. */
  long number(Value value, Map<Local, Object> with) {
    locals = with;
    return ints(value)[0];
  }

  private IllegalStateException error(String what) {
    return new IllegalStateException(where + what);
  }

  private void execute(Stmt stmt) {
    switch (stmt) {
      case Stmt.Block block -> {
        for (Stmt s : block.body()) {
          execute(s);
        }
      }
      case Stmt.For loop -> {
        long last = ints(loop.end())[0];
        for (long i = ints(loop.begin())[0]; i < last; i += loop.step()) {
          locals.put(loop.var(), new long[] {i});
          execute(loop.body());
        }
      }
      case Stmt.If choice -> {
        Stmt taken = ints(choice.condition())[0] != 0 ? choice.then() : choice.otherwise();
        if (taken != null) {
          execute(taken);
        }
      }
      case Stmt.Let let -> locals.put(let.local(), evaluate(let.value()));
      case Stmt.Store store -> store(store);
      case Stmt.Barrier b -> throw error("a barrier outside a workgroup");
      case Stmt.Join j -> throw error("a sum of a workgroup outside one");
      case Stmt.TileCall call -> {
        Map<Local, Object> inner = new HashMap<>();
        for (int i = 0; i < call.args().size(); i++) {
          inner.put(call.tile().params().get(i), evaluate(call.args().get(i)));
        }
        Map<Local, Object> outer = locals;
        locals = inner;
        execute(call.tile().body());
        locals = outer;
      }
    }
  }

  private Object evaluate(Value value) {
    return isFloat(value.type()) ? floats(value) : ints(value);
  }

  private static boolean isFloat(LType type) {
    return type == LType.F32 || type == LType.F64 || type == LType.F32X4;
  }

  private Object local(Local local) {
    Object value = locals.get(local);
    if (value == null) {
      throw error("local " + local + " is read before it is set");
    }
    return value;
  }

  // Values: one number for a scalar, four for a vector; a pointer is its element index.

  private double[] floats(Value value) {
    LType type = value.type();
    return switch (value) {
      case Value.Get get -> (double[]) local(get.local());
      case Value.FloatConst c -> splat(type, type == LType.F64 ? c.value() : (float) c.value());
      case Value.Load load -> loadFloats(load);
      case Value.Splat s -> splat(type, floats(s.x())[0]);
      case Value.Lane lane -> new double[] {floats(lane.x())[lane.lane()]};
      case Value.Lanes l ->
          new double[] {floats(l.a())[0], floats(l.b())[0], floats(l.c())[0], floats(l.d())[0]};
      case Value.Shuffle s -> {
        double[] x = floats(s.a());
        double[] y = floats(s.b());
        double[] joined = new double[4];
        for (int i = 0; i < 4; i++) {
          int lane = s.lanes()[i];
          joined[i] = lane < 4 ? x[lane] : y[lane - 4];
        }
        yield joined;
      }
      case Value.Unary u -> {
        double[] x = floats(u.x()).clone();
        for (int i = 0; i < x.length; i++) {
          // Rounded after each step, as targets without a reciprocal square root do.
          x[i] =
              u.op() == UnaryOp.RSQRT
                  ? rounded(type, 1 / rounded(type, Math.sqrt(x[i])))
                  : rounded(type, ScalarMath.unary(u.op(), x[i]));
        }
        yield x;
      }
      case Value.Binary b -> {
        double[] x = floats(b.a()).clone();
        double[] y = floats(b.b());
        for (int i = 0; i < x.length; i++) {
          x[i] = rounded(type, ScalarMath.binary(b.op(), x[i], y[i]));
        }
        yield x;
      }
      case Value.MulAdd m -> {
        double[] x = floats(m.a()).clone();
        double[] y = floats(m.b());
        double[] z = floats(m.c());
        for (int i = 0; i < x.length; i++) {
          x[i] = rounded(type, rounded(type, x[i] * y[i]) + z[i]);
        }
        yield x;
      }
      case Value.Select s -> {
        long[] condition = ints(s.condition());
        if (condition.length == 1) {
          yield floats(condition[0] != 0 ? s.whenTrue() : s.whenFalse());
        }
        double[] x = floats(s.whenTrue()).clone();
        double[] y = floats(s.whenFalse());
        for (int i = 0; i < x.length; i++) {
          x[i] = condition[i] != 0 ? x[i] : y[i];
        }
        yield x;
      }
      case Value.Convert c -> {
        double[] x;
        if (isFloat(c.x().type())) {
          x = floats(c.x()).clone();
        } else {
          long[] n = ints(c.x());
          x = new double[n.length];
          for (int i = 0; i < n.length; i++) {
            x[i] = fromInteger(c.from(), c.to(), c.from() == DType.BOOL ? n[i] & 1 : n[i]);
          }
        }
        for (int i = 0; i < x.length; i++) {
          x[i] = ScalarMath.round(c.to(), x[i]);
        }
        yield x;
      }
      case Value.Bits b -> {
        long[] bits = ints(b.x());
        double[] x = new double[bits.length];
        for (int i = 0; i < x.length; i++) {
          x[i] = Float.intBitsToFloat((int) bits[i]);
        }
        yield x;
      }
      case Value.Horizontal h -> {
        double[] x = floats(h.x());
        BinaryOp op = h.combiner().op();
        double low = rounded(type, ScalarMath.binary(op, x[0], x[1]));
        double high = rounded(type, ScalarMath.binary(op, x[2], x[3]));
        yield new double[] {rounded(type, ScalarMath.binary(op, low, high))};
      }
      default -> throw error("not a float: " + LoopText.of(value));
    };
  }

  /** 64-bit integers go to f32 with one rounding. */
  private static double fromInteger(DType from, DType to, long n) {
    if (to == DType.F64 || from.bytes() < 8) {
      return ScalarMath.toFloat(from, n);
    }
    return from == DType.U64 && n < 0 ? (float) (n >>> 1 | (n & 1)) * 2.0 : (float) n;
  }

  private static double rounded(LType type, double x) {
    return type == LType.F64 ? x : (float) x;
  }

  private static double[] splat(LType type, double x) {
    return type.isVector() ? new double[] {x, x, x, x} : new double[] {x};
  }

  private long[] ints(Value value) {
    LType type = value.type();
    return switch (value) {
      case Value.Get get -> (long[]) local(get.local());
      case Value.IntConst c -> splat(type, type == LType.I64 ? c.value() : (int) c.value());
      case Value.Address a -> ints(a.index());
      case Value.Offset o -> new long[] {ints(o.pointer())[0] + ints(o.index())[0]};
      case Value.Load load -> loadInts(load);
      case Value.Splat s -> splat(type, mask(isBool(s.x()), ints(s.x())[0]));
      case Value.Lane lane -> {
        long x = ints(lane.x())[lane.lane()];
        yield new long[] {isBool(lane.x()) ? x & 1 : x};
      }
      case Value.Lanes l -> {
        boolean bool = isBool(l.a());
        yield new long[] {
          mask(bool, ints(l.a())[0]),
          mask(bool, ints(l.b())[0]),
          mask(bool, ints(l.c())[0]),
          mask(bool, ints(l.d())[0])
        };
      }
      case Value.Shuffle s -> {
        long[] x = ints(s.a());
        long[] y = ints(s.b());
        long[] joined = new long[4];
        for (int i = 0; i < 4; i++) {
          int lane = s.lanes()[i];
          joined[i] = lane < 4 ? x[lane] : y[lane - 4];
        }
        yield joined;
      }
      case Value.Unary u -> unaryInts(u);
      case Value.Binary b -> binaryInts(b);
      case Value.MulAdd m -> {
        long[] x = ints(m.a()).clone();
        long[] y = ints(m.b());
        long[] z = ints(m.c());
        for (int i = 0; i < x.length; i++) {
          x[i] = ScalarMath.wrap(type == LType.I64 ? DType.I64 : DType.I32, x[i] * y[i] + z[i]);
        }
        yield x;
      }
      case Value.Select s -> {
        long[] condition = ints(s.condition());
        if (condition.length == 1) {
          yield ints(condition[0] != 0 ? s.whenTrue() : s.whenFalse());
        }
        long[] x = ints(s.whenTrue()).clone();
        long[] y = ints(s.whenFalse());
        for (int i = 0; i < x.length; i++) {
          x[i] = condition[i] != 0 ? x[i] : y[i];
        }
        yield x;
      }
      case Value.Convert c -> convertToInts(c);
      case Value.Bits b -> {
        double[] x = floats(b.x());
        long[] bits = new long[x.length];
        for (int i = 0; i < x.length; i++) {
          bits[i] = Float.floatToRawIntBits((float) x[i]);
        }
        yield bits;
      }
      case Value.Packed p -> packed(p);
      case Value.Horizontal h -> {
        long[] x = ints(h.x());
        BinaryOp op = h.combiner().op();
        DType on = h.on();
        long bit = on == DType.BOOL ? 1 : -1;
        yield new long[] {
          ScalarMath.binary(
              op,
              on,
              ScalarMath.binary(op, on, x[0] & bit, x[1] & bit),
              ScalarMath.binary(op, on, x[2] & bit, x[3] & bit))
        };
      }
      default -> throw error("not an integer: " + LoopText.of(value));
    };
  }

  private long[] packed(Value.Packed p) {
    long[] a = ints(p.a());
    long[] result = p.c() == null ? new long[4] : ints(p.c()).clone();
    for (int i = 0; i < 4; i++) {
      switch (p.op()) {
        case DOT_I8, DOT_I16 -> {
          int bits = p.op() == Value.ByteOp.DOT_I8 ? 8 : 16;
          long b = ints(p.b())[i];
          for (int at = 0; at < 32; at += bits) {
            result[i] += part(a[i], at, bits) * part(b, at, bits);
          }
          result[i] = (int) result[i];
        }
        case EVEN_I8, ODD_I8 -> {
          int first = p.op() == Value.ByteOp.ODD_I8 ? 8 : 0;
          long low = part(a[i], first, 8) & 0xffff;
          result[i] = (int) (low | part(a[i], first + 16, 8) << 16);
        }
        default -> {
          int first = p.op() == Value.ByteOp.HIGH_U8 ? 8 : 0;
          for (int half = 0; half < 2; half++) {
            int at = first + 2 * i + half;
            long x = part(a[at / 4], at % 4 * 8, 8);
            x = p.op() == Value.ByteOp.LOW_I8 ? x : x & 0xff;
            result[i] |= (x & 0xffff) << (16 * half);
          }
          result[i] = (int) result[i];
        }
      }
    }
    return result;
  }

  /** Some bits of a word as a signed number. */
  private static long part(long word, int at, int bits) {
    return word << (64 - bits - at) >> (64 - bits);
  }

  private long[] unaryInts(Value.Unary u) {
    if (u.op() == UnaryOp.IS_INF || u.op() == UnaryOp.IS_NAN) {
      double[] x = isFloat(u.x().type()) ? floats(u.x()) : new double[ints(u.x()).length];
      long[] result = new long[x.length];
      for (int i = 0; i < x.length; i++) {
        boolean is = u.op() == UnaryOp.IS_NAN ? Double.isNaN(x[i]) : Double.isInfinite(x[i]);
        result[i] = bool(x.length, is);
      }
      return result;
    }
    long[] x = ints(u.x()).clone();
    for (int i = 0; i < x.length; i++) {
      long bit = u.on() == DType.BOOL ? x[i] & 1 : x[i];
      x[i] = mask(u.on() == DType.BOOL && x.length == 4, ScalarMath.unary(u.op(), u.on(), bit));
    }
    return x;
  }

  private long[] binaryInts(Value.Binary b) {
    if (isFloat(b.a().type())) {
      double[] x = floats(b.a());
      double[] y = floats(b.b());
      long[] result = new long[x.length];
      for (int i = 0; i < x.length; i++) {
        result[i] = bool(x.length, ScalarMath.compare(b.op(), x[i], y[i]));
      }
      return result;
    }
    long[] x = ints(b.a()).clone();
    long[] y = ints(b.b());
    boolean masks = b.on() == DType.BOOL && x.length == 4;
    for (int i = 0; i < x.length; i++) {
      long p = masks ? x[i] & 1 : x[i];
      long q = masks ? y[i] & 1 : y[i];
      x[i] =
          b.op().isComparison()
              ? bool(x.length, ScalarMath.compare(b.op(), b.on(), p, q))
              : mask(masks, ScalarMath.binary(b.op(), b.on(), p, q));
    }
    return x;
  }

  private long[] convertToInts(Value.Convert c) {
    boolean toBool = c.to() == DType.BOOL;
    long[] result;
    if (isFloat(c.x().type())) {
      double[] x = floats(c.x());
      result = new long[x.length];
      for (int i = 0; i < x.length; i++) {
        result[i] = ScalarMath.toInteger(c.to(), x[i]);
      }
    } else {
      result = ints(c.x()).clone();
      for (int i = 0; i < result.length; i++) {
        long n = c.from() == DType.BOOL ? result[i] & 1 : result[i];
        n = c.from() == DType.U32 ? n & 0xffffffffL : n;
        result[i] = toBool ? (n != 0 ? 1 : 0) : ScalarMath.wrap(c.to(), n);
      }
    }
    for (int i = 0; i < result.length; i++) {
      result[i] = mask(toBool && result.length == 4, result[i]);
    }
    return result;
  }

  /** True when an integer value is a bool or mask, as far as one can tell. */
  private static boolean isBool(Value v) {
    return switch (v) {
      case Value.Binary b -> b.op().isComparison() || b.on() == DType.BOOL;
      case Value.Unary u ->
          u.on() == DType.BOOL || u.op() == UnaryOp.IS_INF || u.op() == UnaryOp.IS_NAN;
      case Value.Load l -> Value.bufferOf(l.pointer()).dtype() == DType.BOOL;
      case Value.Convert c -> c.to() == DType.BOOL;
      case Value.Select s -> isBool(s.whenTrue()) || isBool(s.whenFalse());
      case Value.Splat s -> isBool(s.x());
      case Value.Lane l -> isBool(l.x());
      case Value.Lanes l -> isBool(l.a());
      default -> false;
    };
  }

  private static long bool(int lanes, boolean value) {
    return mask(lanes == 4, value ? 1 : 0);
  }

  private static long mask(boolean isMask, long bit) {
    return isMask ? -bit : bit;
  }

  private static long[] splat(LType type, long x) {
    return type.isVector() ? new long[] {x, x, x, x} : new long[] {x};
  }

  // Memory.

  private double[] loadFloats(Value.Load load) {
    DType dtype = Value.bufferOf(load.pointer()).dtype();
    int at = loaded(load);
    int bytes = dtype.bytes();
    double[] x = new double[load.access() == Value.Access.SCALAR ? 1 : 4];
    for (int i = 0; i < x.length; i++) {
      int p = load.access() == Value.Access.VECTOR ? at + i * bytes : at;
      x[i] =
          switch (dtype) {
            case F32 -> Float.intBitsToFloat((int) read(p, 4));
            case F64 -> Double.longBitsToDouble(read(p, 8));
            case F16 -> Halves.f16ToFloat((int) read(p, 2) & 0xffff);
            case BF16 -> Float.intBitsToFloat((int) read(p, 2) << 16);
            default -> throw error("float load of " + dtype);
          };
    }
    return x;
  }

  private long[] loadInts(Value.Load load) {
    DType dtype = Value.bufferOf(load.pointer()).dtype();
    int at = loaded(load);
    int bytes = dtype.bytes();
    long[] x = new long[load.access() == Value.Access.SCALAR ? 1 : 4];
    for (int i = 0; i < x.length; i++) {
      long v = read(load.access() == Value.Access.VECTOR ? at + i * bytes : at, bytes);
      x[i] = dtype == DType.BOOL ? bool(x.length, v != 0) : ScalarMath.wrap(dtype, v);
    }
    return x;
  }

  private void store(Stmt.Store store) {
    DType dtype = Value.bufferOf(store.pointer()).dtype();
    int at = address(store.pointer(), store.offset(), store.lanes(), false);
    int bytes = dtype.bytes();
    Object value = evaluate(store.value());
    for (int i = 0; i < store.lanes(); i++) {
      long bits;
      if (value instanceof double[] x) {
        bits =
            switch (dtype) {
              case F32 -> Float.floatToRawIntBits((float) x[i]);
              case F64 -> Double.doubleToRawLongBits(x[i]);
              case F16 -> Halves.floatToF16((float) x[i]);
              case BF16 -> Halves.floatToBf16((float) x[i]);
              default -> throw error("float stored as " + dtype);
            };
      } else {
        bits = ((long[]) value)[i];
        bits = dtype == DType.BOOL ? bits & 1 : bits;
      }
      for (int b = 0; b < bytes; b++) {
        memory[at + i * bytes + b] = (byte) (bits >> 8 * b);
      }
    }
  }

  private long read(int at, int bytes) {
    long v = 0;
    for (int b = 0; b < bytes; b++) {
      v |= (memory[at + b] & 0xffL) << 8 * b;
    }
    return v;
  }

  private int loaded(Value.Load load) {
    int elements = load.access() == Value.Access.VECTOR ? 4 : 1;
    return address(load.pointer(), load.offset(), elements, true);
  }

  /** Byte address of an element that must lie in its buffer, or its slack, with those after it. */
  private int address(Value pointer, int offset, int elements, boolean slack) {
    Buffer buffer = Value.bufferOf(pointer);
    Region region = regions.get(buffer);
    if (region == null) {
      throw error("buffer " + buffer + " is not bound");
    }
    long index = ints(pointer)[0] + offset;
    if (index < 0 || index + elements > region.elements + (slack ? region.slack : 0)) {
      throw error(
          "access of "
              + buffer
              + "["
              + index
              + "]"
              + (elements > 1 ? " to [" + (index + elements - 1) + "]" : "")
              + ", which has "
              + region.elements
              + " elements");
    }
    boolean vectors = fours.contains(buffer);
    if (vectors && (elements == 4 ? index % 4 != 0 : !slack)) {
      throw error("access of " + elements + " from " + buffer + "[" + index + "], which has vectors");
    }
    return (int) (region.baseBytes + index * buffer.dtype().bytes());
  }
}
