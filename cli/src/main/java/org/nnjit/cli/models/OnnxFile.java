package org.nnjit.cli.models;

import static com.google.protobuf.CodedOutputStream.computeMessageSize;
import static com.google.protobuf.CodedOutputStream.computeStringSize;
import static com.google.protobuf.CodedOutputStream.computeTagSize;
import static com.google.protobuf.CodedOutputStream.computeUInt64SizeNoTag;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.ValueInfoProto;

/**
 * Streams a described graph into an ONNX file.
 *
 * <p>All lengths are computed first, so nodes are serialised from memory while weights are computed
 * and written in pieces of 64 KiB: memory does not grow with the weights. Fields are written in the
 * order of their numbers, as protobuf does: {@code ModelProto { ir_version, producer_name, graph {
 * node*, name, initializer* { dims, data_type, name, raw_data }, input*, output* }, opset_import*
 * }}.
 */
final class OnnxFile {
  private static final int CHUNK_BYTES = 1 << 16;
  private static final String PRODUCER = "nnjit-models";

  private final String graphName;
  private final List<OperatorSetIdProto> opsets = new ArrayList<>();
  private final int irVersion;
  private final List<NodeProto> nodes = new ArrayList<>();
  private final List<GraphWriter.StoredTensor> weights;
  private final List<ValueInfoProto> inputs;
  private final List<ValueInfoProto> outputs;
  private final long graphBytes;

  OnnxFile(String graphName, GraphWriter graph) {
    this.graphName = graphName;
    opsets.add(OperatorSetIdProto.newBuilder().setDomain("").setVersion(graph.opset()).build());
    // The IR versions that PyTorch writes: 6 with opset 11-12, 7 with 13-14, 8 from 15.
    this.irVersion = graph.opset() >= 15 ? 8 : graph.opset() >= 13 ? 7 : 6;
    for (NodeProto.Builder node : graph.nodes()) {
      nodes.add(node.build());
    }
    if (nodes.stream().anyMatch(n -> n.getDomain().equals(Quantiser.DOMAIN))) {
      opsets.add(
          OperatorSetIdProto.newBuilder().setDomain(Quantiser.DOMAIN).setVersion(1).build());
    }
    this.weights = graph.weights();
    this.inputs = graph.inputs();
    this.outputs = graph.outputs();
    this.graphBytes = computeGraphBytes();
  }

  /** Size of the whole file. */
  long bytes() {
    return CodedOutputStream.computeInt64Size(ModelProto.IR_VERSION_FIELD_NUMBER, irVersion)
        + computeStringSize(ModelProto.PRODUCER_NAME_FIELD_NUMBER, PRODUCER)
        + computeTagSize(ModelProto.GRAPH_FIELD_NUMBER)
        + computeUInt64SizeNoTag(graphBytes)
        + graphBytes
        + opsets.stream()
            .mapToLong(o -> computeMessageSize(ModelProto.OPSET_IMPORT_FIELD_NUMBER, o))
            .sum();
  }

  private long computeGraphBytes() {
    long bytes = computeStringSize(GraphProto.NAME_FIELD_NUMBER, graphName);
    for (NodeProto node : nodes) {
      bytes += computeMessageSize(GraphProto.NODE_FIELD_NUMBER, node);
    }
    for (GraphWriter.StoredTensor stored : weights) {
      long tensor = tensorBytes(stored);
      bytes +=
          computeTagSize(GraphProto.INITIALIZER_FIELD_NUMBER)
              + computeUInt64SizeNoTag(tensor)
              + tensor;
    }
    for (ValueInfoProto input : inputs) {
      bytes += computeMessageSize(GraphProto.INPUT_FIELD_NUMBER, input);
    }
    for (ValueInfoProto output : outputs) {
      bytes += computeMessageSize(GraphProto.OUTPUT_FIELD_NUMBER, output);
    }
    return bytes;
  }

  private static TensorProto header(GraphWriter.StoredTensor stored) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setDataType(stored.weight().dtype().onnxCode())
            .setName(stored.name());
    for (long dim : stored.weight().dims()) {
      tensor.addDims(dim);
    }
    return tensor.build();
  }

  private static long tensorBytes(GraphWriter.StoredTensor stored) {
    long raw = rawBytes(stored.weight());
    return header(stored).getSerializedSize()
        + computeTagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
        + computeUInt64SizeNoTag(raw)
        + raw;
  }

  private static long rawBytes(Weight weight) {
    return weight.elements() * weight.dtype().bytes();
  }

  /**
   * Writes the file.
   *
   * @param progress told the number of bytes of weights written so far, now and then
   */
  void write(OutputStream to, LongConsumer progress) throws IOException {
    CodedOutputStream out = CodedOutputStream.newInstance(to, CHUNK_BYTES);
    out.writeInt64(ModelProto.IR_VERSION_FIELD_NUMBER, irVersion);
    out.writeString(ModelProto.PRODUCER_NAME_FIELD_NUMBER, PRODUCER);
    lengthPrefix(out, ModelProto.GRAPH_FIELD_NUMBER, graphBytes);
    for (NodeProto node : nodes) {
      out.writeMessage(GraphProto.NODE_FIELD_NUMBER, node);
    }
    out.writeString(GraphProto.NAME_FIELD_NUMBER, graphName);
    long written = 0;
    for (GraphWriter.StoredTensor stored : weights) {
      lengthPrefix(out, GraphProto.INITIALIZER_FIELD_NUMBER, tensorBytes(stored));
      header(stored).writeTo(out);
      written = raw(out, stored.weight(), written, progress);
    }
    for (ValueInfoProto input : inputs) {
      out.writeMessage(GraphProto.INPUT_FIELD_NUMBER, input);
    }
    for (ValueInfoProto output : outputs) {
      out.writeMessage(GraphProto.OUTPUT_FIELD_NUMBER, output);
    }
    for (OperatorSetIdProto opset : opsets) {
      out.writeMessage(ModelProto.OPSET_IMPORT_FIELD_NUMBER, opset);
    }
    out.flush();
  }

  private static long raw(CodedOutputStream out, Weight weight, long before, LongConsumer progress)
      throws IOException {
    long elements = weight.elements();
    long written = before;
    lengthPrefix(out, TensorProto.RAW_DATA_FIELD_NUMBER, rawBytes(weight));
    // Units are powers of two, so that a chunk holds a whole number of them.
    ByteBuffer chunk = GraphWriter.littleEndian(CHUNK_BYTES);
    int unit = weight.unit();
    for (long i = 0; i < elements; i += unit) {
      weight.put(i, chunk);
      if (!chunk.hasRemaining() || i + unit == elements) {
        out.writeRawBytes(chunk.array(), 0, chunk.position());
        written += chunk.position();
        progress.accept(written);
        chunk.clear();
      }
    }
    return written;
  }

  /**
   * Identifies the file's contents without computing them: a hash of all nodes and, of every
   * weight, name, dimensions and nine pieces.
   */
  String key() {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      for (NodeProto node : nodes) {
        hash.update(node.toByteArray());
      }
      for (GraphWriter.StoredTensor stored : weights) {
        hash.update(header(stored).toByteArray());
        Weight weight = stored.weight();
        int unit = weight.unit();
        long last = weight.elements() / unit - 1;
        ByteBuffer values = ByteBuffer.allocate(9 * unit * weight.dtype().bytes());
        for (int i = 0; i <= 8; i++) {
          weight.put(last * i / 8 * unit, values);
        }
        hash.update(values.flip());
      }
      return HexFormat.of().formatHex(hash.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void lengthPrefix(CodedOutputStream out, int field, long bytes)
      throws IOException {
    out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    out.writeUInt64NoTag(bytes);
  }
}
