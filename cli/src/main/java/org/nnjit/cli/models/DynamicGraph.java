package org.nnjit.cli.models;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;

/**
 * A graph in which {@link DynamicQuantiser} replaces products and lookups. Graphs inside it, such as
 * branches of If, read its weights too: codes lie where the weight lay, once for all who read them.
 */
final class DynamicGraph {
  /** What was done in a graph and in those inside it. */
  static final class Counts {
    int products;
    int lookups;
    int weights;
    final List<String> left = new ArrayList<>();
  }

  /** A value as u8: names of codes, scale and zero point. */
  private record Activation(String codes, String scale, String zero) {}

  private final DynamicQuantiser how;
  private final WeightFile file;
  private final DynamicGraph outer;
  private final GraphProto graph;
  private final Set<String> names;
  private final Counts counts;
  private final Map<String, TensorProto> weights = new HashMap<>();
  private final Map<ByteCodes.Form, ByteCodes> codes = new HashMap<>();
  private final Set<String> left = new HashSet<>();
  private final Map<String, Activation> activations = new HashMap<>();
  private final List<NodeProto> nodes = new ArrayList<>();
  private final List<TensorProto> added = new ArrayList<>();

  /** The graph of a file's model. */
  DynamicGraph(DynamicQuantiser how, WeightFile file) {
    this(how, file, null, file.model().getGraph(), new HashSet<>(), new Counts());
    WeightFile.names(graph, names);
  }

  private DynamicGraph(
      DynamicQuantiser how, WeightFile file, DynamicGraph outer, GraphProto graph,
      Set<String> names, Counts counts) {
    this.how = how;
    this.file = file;
    this.outer = outer;
    this.graph = graph;
    this.names = names;
    this.counts = counts;
    graph.getInitializerList().forEach(t -> weights.put(t.getName(), t));
  }

  Counts counts() {
    return counts;
  }

  /** The graph with codes. Weights that none of its nodes reads any more are gone. */
  GraphProto rewritten() throws IOException {
    for (NodeProto node : graph.getNodeList()) {
      rewrite(withInnerGraphs(node));
    }
    GraphProto.Builder out = graph.toBuilder().clearNode().addAllNode(nodes);
    Set<String> gone = new HashSet<>();
    codes.keySet().forEach(form -> gone.add(form.weight()));
    counts.weights += gone.size();
    Set<String> read = new HashSet<>();
    WeightFile.reads(out.build(), read);
    gone.removeAll(read);
    WeightFile.replace(out, gone, added);
    return out.build();
  }

  private NodeProto withInnerGraphs(NodeProto node) throws IOException {
    NodeProto.Builder out = node.toBuilder();
    for (AttributeProto.Builder a : out.getAttributeBuilderList()) {
      if (a.hasG()) {
        a.setG(inner(a.getG()));
      }
      for (int i = 0; i < a.getGraphsCount(); i++) {
        a.setGraphs(i, inner(a.getGraphs(i)));
      }
    }
    return out.build();
  }

  private GraphProto inner(GraphProto inside) throws IOException {
    return new DynamicGraph(how, file, this, inside, names, counts).rewritten();
  }

  private void rewrite(NodeProto node) throws IOException {
    boolean isGemm = node.getOpType().equals("Gemm") && isPlain(node);
    ByteCodes w = null;
    if (!node.getDomain().isEmpty()) {
      // An operator of that name, but not ONNX's.
    } else if (node.getOpType().equals("Gather")) {
      w = codesOf(node.getInput(0), false, false, true);
    } else if (node.getOpType().equals("MatMul") || isGemm) {
      boolean turned = isGemm && attribute(node, "transB", 0) != 0;
      w = codesOf(node.getInput(1), turned, how.perChannel(), how.unsigned());
    }
    if (w == null) {
      nodes.add(node);
    } else if (node.getOpType().equals("Gather")) {
      String picked = fresh(node.getOutput(0) + "_quantized");
      nodes.add(node.toBuilder().setInput(0, w.codes().getName()).setOutput(0, picked).build());
      List<String> picks = List.of(picked, w.scale().getName(), w.zero().getName());
      node("DequantizeLinear", picks, node.getOutput(0));
      counts.lookups++;
    } else {
      String y = node.getOutput(0);
      String bias = node.getInputCount() > 2 ? node.getInput(2) : "";
      if (bias.isEmpty()) {
        product(node.getInput(0), w, y);
      } else {
        String product = fresh(y + "_MatMul");
        product(node.getInput(0), w, product);
        node("Add", List.of(product, bias), y);
      }
      counts.products++;
    }
  }

  /** Whether a Gemm is {@code A B + C} with B as it is or turned. */
  private static boolean isPlain(NodeProto gemm) {
    return attribute(gemm, "alpha", 1) == 1
        && attribute(gemm, "beta", 1) == 1
        && attribute(gemm, "transA", 0) == 0;
  }

  private static double attribute(NodeProto node, String name, double otherwise) {
    for (AttributeProto a : node.getAttributeList()) {
      if (a.getName().equals(name)) {
        return a.getType() == AttributeProto.AttributeType.FLOAT ? a.getF() : a.getI();
      }
    }
    return otherwise;
  }

  /** Adds {@code y = x w}. */
  private void product(String x, ByteCodes w, String y) {
    Activation a = activations.get(x);
    for (DynamicGraph g = outer; a == null && g != null; g = g.outer) {
      a = g.activations.get(x);
    }
    if (a == null) {
      a = new Activation(fresh(x + "_quantized"), fresh(x + "_scale"), fresh(x + "_zero_point"));
      node("DynamicQuantizeLinear", List.of(x), a.codes(), a.scale(), a.zero());
      activations.put(x, a);
    }
    String sums = fresh(y + "_output_quantized");
    List<String> factors = List.of(a.codes(), w.codes().getName(), a.zero(), w.zero().getName());
    node("MatMulInteger", factors, sums);
    String floats = fresh(y + "_cast_output");
    nodes.add(HalfWriter.cast(sums, floats));
    String scale = fresh(y + "_scales_mul");
    node("Mul", List.of(a.scale(), w.scale().getName()), scale);
    node("Mul", List.of(floats, scale), y);
  }

  private void node(String type, List<String> inputs, String... outputs) {
    nodes.add(
        NodeProto.newBuilder()
            .setName(outputs[0] + "_" + type)
            .setOpType(type)
            .addAllInput(inputs)
            .addAllOutput(List.of(outputs))
            .build());
  }

  /** A name that the model does not have. */
  private String fresh(String name) {
    String free = name;
    for (int i = 1; !names.add(free); i++) {
      free = name + "_" + i;
    }
    return free;
  }

  /**
   * Codes of a matrix of this graph or of one around it, or null where the name is not one of an f32
   * matrix with finite numbers. There may be codes already of this form, of the other type: they are
   * as good.
   */
  private ByteCodes codesOf(String weight, boolean turned, boolean columns, boolean unsigned)
      throws IOException {
    TensorProto w = weights.get(weight);
    if (w == null) {
      return outer == null ? null : outer.codesOf(weight, turned, columns, unsigned);
    }
    if (w.getDataType() != TensorProto.DataType.FLOAT_VALUE
        || w.getDimsCount() != 2
        || WeightFile.elements(w) == 0
        || left.contains(weight)) {
      return null;
    }
    ByteCodes.Form form = new ByteCodes.Form(weight, turned, columns);
    if (codes.containsKey(form)) {
      return codes.get(form);
    }
    ByteCodes.Names three =
        new ByteCodes.Names(
            fresh(weight + "_quantized"), fresh(weight + "_scale"), fresh(weight + "_zero_point"));
    int n = Math.toIntExact(w.getDims(turned ? 0 : 1));
    ByteCodes made = ByteCodes.of(form, file.values(w), n, unsigned, three);
    if (made == null) {
      left.add(weight);
      counts.left.add(weight);
      return null;
    }
    codes.put(form, made);
    added.addAll(List.of(made.codes(), made.scale(), made.zero()));
    return made;
  }
}
