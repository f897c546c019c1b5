package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nnjit.tensor.DType;

/**
 * Describes an ONNX graph node by node, named the way torch.onnx names things.
 *
 * <p>A writer stands in one module of the model; {@link #in} gives the writer of a submodule. Node
 * {@code /encoder/layer.0/attention/self/MatMul_1} yields value {@code
 * /encoder/layer.0/attention/self/MatMul_1_output_0}, and a weight of the same module is {@code
 * encoder.layer.0.attention.self.NAME}. Values are strings; every method returns the value it made.
 */
public final class GraphWriter {
  /** What the writers of all modules of one graph share. */
  private static final class Contents {
    final Map<String, Integer> names = new HashMap<>();
    final List<NodeProto.Builder> nodes = new ArrayList<>();
    final List<ValueInfoProto> inputs = new ArrayList<>();
    final List<ValueInfoProto> outputs = new ArrayList<>();
    final List<StoredTensor> weights = new ArrayList<>();
    final Map<String, Weight.Floats> trained = new HashMap<>();
    long parameters;
  }

  /** A weight of the file under its name. */
  record StoredTensor(String name, Weight weight) {}

  private final Contents contents;
  private final long seed;
  private final int opset;
  private final String scope;
  private final String module;

  /**
   * The writer of a new graph's root module.
   *
   * @param opset version of ONNX's operator set that the file imports
   * @param seed of all random weights
   */
  public GraphWriter(int opset, long seed) {
    this(new Contents(), seed, opset, "", "");
  }

  private GraphWriter(Contents contents, long seed, int opset, String scope, String module) {
    this.contents = contents;
    this.seed = seed;
    this.opset = opset;
    this.scope = scope;
    this.module = module;
  }

  /**
   * The same writer with trained values for what {@link #weight} and {@link #random} name.
   *
   * @param trained by full name
   */
  GraphWriter with(Map<String, Weight.Floats> trained) {
    contents.trained.putAll(trained);
    return this;
  }

  /** The writer of an inner graph, whose weights are those of the same names in this one. */
  GraphWriter inner() {
    return new GraphWriter(opset, seed).with(contents.trained);
  }

  /** Takes over the weights of an inner graph. */
  void takeWeights(GraphWriter inner) {
    contents.weights.addAll(inner.contents.weights);
    contents.parameters += inner.contents.parameters;
  }

  /** An inner graph as an attribute holds it: its nodes, and outputs in this order. */
  GraphProto innerGraph(String name, List<ValueInfoProto> outputs) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName(name).addAllOutput(outputs);
    contents.nodes.forEach(graph::addNode);
    return graph.build();
  }

  /** The writer of a submodule; nodes and weights both get its name. */
  public GraphWriter in(String child) {
    return in(child, child);
  }

  /**
   * The writer of a submodule whose weights are named otherwise than its nodes: torchvision has
   * nodes {@code /layer1/layer1.0/conv1/Conv} and weights {@code layer1.0.conv1.weight}.
   *
   * @param moduleChild what is added to the names of weights; may be empty
   */
  public GraphWriter in(String scopeChild, String moduleChild) {
    String weights =
        module.isEmpty() || moduleChild.isEmpty()
            ? module + moduleChild
            : module + "." + moduleChild;
    return new GraphWriter(
        contents, seed, opset, scope + "/" + scopeChild, weights.replace('/', '.'));
  }

  /**
   * The writer of a member of a torch.nn.Sequential: nodes {@code /features/features.3/...},
   * weights {@code features.3....}.
   *
   * @param list name of the sequence as its members' nodes repeat it
   */
  public GraphWriter item(String list, int index) {
    return in(list + "." + index, Integer.toString(index));
  }

  /**
   * Declares an input of the graph.
   *
   * @param dims each an Integer, or a String that names a symbolic dimension
   */
  public String input(String name, DType dtype, Object... dims) {
    return input(port(name, dtype, dims));
  }

  String input(ValueInfoProto port) {
    contents.inputs.add(port);
    return port.getName();
  }

  /** Makes a value an output of the graph, under this name from now on (as exporters do). */
  public String output(String value, String name, DType dtype, Object... dims) {
    return output(value, port(name, dtype, dims));
  }

  String output(String value, ValueInfoProto port) {
    String name = port.getName();
    for (NodeProto.Builder node : contents.nodes) {
      for (int i = 0; i < node.getInputCount(); i++) {
        if (node.getInput(i).equals(value)) {
          node.setInput(i, name);
        }
      }
      for (int i = 0; i < node.getOutputCount(); i++) {
        if (node.getOutput(i).equals(value)) {
          node.setOutput(i, name);
        }
      }
    }
    contents.outputs.add(port);
    return name;
  }

  private static ValueInfoProto port(String name, DType dtype, Object... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Object dim : dims) {
      TensorShapeProto.Dimension.Builder d = shape.addDimBuilder();
      if (dim instanceof Integer extent) {
        d.setDimValue(extent);
      } else {
        d.setDimParam((String) dim);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(dtype.onnxCode()).setShape(shape)))
        .build();
  }

  /** A trained parameter with values {@code mean + deviation * normal}. */
  public String weight(String name, double mean, double deviation, long... dims) {
    return parameter(name, random(name, mean, deviation, dims));
  }

  /** The values that {@link #weight} with the same arguments stores: trained, or random ones. */
  Weight.Floats random(String name, double mean, double deviation, long... dims) {
    String full = weightName(name);
    if (contents.trained.isEmpty()) {
      return new Weight.Random(new Noise(seed, full), mean, deviation, dims);
    }
    Weight.Floats trained = contents.trained.get(full);
    if (trained == null || !Arrays.equals(trained.dims(), dims)) {
      throw new IllegalStateException(
          full + ": wanted trained values " + Arrays.toString(dims) + ", got "
              + (trained == null ? "none" : Arrays.toString(trained.dims())));
    }
    return trained;
  }

  /** A trained parameter with the given values. */
  String parameter(String name, Weight weight) {
    contents.parameters += weight.parameters();
    return stored(name, weight);
  }

  /**
   * A stored tensor that is not counted as a parameter: running statistics, a tied weight's copy.
   */
  String stored(String name, Weight weight) {
    String full = weightName(name);
    contents.weights.add(new StoredTensor(full, weight));
    return full;
  }

  private String weightName(String name) {
    return module.isEmpty() ? name : module + "." + name;
  }

  /** A node with one output. */
  public String node(String type, List<String> inputs, AttributeProto... attributes) {
    return node(1, type, inputs, attributes)[0];
  }

  /** A node of ONNX Runtime's own operators, with one output. */
  String contrib(String type, List<String> inputs, AttributeProto... attributes) {
    String value = node(type, inputs, attributes);
    contents.nodes.getLast().setDomain(Quantiser.DOMAIN);
    return value;
  }

  /** A node with several outputs. */
  public String[] node(
      int outputs, String type, List<String> inputs, AttributeProto... attributes) {
    String base = scope + "/" + type;
    int earlier = contents.names.merge(base, 1, Integer::sum) - 1;
    String name = earlier == 0 ? base : base + "_" + earlier;
    NodeProto.Builder node =
        NodeProto.newBuilder().addAllInput(inputs).setName(name).setOpType(type);
    String[] values = new String[outputs];
    for (int i = 0; i < outputs; i++) {
      values[i] = name + "_output_" + i;
      node.addOutput(values[i]);
    }
    node.addAllAttribute(List.of(attributes));
    contents.nodes.add(node);
    return values;
  }

  /** A node on values only. */
  public String op(String type, String... inputs) {
    return node(type, List.of(inputs));
  }

  /** A f32 scalar, as a Constant node. */
  public String scalar(float value) {
    return constant(DType.F32, new long[0], littleEndian(4).putFloat(value));
  }

  /** An i64 scalar, as a Constant node. */
  public String scalar(long value) {
    return constant(DType.I64, new long[0], littleEndian(8).putLong(value));
  }

  /** An i64 vector, as a Constant node. */
  public String ints(long... values) {
    ByteBuffer bytes = littleEndian(8 * values.length);
    for (long value : values) {
      bytes.putLong(value);
    }
    return constant(DType.I64, new long[] {values.length}, bytes);
  }

  /** Any tensor, as a Constant node. */
  public String constant(DType dtype, long[] dims, ByteBuffer bytes) {
    return node("Constant", List.of(), Attr.tensor("value", tensor(dtype, dims, bytes)));
  }

  static TensorProto tensor(DType dtype, long[] dims, ByteBuffer bytes) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(dtype.onnxCode());
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    return tensor.setRawData(ByteString.copyFrom(bytes.flip())).build();
  }

  static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Matrix product. */
  public String matMul(String a, String b) {
    return op("MatMul", a, b);
  }

  public String add(String a, String b) {
    return op("Add", a, b);
  }

  public String sub(String a, String b) {
    return op("Sub", a, b);
  }

  public String mul(String a, String b) {
    return op("Mul", a, b);
  }

  public String div(String a, String b) {
    return op("Div", a, b);
  }

  public String cast(String value, DType to) {
    return node("Cast", List.of(value), Attr.of("to", to.onnxCode()));
  }

  public String transpose(String value, long... perm) {
    return node("Transpose", List.of(value), Attr.of("perm", perm));
  }

  public String concat(int axis, List<String> values) {
    return node("Concat", values, Attr.of("axis", axis));
  }

  public String gather(String data, String indices, int axis) {
    return node("Gather", List.of(data, indices), Attr.of("axis", axis));
  }

  public String unsqueeze(String value, long axis) {
    return op("Unsqueeze", value, ints(axis));
  }

  public String softmax(String value) {
    return node("Softmax", List.of(value), Attr.of("axis", -1));
  }

  /** Mean over the last axis, which stays with extent 1. */
  public String meanLast(String value) {
    return node("ReduceMean", List.of(value), Attr.of("axes", new long[] {-1}));
  }

  /** One extent of a value as an i64 scalar: Shape, Gather. */
  public String dim(String value, int axis) {
    return gather(op("Shape", value), scalar((long) axis), 0);
  }

  /**
   * A shape vector from parts: Unsqueeze of each scalar value, Concat.
   *
   * @param parts each a String (an i64 scalar value) or an Integer
   */
  public String shape(Object... parts) {
    List<String> values = new ArrayList<>();
    for (Object part : parts) {
      values.add(part instanceof Integer extent ? ints(extent) : unsqueeze((String) part, 0));
    }
    return concat(0, values);
  }

  /** Reshape to parts as of {@link #shape}. */
  public String reshape(String value, Object... parts) {
    return op("Reshape", value, shape(parts));
  }

  /** Expand to a shape whose -1 keep the extent, as torch's expand is exported. */
  public String expand(String value, String shape) {
    String flat = op("Reshape", shape, ints(-1));
    String ones =
        node("ConstantOfShape", List.of(op("Shape", flat)), Attr.tensor("value", oneLong(1)));
    String keep = op("Equal", flat, mul(ones, scalar(-1L)));
    return op("Expand", value, op("Where", keep, ones, flat));
  }

  static TensorProto oneLong(long value) {
    return tensor(DType.I64, new long[] {1}, littleEndian(8).putLong(value));
  }

  /** A f32 tensor of a shape, one value everywhere: ConstantOfShape. */
  String full(String shape, float value) {
    TensorProto one = tensor(DType.F32, new long[] {1}, littleEndian(4).putFloat(value));
    return node("ConstantOfShape", List.of(shape), Attr.tensor("value", one));
  }

  int opset() {
    return opset;
  }

  /** Trained parameters declared so far. */
  public long parameters() {
    return contents.parameters;
  }

  List<NodeProto.Builder> nodes() {
    return contents.nodes;
  }

  List<StoredTensor> weights() {
    return contents.weights;
  }

  /** Declared inputs in order. */
  public List<ValueInfoProto> inputs() {
    return contents.inputs;
  }

  /** Declared outputs in order. */
  public List<ValueInfoProto> outputs() {
    return contents.outputs;
  }
}
