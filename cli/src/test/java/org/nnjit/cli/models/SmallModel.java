package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** A graph or subgraph of a few nodes written out for a test, with feeds. */
final class SmallModel {
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("small");
  final Map<String, Tensor> feeds = new LinkedHashMap<>();
  private int names;

  /** Adds a fed input; null adds none. Returns its name, or "" for null. */
  String feed(String name, Tensor t) {
    if (t == null) {
      return "";
    }
    feeds.put(name, t);
    return input(name, t.type());
  }

  /** A fed input whose dimensions the file leaves open. */
  String feedOfAnyShape(String name, Tensor t) {
    feeds.put(name, t);
    graph.addInput(port(name, t.type()));
    graph
        .getInputBuilder(graph.getInputCount() - 1)
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .clearShape();
    return name;
  }

  /** Adds an input of a subgraph. */
  String input(String name, TensorType type) {
    graph.addInput(port(name, type));
    return name;
  }

  /** Adds a constant; null adds none. Returns its name, or "" for null. */
  String weight(String name, Tensor t) {
    if (t == null) {
      return "";
    }
    TensorProto.Builder proto =
        TensorProto.newBuilder().setName(name).setDataType(t.dtype().onnxCode());
    Arrays.stream(t.shape().dims()).forEach(proto::addDims);
    graph.addInitializer(proto.setRawData(ByteString.copyFrom(t.bytes())));
    return name;
  }

  /** Adds an output; subgraphs must say of what type. */
  SmallModel output(String name, TensorType type) {
    graph.addOutput(type == null ? ValueInfoProto.newBuilder().setName(name).build()
        : port(name, type));
    return this;
  }

  private static ValueInfoProto port(String name, TensorType type) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (int d : type.shape().dims()) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    TypeProto.Tensor tensor =
        TypeProto.Tensor.newBuilder().setElemType(type.dtype().onnxCode()).setShape(shape).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  /** Adds a node of ONNX's own with one output; returns its name. */
  String node(String type, Map<String, Object> attributes, String... inputs) {
    String output = type.toLowerCase() + names++;
    node("", type, attributes, List.of(inputs), List.of(output));
    return output;
  }

  String node(String type, String... inputs) {
    return node(type, Map.of(), inputs);
  }

  void node(
      String domain,
      String type,
      Map<String, Object> attributes,
      List<String> inputs,
      List<String> outputs) {
    NodeProto.Builder node =
        NodeProto.newBuilder()
            .setName(outputs.get(0))
            .setDomain(domain)
            .setOpType(type)
            .addAllInput(inputs)
            .addAllOutput(outputs);
    attributes.forEach((name, value) -> node.addAttribute(attribute(name, value)));
    graph.addNode(node);
  }

  private static AttributeProto attribute(String name, Object value) {
    AttributeProto.Builder a = AttributeProto.newBuilder().setName(name);
    switch (value) {
      case Integer i -> a.setType(AttributeType.INT).setI(i);
      case Double d -> a.setType(AttributeType.FLOAT).setF(d.floatValue());
      case String s -> a.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(s));
      case SmallModel m -> a.setType(AttributeType.GRAPH).setG(m.graph);
      case int[] ints -> {
        a.setType(AttributeType.INTS);
        Arrays.stream(ints).forEach(a::addInts);
      }
      default -> throw new IllegalArgumentException(name + " is " + value);
    }
    return a.build();
  }

  /** The file. */
  byte[] bytes(int opset) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
        .addOpsetImport(
            OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  /** Nodes, for a message. */
  @Override
  public String toString() {
    List<String> lines = new ArrayList<>();
    graph.getNodeList().forEach(n -> lines.add(n.toString()));
    feeds.forEach((name, t) -> lines.add(name + ": " + t));
    return String.join("\n", lines);
  }

  static Tensor random(Random random, int... dims) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }

  /** The numbers of a tensor, rounded to another type. */
  static Tensor as(DType type, Tensor t) {
    Tensor rounded = Tensor.zeros(type, t.shape());
    for (int i = 0; i < t.elements(); i++) {
      rounded.setDouble(i, t.getDouble(i));
    }
    return rounded;
  }

  /** Integers of this type. */
  static Tensor ints(DType type, int[] dims, long... values) {
    Tensor t = Tensor.zeros(type, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setLong(i, values[i]);
    }
    return t;
  }

  /** A scalar. */
  static Tensor scalar(DType type, long value) {
    return ints(type, new int[0], value);
  }
}
