package org.nnjit.tensor;

/**
 * A dense row-major tensor on the host: little-endian bytes and their type. For feeds, results,
 * small constants and the reference interpreter; weights stay in the model file or in the arena.
 */
public final class Tensor {
  private final DType dtype;
  private final Shape shape;
  private final byte[] bytes;

  /**
   * Wraps bytes without copying them.
   *
   * @throws IllegalArgumentException when their number does not fit the type and shape
   */
  public Tensor(DType dtype, Shape shape, byte[] bytes) {
    if (bytes.length != shape.elements() * dtype.bytes()) {
      throw new IllegalArgumentException(
          dtype + "" + shape + " needs " + shape.elements() * dtype.bytes() + " bytes, got "
              + bytes.length);
    }
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
  }

  /** A tensor of zeros. */
  public static Tensor zeros(DType dtype, Shape shape) {
    return new Tensor(dtype, shape, new byte[(int) (shape.elements() * dtype.bytes())]);
  }

  public static Tensor ofFloats(Shape shape, float... values) {
    Tensor t = zeros(DType.F32, shape);
    for (int i = 0; i < values.length; i++) {
      t.setDouble(i, values[i]);
    }
    return t;
  }

  public static Tensor ofLongs(Shape shape, long... values) {
    Tensor t = zeros(DType.I64, shape);
    for (int i = 0; i < values.length; i++) {
      t.setLong(i, values[i]);
    }
    return t;
  }

  public static Tensor scalar(DType dtype, double value) {
    Tensor t = zeros(dtype, Shape.SCALAR);
    t.setDouble(0, value);
    return t;
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  public TensorType type() {
    return TensorType.of(dtype, shape);
  }

  /** The bytes themselves, little-endian, not a copy. */
  public byte[] bytes() {
    return bytes;
  }

  public int elements() {
    return bytes.length / dtype.bytes();
  }

  /** The same bytes under another shape of as many elements. */
  public Tensor reshaped(Shape other) {
    return new Tensor(dtype, other, bytes);
  }

  /** Element {@code i} of the flat tensor as a double (64-bit integers may round). */
  public double getDouble(int i) {
    return switch (dtype) {
      case F32 -> Float.intBitsToFloat(int32(i * 4));
      case F64 -> Double.longBitsToDouble(int64(i * 8));
      case F16 -> Halves.f16ToFloat(int16(i * 2));
      case BF16 -> Float.intBitsToFloat(int16(i * 2) << 16);
      case U64 -> Longs.unsignedToDouble(int64(i * 8));
      default -> getLong(i);
    };
  }

  /** Element {@code i} of the flat tensor as an integer; floats truncate towards zero. */
  public long getLong(int i) {
    return switch (dtype) {
      case I64, U64 -> int64(i * 8);
      case I32 -> int32(i * 4);
      case U32 -> int32(i * 4) & 0xffffffffL;
      case I16 -> (short) int16(i * 2);
      case U16 -> int16(i * 2);
      case I8 -> bytes[i];
      case U8 -> bytes[i] & 0xff;
      case BOOL -> bytes[i] == 0 ? 0 : 1;
      default -> Longs.of(getDouble(i));
    };
  }

  public void setDouble(int i, double value) {
    switch (dtype) {
      case F32 -> put32(i * 4, Float.floatToRawIntBits((float) value));
      case F64 -> put64(i * 8, Double.doubleToRawLongBits(value));
      case F16 -> put16(i * 2, Halves.floatToF16((float) value));
      case BF16 -> put16(i * 2, Halves.floatToBf16((float) value));
      case BOOL -> bytes[i] = (byte) (value != 0 ? 1 : 0);
      case U64 -> put64(i * 8, Longs.doubleToUnsigned(value));
      default -> setLong(i, Longs.of(value));
    }
  }

  /** Stores an integer, wrapping to the element type. */
  public void setLong(int i, long value) {
    switch (dtype) {
      case I64, U64 -> put64(i * 8, value);
      case I32, U32 -> put32(i * 4, (int) value);
      case I16, U16 -> put16(i * 2, (int) value);
      case I8, U8 -> bytes[i] = (byte) value;
      case BOOL -> bytes[i] = (byte) (value != 0 ? 1 : 0);
      default -> setDouble(i, value);
    }
  }

  private int int16(int at) {
    return (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
  }

  private int int32(int at) {
    return int16(at) | int16(at + 2) << 16;
  }

  private long int64(int at) {
    return (int32(at) & 0xffffffffL) | (long) int32(at + 4) << 32;
  }

  private void put16(int at, int v) {
    bytes[at] = (byte) v;
    bytes[at + 1] = (byte) (v >> 8);
  }

  private void put32(int at, int v) {
    put16(at, v);
    put16(at + 2, v >> 16);
  }

  private void put64(int at, long v) {
    put32(at, (int) v);
    put32(at + 4, (int) (v >> 32));
  }

  /** Type and the first few elements. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(type().toString()).append('{');
    for (int i = 0; i < Math.min(8, elements()); i++) {
      text.append(i == 0 ? "" : ", ");
      if (dtype.isFloat()) {
        text.append(Numbers.text(getDouble(i)));
      } else {
        text.append(getLong(i));
      }
    }
    return text.append(elements() > 8 ? ", ...}" : "}").toString();
  }
}
