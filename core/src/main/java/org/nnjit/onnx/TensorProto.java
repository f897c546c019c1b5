package org.nnjit.onnx;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** One TensorProto: small ones are decoded, large ones stay where they lie. */
final class TensorProto {
  private static final int UINT4 = 21;
  private static final int INT4 = 22;

  /** Tensors of at least this many elements stay in the file. */
  static final int STORED = 1024;

  private String name = "";
  private int code;
  private final List<Long> dims = new ArrayList<>();
  private final List<long[]> chunks = new ArrayList<>();
  private final List<Integer> chunkFields = new ArrayList<>();
  private final List<Long> singles = new ArrayList<>();
  private int singlesField;
  private boolean external;
  private String location = "";
  private long offset;
  private long length = -1;

  private TensorProto() {}

  String name() {
    return name;
  }

  static TensorProto read(Wire w) {
    TensorProto t = new TensorProto();
    while (w.next()) {
      switch (w.field()) {
        case 1 -> t.dims(w);
        case 2 -> t.code = (int) w.number();
        case 8 -> t.name = w.string();
        case 4, 5, 7, 9, 10, 11 -> t.data(w);
        case 13 -> t.externalEntry(w.message("external_data"));
        case 14 -> t.external = w.number() == 1;
        default -> w.skip();
      }
    }
    return t;
  }

  private void dims(Wire w) {
    if (w.type() == Wire.VARINT) {
      dims.add(w.number());
      return;
    }
    Wire packed = w.message("dims");
    while (packed.remaining() > 0) {
      dims.add(packed.varint());
    }
  }

  private void data(Wire w) {
    if (w.type() == Wire.BYTES) {
      long n = w.length();
      chunks.add(new long[] {w.position(), n});
      chunkFields.add(w.field());
      w.advance(n);
      return;
    }
    singlesField = w.field();
    switch (w.type()) {
      case Wire.VARINT -> singles.add(w.number());
      case Wire.FIXED32 -> singles.add((long) w.fixed32());
      default -> singles.add(w.fixed64());
    }
  }

  private void externalEntry(Wire w) {
    String key = "";
    String value = "";
    while (w.next()) {
      switch (w.field()) {
        case 1 -> key = w.string();
        case 2 -> value = w.string();
        default -> w.skip();
      }
    }
    switch (key) {
      case "location" -> location = value;
      case "offset" -> offset = parse(key, value);
      case "length" -> length = parse(key, value);
      default -> {
        // checksum and the like
      }
    }
  }

  private long parse(String key, String value) {
    try {
      long v = Long.parseLong(value);
      if (v >= 0) {
        return v;
      }
    } catch (NumberFormatException e) {
      // Reported below with the value.
    }
    throw new ModelException(
        "tensor '" + name + "': external " + key + " is '" + value + "', wanted a number");
  }

  /** Whether elements have 4 bits: the constant then is u8, two elements in each. */
  boolean isNibbles() {
    return code == UINT4 || code == INT4;
  }

  /** Attributes of the node that takes them apart. */
  Attributes unpacking() {
    long[] shape = new long[dims.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = dims.get(i);
    }
    return Attributes.NONE.with("dims", shape).with("signed", code == INT4 ? 1L : 0L);
  }

  /** The tensor, read from where its bytes lie. */
  Constant constant(ByteSource source) {
    if (isNibbles()) {
      throw new ModelException(
          "tensor '" + name + "' of element type " + code + " (4 bits) is an attribute, wanted an"
              + " initializer");
    }
    return located(source);
  }

  /** The bytes of {@link #isNibbles}. */
  Constant packed(ByteSource source) {
    return located(source);
  }

  private Constant located(ByteSource source) {
    TensorType type = type();
    if (external) {
      return externalConstant(type);
    }
    long elements = type.shape().elements();
    if (chunks.size() == 1 && singles.isEmpty() && isDense(chunkFields.get(0), type.dtype())) {
      long[] chunk = chunks.get(0);
      if (chunk[1] != type.bytes()) {
        throw new ModelException(
            "tensor '" + name + "': " + type + " needs " + type.bytes() + " bytes, the file has "
                + chunk[1]);
      }
      if (elements >= STORED) {
        return new Constant.Stored(type, "", chunk[0]);
      }
      byte[] bytes = new byte[(int) chunk[1]];
      if (bytes.length > 0) {
        source.read(chunk[0], bytes, 0, bytes.length);
      }
      return new Constant.Inline(new Tensor(type.dtype(), type.shape(), bytes));
    }
    return new Constant.Inline(decode(type, source));
  }

  private TensorType type() {
    DType dtype = isNibbles() ? DType.U8 : DType.ofOnnx(code);
    if (dtype == null) {
      throw new ModelException(
          "tensor '" + name + "': element type " + code + (code == 8 ? " (string)" : "")
              + " is not supported");
    }
    int[] d = new int[dims.size()];
    long elements = 1;
    for (int i = 0; i < d.length; i++) {
      long v = dims.get(i);
      if (v < 0 || v > Integer.MAX_VALUE || (v > 0 && elements > (1L << 40) / v)) {
        throw new ModelException("tensor '" + name + "': dimensions " + dims + " are not possible");
      }
      elements *= v;
      d[i] = (int) v;
    }
    int bytes = (int) Math.min(Integer.MAX_VALUE, (elements + 1) / 2);
    return TensorType.of(dtype, isNibbles() ? Shape.of(bytes) : Shape.of(d));
  }

  /** True when the field's bytes are the elements as they lie in memory. */
  private static boolean isDense(int field, DType t) {
    return switch (field) {
      case 9 -> true;
      case 4 -> t == DType.F32;
      case 10 -> t == DType.F64;
      default -> false;
    };
  }

  private Constant externalConstant(TensorType type) {
    if (location.isEmpty() || location.startsWith("/") || location.contains("..")
        || location.contains("\\")) {
      throw new ModelException(
          "tensor '" + name + "': external location '" + location
              + "' must be a file beside or below the model");
    }
    if (length >= 0 && length != type.bytes()) {
      throw new ModelException(
          "tensor '" + name + "': " + type + " needs " + type.bytes()
              + " bytes, external data has " + length);
    }
    return new Constant.Stored(type, location, offset);
  }

  private Tensor decode(TensorType type, ByteSource source) {
    long elements = type.shape().elements();
    long available = singles.size();
    for (long[] chunk : chunks) {
      available += chunk[1];
    }
    if (elements > available || elements > 1 << 26) {
      throw new ModelException(
          "tensor '" + name + "': " + type + " has " + elements + " elements, the file holds fewer");
    }
    Tensor out = Tensor.zeros(type.dtype(), type.shape());
    int next = 0;
    for (int c = 0; c < chunks.size(); c++) {
      long[] chunk = chunks.get(c);
      byte[] bytes = new byte[(int) chunk[1]];
      if (bytes.length > 0) {
        source.read(chunk[0], bytes, 0, bytes.length);
      }
      Wire w = Wire.of(ByteSource.of(bytes), "tensor '" + name + "'");
      while (w.remaining() > 0) {
        long raw =
            switch (chunkFields.get(c)) {
              case 4 -> w.fixed32();
              case 10 -> w.fixed64();
              case 9 -> throw new ModelException(
                  "tensor '" + name + "': raw data in several pieces");
              default -> w.varint();
            };
        next = put(out, next, chunkFields.get(c), raw);
      }
    }
    for (long raw : singles) {
      next = put(out, next, singlesField, raw);
    }
    if (next != elements) {
      throw new ModelException(
          "tensor '" + name + "': " + type + " has " + elements + " elements, the file holds "
              + next);
    }
    return out;
  }

  private int put(Tensor out, int at, int field, long raw) {
    if (at >= out.elements()) {
      throw new ModelException(
          "tensor '" + name + "': more than the " + out.elements() + " elements of " + out.type());
    }
    DType t = out.dtype();
    switch (field) {
      case 4 -> out.setDouble(at, Float.intBitsToFloat((int) raw));
      case 10 -> out.setDouble(at, Double.longBitsToDouble(raw));
      default -> {
        if (t == DType.F16 || t == DType.BF16) {
          out.bytes()[2 * at] = (byte) raw;
          out.bytes()[2 * at + 1] = (byte) (raw >> 8);
        } else {
          out.setLong(at, raw);
        }
      }
    }
    return at + 1;
  }
}
