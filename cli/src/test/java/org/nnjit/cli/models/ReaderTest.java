package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** The reader against protobuf-java with ONNX's own schema: every name, attribute and tensor. */
class ReaderTest {
  private static final Set<String> CONSTANTS =
      Set.of("value", "value_int", "value_ints", "value_float", "value_floats");

  @TempDir Path dir;

  @Test
  void readsNodeTestsAsProtobufDoes() throws Exception {
    Path folder =
        Path.of(System.getProperty("nnjit.onnxTestData", "/usr/share/libonnx-testdata/data/node"));
    assumeTrue(Files.isDirectory(folder), "no ONNX node tests in " + folder);
    List<Path> tests;
    try (Stream<Path> all = Files.list(folder)) {
      tests = all.filter(d -> Files.exists(d.resolve("model.onnx"))).sorted().toList();
    }
    int read = 0;
    for (Path test : tests) {
      byte[] bytes = Files.readAllBytes(test.resolve("model.onnx"));
      if (check(test.getFileName().toString(), bytes)) {
        read++;
        checkTensors(test);
      }
    }
    assertTrue(read > tests.size() / 2, read + " of " + tests.size() + " models were read");
  }

  @Test
  void readsGeneratedModelsAsProtobufDoes() throws Exception {
    for (Model model : Models.all()) {
      if (model.isSmall()) {
        Path file = ModelFiles.write(model, dir, 1, bytes -> {});
        byte[] bytes = Files.readAllBytes(file);
        boolean isRead = check(model.name(), bytes);
        assertTrue(isRead || holdsGraphs(ModelProto.parseFrom(bytes)), model.name());
      }
    }
  }

  /** True when the model was read; one that needs what nnJIT lacks must be refused. */
  private static boolean check(String name, byte[] bytes) throws Exception {
    ModelProto model = ModelProto.parseFrom(bytes);
    ByteSource file = ByteSource.of(bytes);
    if (holdsGraphs(model)) {
      // Values of inner graphs get names of their own: ControlFlowTest compares what comes out.
      return false;
    }
    if (!isSupported(model)) {
      assertThrows(ModelException.class, () -> OnnxReader.read(file), name);
      return false;
    }
    GraphProto wanted = model.getGraph();
    Graph got = OnnxReader.read(file).graph();
    assertEquals(wanted.getName(), got.name(), name);
    Map<String, Tensor> constants = constants(wanted);
    assertEquals(constants.keySet(), new HashSet<>(got.constants().keySet()), name);
    constants.forEach(
        (value, tensor) ->
            same(
                name + " " + value,
                tensor,
                switch (got.constants().get(value)) {
                  case Constant.Inline i -> i.tensor();
                  case Constant.Stored s -> OnnxTensors.load(file, s);
                }));
    List<ValueInfoProto> fed =
        wanted.getInputList().stream().filter(p -> !constants.containsKey(p.getName())).toList();
    ports(name, fed, got.inputs());
    ports(name, wanted.getOutputList(), got.outputs());
    nodes(name, model, got.nodes());
    return true;
  }

  private static void checkTensors(Path test) throws Exception {
    try (Stream<Path> all = Files.walk(test)) {
      for (Path p : all.filter(f -> f.toString().endsWith(".pb")).toList()) {
        byte[] bytes = Files.readAllBytes(p);
        TensorProto wanted = TensorProto.parseFrom(bytes);
        same(p.toString(), tensor(wanted), OnnxTensors.read(bytes));
        assertEquals(wanted.getName(), OnnxTensors.name(bytes), p.toString());
      }
    }
  }

  private static boolean holdsGraphs(ModelProto model) {
    return model.getGraph().getNodeList().stream()
        .flatMap(n -> n.getAttributeList().stream())
        .anyMatch(a -> a.getType() == AttributeType.GRAPH);
  }

  private static boolean isSupported(ModelProto model) {
    GraphProto graph = model.getGraph();
    boolean fits = model.getFunctionsCount() == 0 && graph.getSparseInitializerCount() == 0;
    long opset = 1;
    for (OperatorSetIdProto set : model.getOpsetImportList()) {
      boolean own = set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx");
      opset = own ? set.getVersion() : opset;
    }
    fits &= opset >= 7 && opset <= 21;
    List<ValueInfoProto> ports = new ArrayList<>(graph.getInputList());
    ports.addAll(graph.getOutputList());
    for (ValueInfoProto port : ports) {
      int code = port.getType().getTensorType().getElemType();
      boolean typed = port.getType().hasTensorType() && DType.ofOnnx(code) != null;
      fits &= !port.hasType() || typed;
    }
    for (NodeProto node : graph.getNodeList()) {
      boolean constant = node.getOpType().equals("Constant") && node.getDomain().isEmpty();
      for (AttributeProto a : node.getAttributeList()) {
        AttributeType type = a.getType();
        fits &= type != AttributeType.GRAPHS;
        fits &= !constant || CONSTANTS.contains(a.getName());
        fits &= type != AttributeType.TENSOR || DType.ofOnnx(a.getT().getDataType()) != null;
      }
    }
    return fits;
  }

  private static void ports(String name, List<ValueInfoProto> wanted, List<Port> got) {
    assertEquals(wanted.stream().map(ReaderTest::port).toList(), got, name);
  }

  private static Port port(ValueInfoProto p) {
    DType dtype = DType.ofOnnx(p.getType().getTensorType().getElemType());
    if (!p.getType().getTensorType().hasShape()) {
      return new Port(p.getName(), dtype, null);
    }
    List<Dim> dims = new ArrayList<>();
    for (TensorShapeProto.Dimension d : p.getType().getTensorType().getShape().getDimList()) {
      dims.add(
          d.hasDimValue() ? Dim.of(Math.toIntExact(d.getDimValue())) : Dim.symbolic(d.getDimParam()));
    }
    return new Port(p.getName(), dtype, dims);
  }

  private static boolean isConstant(NodeProto node) {
    return node.getOpType().equals("Constant") && node.getDomain().isEmpty();
  }

  private static Map<String, Tensor> constants(GraphProto graph) {
    Map<String, Tensor> constants = new LinkedHashMap<>();
    for (TensorProto t : graph.getInitializerList()) {
      constants.put(t.getName(), tensor(t));
    }
    for (NodeProto node : graph.getNodeList()) {
      if (isConstant(node)) {
        AttributeProto a = node.getAttribute(0);
        Tensor value =
            switch (a.getType()) {
              case TENSOR -> tensor(a.getT());
              case INT -> longs(Shape.SCALAR, List.of(a.getI()));
              case INTS -> longs(Shape.of(a.getIntsCount()), a.getIntsList());
              case FLOAT -> floats(Shape.SCALAR, List.of(a.getF()));
              case FLOATS -> floats(Shape.of(a.getFloatsCount()), a.getFloatsList());
              default -> throw new IllegalStateException(a.toString());
            };
        constants.put(node.getOutput(0), value);
      }
    }
    return constants;
  }

  private static void nodes(String name, ModelProto model, List<Node> got) {
    Map<String, Integer> opsets = new TreeMap<>();
    for (OperatorSetIdProto set : model.getOpsetImportList()) {
      String domain = set.getDomain().equals("ai.onnx") ? "" : set.getDomain();
      opsets.put(domain, Math.toIntExact(set.getVersion()));
    }
    // The reader may order nodes anew: each is found by its outputs.
    Map<List<String>, Node> byOutputs = new LinkedHashMap<>();
    got.forEach(n -> byOutputs.put(n.outputs(), n));
    int count = 0;
    for (NodeProto wanted : model.getGraph().getNodeList()) {
      if (isConstant(wanted)) {
        continue;
      }
      count++;
      Node node = byOutputs.get(wanted.getOutputList());
      String domain = wanted.getDomain().equals("ai.onnx") ? "" : wanted.getDomain();
      assertEquals(wanted.getOpType(), node.type(), name);
      assertEquals(domain, node.domain(), name);
      assertEquals(wanted.getName(), node.name(), name);
      assertEquals(wanted.getInputList(), node.inputs(), name);
      assertEquals(opsets.getOrDefault(domain, 1), node.opset(), name);
      attributes(name + " " + node.label(), wanted, node.attributes());
    }
    assertEquals(count, got.size(), name);
  }

  private static void attributes(String where, NodeProto node, Attributes got) {
    Map<String, Object> wanted = new TreeMap<>();
    for (AttributeProto a : node.getAttributeList()) {
      wanted.put(
          a.getName(),
          switch (a.getType()) {
            case FLOAT -> (double) a.getF();
            case INT -> a.getI();
            case STRING -> a.getS().toStringUtf8();
            case TENSOR -> tensor(a.getT());
            case FLOATS -> a.getFloatsList().stream().mapToDouble(f -> f).toArray();
            case INTS -> a.getIntsList().stream().mapToLong(i -> i).toArray();
            case STRINGS ->
                a.getStringsList().stream().map(ByteString::toStringUtf8).toArray(String[]::new);
            default -> throw new IllegalStateException(where + ": " + a);
          });
    }
    assertEquals(new TreeSet<>(wanted.keySet()), new TreeSet<>(got.names()), where);
    assertEquals(Attributes.of(wanted).toString(), got.toString(), where);
    wanted.forEach(
        (name, value) -> {
          if (value instanceof Tensor t) {
            same(where + " " + name, t, got.getTensor(name)); // text shows its first elements only
          }
        });
  }

  private static void same(String where, Tensor wanted, Tensor got) {
    assertEquals(wanted.type(), got.type(), where);
    assertArrayEquals(wanted.bytes(), got.bytes(), where);
  }

  private static Tensor longs(Shape shape, List<Long> values) {
    ByteBuffer bytes = buffer(8 * values.size());
    values.forEach(bytes::putLong);
    return new Tensor(DType.I64, shape, bytes.array());
  }

  private static Tensor floats(Shape shape, List<Float> values) {
    ByteBuffer bytes = buffer(4 * values.size());
    values.forEach(bytes::putFloat);
    return new Tensor(DType.F32, shape, bytes.array());
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The tensor as onnx.proto describes the fields that may hold its data. */
  private static Tensor tensor(TensorProto t) {
    DType dtype = DType.ofOnnx(t.getDataType());
    int[] dims = t.getDimsList().stream().mapToInt(Math::toIntExact).toArray();
    Shape shape = Shape.of(dims);
    ByteBuffer bytes = buffer(Math.toIntExact(shape.elements() * dtype.bytes()));
    if (t.hasRawData()) {
      t.getRawData().copyTo(bytes.array(), 0);
      return new Tensor(dtype, shape, bytes.array());
    }
    t.getFloatDataList().forEach(bytes::putFloat);
    t.getDoubleDataList().forEach(bytes::putDouble);
    t.getInt64DataList().forEach(bytes::putLong);
    for (int i : t.getInt32DataList()) {
      switch (dtype.bytes()) {
        case 1 -> bytes.put((byte) i);
        case 2 -> bytes.putShort((short) i);
        default -> bytes.putInt(i);
      }
    }
    for (long l : t.getUint64DataList()) {
      if (dtype.bytes() == 4) {
        bytes.putInt((int) l);
      } else {
        bytes.putLong(l);
      }
    }
    assertEquals(0, bytes.remaining(), t.getName());
    return new Tensor(dtype, shape, bytes.array());
  }
}
