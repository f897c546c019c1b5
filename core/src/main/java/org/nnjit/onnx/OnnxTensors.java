package org.nnjit.onnx;

import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Tensor;

/** Reads TensorProto files, such as the inputs and outputs of ONNX's backend tests. */
public final class OnnxTensors {
  private OnnxTensors() {}

  /**
   * The tensor of a file.
   *
   * @throws ModelException when the bytes are no tensor
   */
  public static Tensor read(byte[] bytes) {
    ByteSource source = ByteSource.of(bytes);
    Constant c = TensorProto.read(Wire.of(source, "tensor")).constant(source);
    return switch (c) {
      case Constant.Inline i -> i.tensor();
      case Constant.Stored s -> {
        if (!s.file().isEmpty()) {
          throw new ModelException(
              "the tensor's data is in '" + s.file() + "', wanted it in the tensor's own file");
        }
        yield load(source, s);
      }
    };
  }

  /** A stored constant brought into memory. */
  public static Tensor load(ByteSource source, Constant.Stored s) {
    long bytes = s.type().bytes();
    if (s.offset() + bytes > source.size()) {
      throw new ModelException(
          s.type() + " at byte " + s.offset() + " needs " + bytes + " bytes, the file has "
              + source.size());
    }
    byte[] out = new byte[(int) bytes];
    source.read(s.offset(), out, 0, out.length);
    return new Tensor(s.type().dtype(), s.type().shape(), out);
  }

  /** The tensor's name in its file, or "". */
  public static String name(byte[] bytes) {
    return TensorProto.read(Wire.of(ByteSource.of(bytes), "tensor")).name();
  }
}
