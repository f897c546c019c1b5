package org.nnjit.testing;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * An ONNX file that holds one node whose inputs are all fed, for a comparison with ONNX Runtime.
 * Field numbers: ONNX {@code onnx.proto}, IR version 8.
 *
 * @param type the operator
 * @param opset version of the operator set
 * @param attributes values as {@link org.nnjit.graph.Attributes} keeps them, tensors excepted
 * @param inputNames name of each input, empty where absent
 * @param inputs type of each input, null where absent
 * @param outputs name of each output, empty where it is not wanted
 */
public record OneNodeModel(
    String type,
    int opset,
    Map<String, Object> attributes,
    List<String> inputNames,
    List<TensorType> inputs,
    List<String> outputs) {

  /** A part of a message. */
  private interface Part {
    void write(CodedOutputStream out) throws IOException;
  }

  /** The file's bytes. */
  public byte[] bytes() {
    return message(
        out -> {
          out.writeInt64(1, 8);
          out.writeByteArray(7, graph());
          out.writeByteArray(8, message(o -> o.writeInt64(2, opset)));
        });
  }

  private byte[] graph() {
    return message(
        out -> {
          out.writeByteArray(1, node());
          out.writeString(2, "one_node");
          for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i) != null) {
              out.writeByteArray(11, port(inputNames.get(i), inputs.get(i)));
            }
          }
          for (String output : outputs) {
            if (!output.isEmpty()) {
              out.writeByteArray(12, message(o -> o.writeString(1, output)));
            }
          }
        });
  }

  private byte[] node() {
    return message(
        out -> {
          for (String input : inputNames) {
            out.writeString(1, input);
          }
          for (String output : outputs) {
            out.writeString(2, output);
          }
          out.writeString(4, type);
          for (Map.Entry<String, Object> e : attributes.entrySet()) {
            out.writeByteArray(5, attribute(e.getKey(), e.getValue()));
          }
        });
  }

  private static byte[] attribute(String name, Object value) {
    return message(
        out -> {
          out.writeString(1, name);
          switch (value) {
            case Double d -> {
              out.writeFloat(2, d.floatValue());
              out.writeInt32(20, 1);
            }
            case Long l -> {
              out.writeInt64(3, l);
              out.writeInt32(20, 2);
            }
            case String s -> {
              out.writeByteArray(4, s.getBytes(StandardCharsets.UTF_8));
              out.writeInt32(20, 3);
            }
            case double[] floats -> {
              for (double f : floats) {
                out.writeFloat(7, (float) f);
              }
              out.writeInt32(20, 6);
            }
            case long[] ints -> {
              for (long i : ints) {
                out.writeInt64(8, i);
              }
              out.writeInt32(20, 7);
            }
            case String[] strings -> {
              for (String s : strings) {
                out.writeByteArray(9, s.getBytes(StandardCharsets.UTF_8));
              }
              out.writeInt32(20, 8);
            }
            default -> throw new IllegalArgumentException(name + ": no such attribute kind");
          }
        });
  }

  private static byte[] port(String name, TensorType type) {
    byte[] shape =
        message(
            out -> {
              for (int d : type.shape().dims()) {
                out.writeByteArray(1, message(o -> o.writeInt64(1, d)));
              }
            });
    DType dtype = type.dtype();
    byte[] tensorType =
        message(
            out -> {
              out.writeInt32(1, dtype.onnxCode());
              out.writeByteArray(2, shape);
            });
    return message(
        out -> {
          out.writeString(1, name);
          out.writeByteArray(2, message(o -> o.writeByteArray(1, tensorType)));
        });
  }

  private static byte[] message(Part part) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      part.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
