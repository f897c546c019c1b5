package org.nnjit.tensor;

/**
 * Element type of a tensor, with its ONNX code.
 *
 * <p>Source: ONNX {@code TensorProto.DataType}.
 */
public enum DType {
  F32(1, 4, Kind.FLOAT, "f32", "float32"),
  U8(2, 1, Kind.UNSIGNED, "u8", "uint8"),
  I8(3, 1, Kind.SIGNED, "i8", "int8"),
  U16(4, 2, Kind.UNSIGNED, "u16", "uint16"),
  I16(5, 2, Kind.SIGNED, "i16", "int16"),
  I32(6, 4, Kind.SIGNED, "i32", "int32"),
  I64(7, 8, Kind.SIGNED, "i64", "int64"),
  BOOL(9, 1, Kind.BOOL, "bool", "bool"),
  F16(10, 2, Kind.FLOAT, "f16", "float16"),
  F64(11, 8, Kind.FLOAT, "f64", "float64"),
  U32(12, 4, Kind.UNSIGNED, "u32", "uint32"),
  U64(13, 8, Kind.UNSIGNED, "u64", "uint64"),
  BF16(16, 2, Kind.FLOAT, "bf16", "bfloat16");

  private enum Kind {
    FLOAT,
    SIGNED,
    UNSIGNED,
    BOOL
  }

  private final int onnxCode;
  private final int bytes;
  private final Kind kind;
  private final String text;
  private final String onnxName;

  DType(int onnxCode, int bytes, Kind kind, String text, String onnxName) {
    this.onnxCode = onnxCode;
    this.bytes = bytes;
    this.kind = kind;
    this.text = text;
    this.onnxName = onnxName;
  }

  /** Code in {@code TensorProto.DataType}. */
  public int onnxCode() {
    return onnxCode;
  }

  /** Bytes of one element in memory. */
  public int bytes() {
    return bytes;
  }

  /** True for f16, bf16, f32 and f64. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** True for signed and unsigned integers, not for bool. */
  public boolean isInteger() {
    return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
  }

  /** True for unsigned integers and bool. */
  public boolean isUnsigned() {
    return kind == Kind.UNSIGNED || kind == Kind.BOOL;
  }

  /** Short name in printed IR: {@code f32}. */
  public String text() {
    return text;
  }

  /** Name users of ONNX Runtime know: {@code float32}. */
  public String onnxName() {
    return onnxName;
  }

  /** The type with this ONNX code, or null when nnJIT has none for it. */
  public static DType ofOnnx(int code) {
    for (DType type : values()) {
      if (type.onnxCode == code) {
        return type;
      }
    }
    return null;
  }

  /** The type with this short or ONNX name, or null. */
  public static DType ofName(String name) {
    for (DType type : values()) {
      if (type.text.equals(name) || type.onnxName.equals(name)) {
        return type;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return text;
  }
}
