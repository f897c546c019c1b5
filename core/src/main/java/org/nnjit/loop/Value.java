package org.nnjit.loop;

import java.util.List;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;

/** A value in loops: scalar, vector of four lanes, or pointer. */
public sealed interface Value {

  LType type();

  /** An I32, I64 or splatted I32X4 constant. */
  record IntConst(LType type, long value) implements Value {}

  /** An F32, F64 or splatted F32X4 constant. */
  record FloatConst(LType type, double value) implements Value {
    @Override
    public String toString() {
      return Numbers.text(value);
    }
  }

  /** The current value of a local. */
  record Get(Local local) implements Value {
    @Override
    public LType type() {
      return local.type();
    }
  }

  /** Pointer to element {@code index} of a buffer. */
  record Address(Buffer buffer, Value index) implements Value {
    @Override
    public LType type() {
      return LType.PTR;
    }
  }

  /** A pointer {@code index} elements further. */
  record Offset(Value pointer, Value index) implements Value {
    @Override
    public LType type() {
      return LType.PTR;
    }
  }

  /** How a load reads memory. */
  enum Access {
    /** One element. */
    SCALAR,
    /** Four consecutive elements. */
    VECTOR,
    /** One element in all four lanes. */
    SPLAT
  }

  /**
   * Reads the buffer that {@code pointer} points into, {@code offset} (not negative) elements
   * further. Elements are widened: f16, bf16 to f32; 8- and 16-bit integers and bool to i32
   * (bool as 0 or 1 in a scalar, as a mask in a vector). I64 and F64 are read as scalars only.
   */
  record Load(Value pointer, int offset, Access access) implements Value {
    @Override
    public LType type() {
      LType scalar = scalarType(bufferOf(pointer).dtype());
      return access == Access.SCALAR ? scalar : scalar == LType.F32 ? LType.F32X4 : LType.I32X4;
    }
  }

  /** A scalar in all four lanes. */
  record Splat(Value x) implements Value {
    @Override
    public LType type() {
      return x.type() == LType.F32 ? LType.F32X4 : LType.I32X4;
    }
  }

  /** One lane of a vector. */
  record Lane(Value x, int lane) implements Value {
    @Override
    public LType type() {
      return x.type() == LType.F32X4 ? LType.F32 : LType.I32;
    }
  }

  /** Four scalars as a vector, lane 0 first. */
  record Lanes(Value a, Value b, Value c, Value d) implements Value {
    @Override
    public LType type() {
      return a.type() == LType.F32 ? LType.F32X4 : LType.I32X4;
    }
  }

  /**
   * Four lanes of two vectors of numbers: 0 to 3 name those of {@code a}, 4 to 7 those of {@code
   * b}.
   */
  record Shuffle(Value a, Value b, int lane0, int lane1, int lane2, int lane3) implements Value {
    @Override
    public LType type() {
      return a.type();
    }

    public int[] lanes() {
      return new int[] {lane0, lane1, lane2, lane3};
    }
  }

  /** {@code op x}; {@code on} is the element type meant, which tells u32 from i32 and so on. */
  record Unary(UnaryOp op, DType on, Value x) implements Value {
    @Override
    public LType type() {
      return op == UnaryOp.IS_INF || op == UnaryOp.IS_NAN ? boolLike(x.type()) : x.type();
    }
  }

  /**
   * {@code a op b}; {@code on} is the operands' element type, which tells u32 from i32. Integers
   * narrower than 32 bits wrap to their width.
   */
  record Binary(BinaryOp op, DType on, Value a, Value b) implements Value {
    @Override
    public LType type() {
      return op.isComparison() ? boolLike(a.type()) : a.type();
    }
  }

  /** {@code a * b + c} on floats, rounded once where the target can, else twice. */
  record MulAdd(Value a, Value b, Value c) implements Value {
    @Override
    public LType type() {
      return c.type();
    }
  }

  /**
   * A choice. With a scalar condition the other branch is not evaluated (it may hold a load that
   * would be out of bounds); with a mask both are.
   */
  record Select(Value condition, Value whenTrue, Value whenFalse) implements Value {
    @Override
    public LType type() {
      return whenTrue.type();
    }
  }

  /** Conversion between element types as ONNX Cast does it. */
  record Convert(DType from, DType to, Value x) implements Value {
    @Override
    public LType type() {
      LType scalar = scalarType(to);
      return !x.type().isVector() ? scalar : scalar == LType.F32 ? LType.F32X4 : LType.I32X4;
    }
  }

  /** The bits of f32s as i32s, those of i32s as f32s. */
  record Bits(Value x) implements Value {
    @Override
    public LType type() {
      return switch (x.type()) {
        case I32 -> LType.F32;
        case I32X4 -> LType.F32X4;
        case F32 -> LType.I32;
        default -> LType.I32X4;
      };
    }
  }

  /** Joins the four lanes of an F32X4 or I32X4. */
  record Horizontal(Combiner combiner, DType on, Value x) implements Value {
    @Override
    public LType type() {
      return x.type() == LType.F32X4 ? LType.F32 : LType.I32;
    }
  }

  /** An instruction on the bytes or halves that the four lanes of an I32X4 consist of. */
  enum ByteOp {
    /** Sums of four products of neighbours, a: i8, b: 0 to 127, are added to the i32s of c. */
    DOT_I8,
    /** Sums of two products of neighbours, both i16. */
    DOT_I16,
    /** The first eight bytes, 0 to 255 each, as i16. */
    LOW_U8,
    /** The last eight. */
    HIGH_U8,
    /** The first eight bytes, -128 to 127 each, as i16. */
    LOW_I8,
    /** Bytes 0, 2, 4.. of sixteen, -128 to 127 each, as i16. */
    EVEN_I8,
    /** Bytes 1, 3, 5.. */
    ODD_I8
  }

  /** {@code op} on one, two or three I32X4s: {@code b} and {@code c} are null where unused. */
  record Packed(ByteOp op, Value a, Value b, Value c) implements Value {
    @Override
    public LType type() {
      return LType.I32X4;
    }

    /** The operands that are there. */
    public List<Value> operands() {
      return b == null ? List.of(a) : c == null ? List.of(a, b) : List.of(a, b, c);
    }
  }

  /** What an element of this type becomes when loaded as a scalar. */
  static LType scalarType(DType dtype) {
    return switch (dtype) {
      case F32, F16, BF16 -> LType.F32;
      case F64 -> LType.F64;
      case I64, U64 -> LType.I64;
      default -> LType.I32;
    };
  }

  /** The buffer a pointer value points into. */
  static Buffer bufferOf(Value pointer) {
    return switch (pointer) {
      case Get g -> g.local().buffer();
      case Address a -> a.buffer();
      case Offset o -> bufferOf(o.pointer());
      default -> throw new IllegalStateException("not a pointer: " + pointer);
    };
  }

  private static LType boolLike(LType type) {
    return type.isVector() ? LType.I32X4 : LType.I32;
  }

  static Value i32(int value) {
    return new IntConst(LType.I32, value);
  }

  static Value get(Local local) {
    return new Get(local);
  }

  /** i32 sum with constants folded. */
  static Value add(Value a, Value b) {
    if (a instanceof IntConst x && b instanceof IntConst y) {
      return i32((int) (x.value() + y.value()));
    }
    if (b instanceof IntConst y && y.value() == 0) {
      return a;
    }
    if (a instanceof IntConst x && x.value() == 0) {
      return b;
    }
    return new Binary(BinaryOp.ADD, DType.I32, a, b);
  }

  /** i32 product with constants folded. */
  static Value mul(Value a, int b) {
    if (a instanceof IntConst x) {
      return i32((int) x.value() * b);
    }
    if (b == 0) {
      return i32(0);
    }
    return b == 1 ? a : new Binary(BinaryOp.MUL, DType.I32, a, i32(b));
  }
}
