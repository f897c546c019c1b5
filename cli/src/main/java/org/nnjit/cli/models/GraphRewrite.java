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
 * A graph whose nodes are replaced by others that read codes of its weights. Graphs inside it, such as
 * branches of If, read its weights too: codes lie where the weight lay, once for all who read them.
 */
abstract class GraphRewrite {
  final WeightFile file;
  final List<TensorProto> added = new ArrayList<>();

  /** Names of weights that there are codes of. */
  final Set<String> coded = new HashSet<>();

  private final GraphProto graph;
  private final Set<String> names;
  private final Map<String, TensorProto> weights = new HashMap<>();
  private final List<NodeProto> nodes = new ArrayList<>();

  /** The graph of a file's model. */
  GraphRewrite(WeightFile file) {
    this(file, file.model().getGraph(), new HashSet<>());
    WeightFile.names(graph, names);
  }

  /** A graph inside another. */
  GraphRewrite(GraphRewrite outer, GraphProto graph) {
    this(outer.file, graph, outer.names);
  }

  private GraphRewrite(WeightFile file, GraphProto graph, Set<String> names) {
    this.file = file;
    this.graph = graph;
    this.names = names;
    graph.getInitializerList().forEach(t -> weights.put(t.getName(), t));
  }

  /** The same for a graph inside this one. */
  abstract GraphRewrite inside(GraphProto graph);

  /** Adds nodes in a node's place, or returns false to keep it. */
  abstract boolean replaces(NodeProto node) throws IOException;

  /** The graph with codes. Weights that none of its nodes reads any more are gone. */
  final GraphProto rewritten() throws IOException {
    for (NodeProto node : graph.getNodeList()) {
      NodeProto n = withInnerGraphs(node);
      if (!replaces(n)) {
        nodes.add(n);
      }
    }
    GraphProto.Builder out = graph.toBuilder().clearNode().addAllNode(nodes);
    Set<String> read = new HashSet<>();
    WeightFile.reads(out.build(), read);
    Set<String> gone = new HashSet<>(coded);
    gone.removeAll(read);
    WeightFile.replace(out, gone, added);
    return out.build();
  }

  private NodeProto withInnerGraphs(NodeProto node) throws IOException {
    NodeProto.Builder out = node.toBuilder();
    for (AttributeProto.Builder a : out.getAttributeBuilderList()) {
      if (a.hasG()) {
        a.setG(inside(a.getG()).rewritten());
      }
      for (int i = 0; i < a.getGraphsCount(); i++) {
        a.setGraphs(i, inside(a.getGraphs(i)).rewritten());
      }
    }
    return out.build();
  }

  /** A tensor that this graph itself holds, or null. */
  final TensorProto weight(String name) {
    return weights.get(name);
  }

  static boolean isMatrix(TensorProto w) {
    return w.getDataType() == TensorProto.DataType.FLOAT_VALUE
        && w.getDimsCount() == 2
        && WeightFile.elements(w) > 0;
  }

  final void add(NodeProto node) {
    nodes.add(node);
  }

  final void add(String type, List<String> inputs, String... outputs) {
    nodes.add(
        NodeProto.newBuilder()
            .setName(outputs[0] + "_" + type)
            .setOpType(type)
            .addAllInput(inputs)
            .addAllOutput(List.of(outputs))
            .build());
  }

  /** A name that the model does not have. */
  final String fresh(String name) {
    String free = name;
    for (int i = 1; !names.add(free); i++) {
      free = name + "_" + i;
    }
    return free;
  }

  /**
   * A product with a matrix, {@code y = x w + bias}.
   *
   * @param turned whether the transpose of w is meant
   * @param bias "" where there is none
   */
  record Product(String x, String w, boolean turned, String bias, String y) {
    /** The product that a node is, MatMul or Gemm, or null. */
    static Product of(NodeProto node) {
      boolean gemm = node.getOpType().equals("Gemm") && isPlain(node);
      if (!node.getDomain().isEmpty() || !gemm && !node.getOpType().equals("MatMul")) {
        return null;
      }
      return new Product(
          node.getInput(0), node.getInput(1), gemm && attribute(node, "transB", 0) != 0,
          node.getInputCount() > 2 ? node.getInput(2) : "", node.getOutput(0));
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
  }
}
