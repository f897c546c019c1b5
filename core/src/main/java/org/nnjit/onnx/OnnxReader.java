package org.nnjit.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Reads a ModelProto into a graph. */
public final class OnnxReader {
  private static final int MIN_OPSET = 7;
  private static final int MAX_OPSET = 21;
  private static final int MOST_NESTED = 32;

  private final ByteSource source;
  private final Map<String, Integer> opsets = new TreeMap<>();
  private final Map<String, Constant> constants = new LinkedHashMap<>();
  private final Set<String> externalFiles = new LinkedHashSet<>();
  private final List<Node> nodes = new ArrayList<>();
  private final List<Port> inputs = new ArrayList<>();
  private final List<Port> outputs = new ArrayList<>();
  private String name = "";
  /** The reader of the whole model, which keeps all constants. */
  private final OnnxReader root;
  private final int depth;
  private int subgraphs;

  private OnnxReader(ByteSource source, OnnxReader around) {
    this.source = source;
    this.root = around == null ? this : around.root;
    this.depth = around == null ? 0 : around.depth + 1;
  }

  /**
   * Reads a model; large weights are only located.
   *
   * @throws ModelException when the bytes are no valid model or it needs what nnJIT lacks
   */
  public static Model read(ByteSource source) {
    refuseOtherFiles(source);
    return new OnnxReader(source, null).model();
  }

  /**
   * A model with the nodes of another ONNX file behind its own. They may name the model's values; an
   * output that they read is an output no more, and theirs follow the others.
   *
   * @param extension a small file without large weights; its opset holds for its own nodes
   * @throws ModelException when it is no valid ONNX file, or reads a value that nothing makes
   */
  public static Model extend(Model model, ByteSource extension) {
    OnnxReader r = new OnnxReader(extension, null);
    Wire w = Wire.of(extension, "extension");
    Wire graph = null;
    while (w.next()) {
      switch (w.field()) {
        case 7 -> graph = w.message("graph");
        case 8 -> r.opset(w.message("opset_import"));
        default -> w.skip();
      }
    }
    if (graph == null) {
      throw new ModelException("the extension has no graph");
    }
    r.graph(graph);
    Set<String> read = new HashSet<>();
    for (Node n : r.nodes) {
      read.addAll(n.reads());
    }
    Graph own = model.graph();
    List<Port> outputs = new ArrayList<>();
    for (Port p : own.outputs()) {
      if (!read.contains(p.name())) {
        outputs.add(p);
      }
    }
    outputs.addAll(r.outputs);
    r.inputs.addAll(0, own.inputs());
    r.nodes.addAll(0, own.nodes());
    own.constants().forEach(r::add);
    List<Node> sorted =
        TopologicalOrder.of(r.nodes, r.inputs, r.constants.keySet(), outputs, false);
    return new Model(
        new Graph(own.name(), r.inputs, outputs, sorted, r.constants),
        model.opsets(), model.producer(), model.metadata(), model.externalFiles());
  }

  private static void refuseOtherFiles(ByteSource source) {
    int n = (int) Math.min(64, source.size());
    if (n == 0) {
      throw new ModelException("the model file is empty (0 bytes), wanted an ONNX model");
    }
    byte[] head = new byte[n];
    source.read(0, head, 0, n);
    StringBuilder text = new StringBuilder();
    for (byte b : head) {
      text.append((char) (b & 0xff));
    }
    String start = text.toString();
    if (start.startsWith("version https://git-lfs")) {
      throw new ModelException(
          "this is a git-LFS pointer, not the model; fetch the file itself with 'git lfs pull'");
    }
    if (start.trim().startsWith("<")) {
      throw new ModelException(
          "this is an HTML or XML page, not an ONNX model; check the address it was loaded from");
    }
    if (start.startsWith("PK")) {
      throw new ModelException("this is a zip archive, not an ONNX model; unpack it first");
    }
  }

  private Model model() {
    String producer = "";
    Map<String, String> metadata = new TreeMap<>();
    List<Wire> graphs = new ArrayList<>();
    Wire w = Wire.of(source, "model");
    while (w.next()) {
      switch (w.field()) {
        case 2 -> producer = w.string();
        case 7 -> graphs.add(w.message("graph"));
        case 8 -> opset(w.message("opset_import"));
        case 14 -> entry(w.message("metadata_props"), metadata);
        case 25 -> throw new ModelException("model-local functions are not supported yet");
        default -> w.skip();
      }
    }
    if (graphs.size() != 1) {
      throw new ModelException(
          "not a valid ONNX model: " + graphs.size() + " graphs in the file, wanted 1");
    }
    Integer own = opsets.get("");
    if (own == null) {
      own = 1;
      opsets.put("", 1);
    }
    graph(graphs.get(0));
    if (own < MIN_OPSET || own > MAX_OPSET) {
      throw new ModelException(
          "the model uses opset " + own + ", nnJIT reads " + MIN_OPSET + " to " + MAX_OPSET
              + "; convert it with onnx.version_converter");
    }
    List<Port> fed = new ArrayList<>();
    for (Port p : inputs) {
      if (!constants.containsKey(p.name())) {
        fed.add(p);
      }
    }
    List<Node> sorted = TopologicalOrder.of(nodes, fed, constants.keySet(), outputs, false);
    Graph graph = new Graph(name, fed, outputs, sorted, constants);
    return new Model(graph, opsets, producer, metadata, externalFiles);
  }

  private void opset(Wire w) {
    String domain = "";
    long version = 0;
    while (w.next()) {
      switch (w.field()) {
        case 1 -> domain = w.string();
        case 2 -> version = w.number();
        default -> w.skip();
      }
    }
    opsets.put(plain(domain), (int) version);
  }

  private static String plain(String domain) {
    return domain.equals("ai.onnx") ? "" : domain;
  }

  private static void entry(Wire w, Map<String, String> into) {
    String key = "";
    String value = "";
    while (w.next()) {
      switch (w.field()) {
        case 1 -> key = w.string();
        case 2 -> value = w.string();
        default -> w.skip();
      }
    }
    into.put(key, value);
  }

  private void graph(Wire w) {
    while (w.next()) {
      switch (w.field()) {
        case 1 -> node(w.message("node"));
        case 2 -> name = w.string();
        case 5 -> initializer(w.message("initializer"));
        case 11 -> inputs.add(port(w.message("input")));
        case 12 -> outputs.add(port(w.message("output")));
        case 15 -> throw new ModelException("sparse initializers are not supported");
        default -> w.skip();
      }
    }
  }

  /**
   * The graph of an attribute. What it names gets a number behind its name, so that no name means
   * two values in the whole model; its constants become the model's.
   */
  private Graph subgraph(Wire w) {
    if (depth == MOST_NESTED) {
      throw new ModelException("graphs within graphs, more than " + MOST_NESTED + " deep");
    }
    OnnxReader inner = new OnnxReader(source, this);
    inner.graph(w);
    String suffix = "@" + ++root.subgraphs;
    Graph read =
        new Graph(
            inner.name,
            inner.inputs,
            inner.outputs,
            TopologicalOrder.of(
                inner.nodes, inner.inputs, inner.constants.keySet(), inner.outputs, true),
            Map.of());
    Map<String, String> names = new HashMap<>();
    for (Map.Entry<String, Constant> e : inner.constants.entrySet()) {
      names.put(e.getKey(), e.getKey() + suffix);
      root.add(e.getKey() + suffix, e.getValue());
    }
    for (Port p : inner.inputs) {
      names.put(p.name(), p.name() + suffix);
    }
    for (Node n : inner.nodes) {
      for (String output : n.outputs()) {
        names.put(output, output.isEmpty() ? output : output + suffix);
      }
    }
    return read.renamed(names);
  }

  private void initializer(Wire w) {
    TensorProto t = TensorProto.read(w);
    if (!t.isNibbles()) {
      add(t.name(), t.constant(source));
      return;
    }
    String packed = t.name() + "#packed";
    add(packed, t.packed(source));
    nodes.add(
        new Node(
            t.name(), "nnjit", "UnpackNibbles", 1, List.of(packed), List.of(t.name()),
            t.unpacking()));
  }

  private void add(String value, Constant c) {
    if (constants.put(value, c) != null) {
      throw new ModelException("value '" + value + "' is defined twice");
    }
    if (c instanceof Constant.Stored s && !s.file().isEmpty()) {
      root.externalFiles.add(s.file());
    }
  }

  private void node(Wire w) {
    List<String> in = new ArrayList<>();
    List<String> out = new ArrayList<>();
    String nodeName = "";
    String type = "";
    String domain = "";
    List<Wire> attributes = new ArrayList<>();
    while (w.next()) {
      switch (w.field()) {
        case 1 -> in.add(w.string());
        case 2 -> out.add(w.string());
        case 3 -> nodeName = w.string();
        case 4 -> type = w.string();
        case 5 -> attributes.add(w.message("attribute"));
        case 7 -> domain = plain(w.string());
        default -> w.skip();
      }
    }
    int opset = root.opsets.getOrDefault(domain, 1);
    Node bare = new Node(nodeName, domain, type, opset, in, out, Attributes.NONE);
    Map<String, Object> values = new TreeMap<>();
    Constant constant = null;
    for (Wire a : attributes) {
      Attribute attribute = Attribute.read(a, source, bare, this::subgraph);
      if (attribute.constant() != null && type.equals("Constant")) {
        constant = attribute.constant();
      } else if (attribute.value() != null) {
        values.put(attribute.name(), attribute.value());
      }
    }
    if (type.equals("Constant") && domain.isEmpty()) {
      if (out.size() != 1) {
        throw new ModelException(bare.label() + ": has " + out.size() + " outputs, wanted 1");
      }
      add(out.get(0), constant != null ? constant : constantOf(bare, values));
      return;
    }
    nodes.add(new Node(nodeName, domain, type, opset, in, out, Attributes.of(values)));
  }

  private static Constant constantOf(Node node, Map<String, Object> values) {
    Object v = values.size() == 1 ? values.values().iterator().next() : null;
    Tensor t =
        switch (v) {
          case Long l -> {
            Tensor one = Tensor.zeros(DType.I64, Shape.SCALAR);
            one.setLong(0, l);
            yield one;
          }
          case Attributes.Real r -> Tensor.scalar(DType.F32, r.value());
          case long[] l -> Tensor.ofLongs(Shape.of(l.length), l);
          case double[] d -> {
            Tensor all = Tensor.zeros(DType.F32, Shape.of(d.length));
            for (int i = 0; i < d.length; i++) {
              all.setDouble(i, d[i]);
            }
            yield all;
          }
          case null, default ->
              throw new ModelException(
                  node.label() + ": has no value nnJIT can read, wanted value, value_int(s) or"
                      + " value_float(s)");
        };
    return new Constant.Inline(t);
  }

  private static Port port(Wire w) {
    String portName = "";
    List<Dim> dims = null;
    int code = 0;
    boolean other = false;
    while (w.next()) {
      switch (w.field()) {
        case 1 -> portName = w.string();
        case 2 -> {
          Wire type = w.message("type");
          while (type.next()) {
            if (type.field() == 1) {
              Wire tensor = type.message("tensor_type");
              while (tensor.next()) {
                switch (tensor.field()) {
                  case 1 -> code = (int) tensor.number();
                  case 2 -> dims = dims(tensor.message("shape"));
                  default -> tensor.skip();
                }
              }
            } else {
              other |= type.field() != 6;
              type.skip();
            }
          }
        }
        default -> w.skip();
      }
    }
    DType dtype = DType.ofOnnx(code);
    if (other || (dtype == null && code != 0)) {
      throw new ModelException(
          "value '" + portName + "' is "
              + (other ? "a sequence, map or optional" : "of element type " + code)
              + ", nnJIT takes tensors of numbers and bools");
    }
    return new Port(portName, dtype, dims);
  }

  private static List<Dim> dims(Wire w) {
    List<Dim> dims = new ArrayList<>();
    while (w.next()) {
      if (w.field() != 1) {
        w.skip();
        continue;
      }
      Wire d = w.message("dim");
      Dim dim = Dim.symbolic("");
      while (d.next()) {
        switch (d.field()) {
          case 1 -> {
            long v = d.number();
            dim = v >= 0 && v <= Integer.MAX_VALUE ? Dim.of((int) v) : Dim.symbolic("");
          }
          case 2 -> dim = Dim.symbolic(d.string());
          default -> d.skip();
        }
      }
      dims.add(dim);
    }
    return dims;
  }
}
