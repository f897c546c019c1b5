package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Halves;

/**
 * Stores the f32 matrices of a file as f16, rounded to nearest, each with a Cast to f32 behind it; what
 * Gather picks of them is cast after it. All is calculated in f32 as before.
 */
public final class HalfWriter {
  /** Smaller ones are not worth a node. */
  private static final int LEAST_ELEMENTS = 1024;

  /** The largest number of an f16. */
  private static final float MOST = 65504;

  private HalfWriter() {}

  /**
   * What was done.
   *
   * @param weights that are f16 now
   * @param left weights that stay f32, as f16 has no numbers so large
   * @param bytes of the written files
   */
  public record Result(int weights, List<String> left, long bytes) {}

  /**
   * Writes the model; where it keeps weights beside it, so does the new one, in {@code NAME.data}.
   *
   * @throws IOException when the file is no model
   * @throws org.nnjit.graph.ModelException when weights that it names are missing
   */
  public static Result apply(Path from, Path to) throws IOException {
    WeightFile file = new WeightFile(from);
    ModelProto model = file.model();
    GraphProto.Builder graph = model.getGraph().toBuilder();
    Map<String, TensorProto> halves = new LinkedHashMap<>();
    List<String> left = new ArrayList<>();
    for (TensorProto t : graph.getInitializerList()) {
      if (t.getDataType() == TensorProto.DataType.FLOAT_VALUE && isLarge(t)) {
        TensorProto half = half(t, file.values(t));
        if (half == null) {
          left.add(t.getName());
        } else {
          halves.put(t.getName(), half);
        }
      }
    }
    List<NodeProto> nodes = new ArrayList<>();
    for (NodeProto node : graph.getNodeList()) {
      TensorProto table = node.getInputCount() > 0 ? halves.get(node.getInput(0)) : null;
      if (node.getOpType().equals("Gather") && node.getDomain().isEmpty() && table != null) {
        String picked = node.getOutput(0) + "_f16";
        nodes.add(node.toBuilder().setInput(0, table.getName()).setOutput(0, picked).build());
        nodes.add(cast(picked, node.getOutput(0)));
      } else {
        nodes.add(node);
      }
    }
    graph.clearNode().addAllNode(nodes);
    Set<String> read = new HashSet<>();
    WeightFile.reads(graph.build(), read);
    int first = 0;
    for (Map.Entry<String, TensorProto> e : halves.entrySet()) {
      if (read.contains(e.getKey())) {
        graph.addNode(first++, cast(e.getValue().getName(), e.getKey()));
      }
    }
    WeightFile.replace(graph, halves.keySet(), halves.values());
    long bytes = file.write(to, model.toBuilder().setGraph(graph));
    return new Result(halves.size(), left, bytes);
  }

  private static boolean isLarge(TensorProto t) {
    return t.getDimsCount() == 2 && WeightFile.elements(t) >= LEAST_ELEMENTS;
  }

  /** The weight as f16, or null. */
  private static TensorProto half(TensorProto w, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float x : values) {
      if (!(Math.abs(x) <= MOST)) {
        return null;
      }
      bytes.putShort((short) Halves.floatToF16(x));
    }
    return TensorProto.newBuilder()
        .setName(w.getName() + "_f16")
        .setDataType(TensorProto.DataType.FLOAT16_VALUE)
        .addAllDims(w.getDimsList())
        .setRawData(ByteString.copyFrom(bytes.flip()))
        .build();
  }

  /** A Cast to f32. */
  static NodeProto cast(String from, String to) {
    return NodeProto.newBuilder()
        .setName(to + "_cast")
        .setOpType("Cast")
        .addInput(from)
        .addOutput(to)
        .addAttribute(Attr.of("to", DType.F32.onnxCode()))
        .build();
  }
}
