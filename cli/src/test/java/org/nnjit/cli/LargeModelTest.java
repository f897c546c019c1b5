package org.nnjit.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.onnx.OnnxReader;

/** Offsets beyond 2 GiB, in the model's own file and in files with weights beside it. */
class LargeModelTest {
  @TempDir Path work;

  /** What follows a weight of 3 GiB in the file is read, and the weight is only located. */
  @Test
  void whatFollowsALargeWeightIsRead() throws Exception {
    long hole = 3L << 30;
    TensorProto header =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(1)
            .addAllDims(List.of(hole / 4096, 1024L))
            .build();
    ByteArrayOutputStream tensor = new ByteArrayOutputStream();
    header.writeTo(tensor);
    prefix(tensor, TensorProto.RAW_DATA_FIELD_NUMBER, hole);
    TensorProto small =
        TensorProto.newBuilder().setName("b").setDataType(1).addDims(1).addFloatData(7).build();
    GraphProto rest =
        GraphProto.newBuilder()
            .addInitializer(small)
            .addNode(NodeProto.newBuilder().setOpType("Relu").addInput("b").addOutput("y"))
            .addOutput(ValueInfoProto.newBuilder().setName("y"))
            .build();
    ByteArrayOutputStream start = new ByteArrayOutputStream();
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    prefix(graph, GraphProto.INITIALIZER_FIELD_NUMBER, tensor.size() + hole);
    graph.write(tensor.toByteArray());
    long graphBytes = graph.size() + hole + rest.getSerializedSize();
    prefix(start, ModelProto.GRAPH_FIELD_NUMBER, graphBytes);
    start.write(graph.toByteArray());
    ByteArrayOutputStream end = new ByteArrayOutputStream();
    rest.writeTo(end);
    ModelProto.newBuilder().addOpsetImport(opset()).build().writeTo(end);
    Model model = OnnxReader.read(withHole(start.toByteArray(), hole, end.toByteArray()));
    Constant.Stored w = (Constant.Stored) model.graph().constants().get("w");
    assertEquals(start.size(), w.offset());
    assertEquals(hole, w.type().bytes());
    Constant.Inline b = (Constant.Inline) model.graph().constants().get("b");
    assertEquals(7, b.tensor().getDouble(0));
    assertEquals("Relu", model.graph().nodes().get(0).type());
    assertEquals(17, model.opsets().get(""));
  }

  @Test
  void weightsBesideTheModelAreReadWhereTheyLie() throws Exception {
    long offset = 5L << 30;
    Path file = model(offset);
    try (SeekableByteChannel out =
        Files.newByteChannel(
            work.resolve("w.bin"),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      ByteBuffer values = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < 4; i++) {
        values.putFloat(i + 0.5f);
      }
      out.position(offset).write(values.flip());
    }
    Constant w = CompiledModel.of(file, Map.of(), 3).compiled().graph().constants().get("w");
    for (int i = 0; i < 4; i++) {
      assertEquals(i + 0.5, ((Constant.Inline) w).tensor().getDouble(i));
    }
  }

  @Test
  void missingAndShortFilesAreNamed() throws Exception {
    Path file = model(8);
    assertTrue(refusal(file).contains("w.bin', which does not exist"));
    Files.write(work.resolve("w.bin"), new byte[16]);
    String message = refusal(file);
    assertTrue(message.contains("at byte 8 lie beyond the end of"), message);
    assertTrue(message.contains("which has 16 bytes"), message);
  }

  private static String refusal(Path file) {
    return assertThrows(ModelException.class, () -> CompiledModel.of(file, Map.of(), 3))
        .getMessage();
  }

  /** y = x [rows, 2] times w [2, 2], which lies in {@code w.bin}. */
  private Path model(long offset) throws IOException {
    GraphProto graph =
        GraphProto.newBuilder()
            .addInput(port("x"))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("w")
                    .setDataType(1)
                    .addAllDims(List.of(2L, 2L))
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", "w.bin"))
                    .addExternalData(entry("offset", Long.toString(offset))))
            .addNode(
                NodeProto.newBuilder()
                    .setOpType("MatMul")
                    .addInput("x")
                    .addInput("w")
                    .addOutput("y"))
            .addOutput(port("y"))
            .build();
    ModelProto model = ModelProto.newBuilder().setGraph(graph).addOpsetImport(opset()).build();
    return Files.write(work.resolve("model.onnx"), model.toByteArray());
  }

  private static ValueInfoProto port(String name) {
    TensorShapeProto shape =
        TensorShapeProto.newBuilder()
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("rows"))
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(2))
            .build();
    TypeProto.Tensor type = TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static OperatorSetIdProto opset() {
    return OperatorSetIdProto.newBuilder().setDomain("").setVersion(17).build();
  }

  private static void prefix(ByteArrayOutputStream to, int field, long bytes) throws IOException {
    CodedOutputStream out = CodedOutputStream.newInstance(to);
    out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    out.writeUInt64NoTag(bytes);
    out.flush();
  }

  /** A file of a start, zeros that nobody holds, and an end. */
  private static ByteSource withHole(byte[] start, long hole, byte[] end) {
    return new ByteSource() {
      @Override
      public long size() {
        return start.length + hole + end.length;
      }

      @Override
      public void read(long offset, byte[] into, int at, int length) {
        for (int i = 0; i < length; i++) {
          long behind = offset + i - start.length - hole;
          boolean inHole = offset + i >= start.length && behind < 0;
          into[at + i] = inHole ? 0 : behind < 0 ? start[(int) (offset + i)] : end[(int) behind];
        }
      }
    };
  }
}
