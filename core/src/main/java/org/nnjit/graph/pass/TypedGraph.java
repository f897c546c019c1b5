package org.nnjit.graph.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Node;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.graph.op.Operators;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * A graph whose values all have concrete types, open to rewriting by passes. Nodes stay in
 * topological order.
 */
public final class TypedGraph {
  private final List<String> inputs;
  private final List<String> outputs;
  private final List<Node> nodes;
  private final Map<String, TensorType> types;
  private final Map<String, Constant> constants;
  private int fresh;

  TypedGraph(
      List<String> inputs,
      List<String> outputs,
      List<Node> nodes,
      Map<String, TensorType> types,
      Map<String, Constant> constants) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.nodes = new ArrayList<>(nodes);
    this.types = new LinkedHashMap<>(types);
    this.constants = new LinkedHashMap<>(constants);
  }

  public List<String> inputs() {
    return inputs;
  }

  public List<String> outputs() {
    return outputs;
  }

  public List<Node> nodes() {
    return nodes;
  }

  public Map<String, Constant> constants() {
    return constants;
  }

  public TensorType type(String value) {
    return types.get(value);
  }

  public Map<String, TensorType> types() {
    return types;
  }

  /** The value when it is a small constant, else null. */
  public Tensor known(String value) {
    return constants.get(value) instanceof Constant.Inline i ? i.tensor() : null;
  }

  /** The number when the value is a constant of one element, else NaN. */
  double scalar(String value) {
    Tensor t = known(value);
    return t != null && t.elements() == 1 ? t.getDouble(0) : Double.NaN;
  }

  /** What an operator sees of a node of this graph. */
  public OpContext context(Node node) {
    TensorType[] in = new TensorType[node.inputs().size()];
    Tensor[] values = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = types.get(node.inputs().get(i));
      values[i] = known(node.inputs().get(i));
    }
    return new OpContext(node, in, values);
  }

  String constant(String hint, Tensor t) {
    String name = hint + "#" + fresh++;
    constants.put(name, new Constant.Inline(t));
    types.put(name, t.type());
    return name;
  }

  /** A new node, its output types inferred; the caller puts it where it belongs. */
  Node node(
      String name, String domain, String type, List<String> in, String out, Attributes attributes) {
    Node n = new Node(name, domain, type, 17, in, List.of(out), attributes);
    Operator op = Operators.require(n);
    types.put(out, op.infer(context(n)).get(0));
    return n;
  }

  String fresh(String hint) {
    return hint + "#" + fresh++;
  }

  /** How many node inputs and graph outputs use each value. */
  Map<String, Integer> uses() {
    Map<String, Integer> uses = new HashMap<>();
    for (Node n : nodes) {
      for (String i : n.inputs()) {
        uses.merge(i, 1, Integer::sum);
      }
    }
    for (String o : outputs) {
      uses.merge(o, 1, Integer::sum);
    }
    return uses;
  }

  /**
   * Goes over the nodes in order and leaves out those that a step names another value for; later
   * nodes read that value instead.
   *
   * @param step gets each node with its inputs renamed, and returns the value that stands for its
   *     first output from here on, or null to keep the node
   */
  void bypass(Function<Node, String> step) {
    Map<String, String> renamed = new HashMap<>();
    List<Node> kept = new ArrayList<>(nodes.size());
    for (Node n : nodes) {
      boolean touched = false;
      for (String in : n.inputs()) {
        touched |= renamed.containsKey(in);
      }
      if (touched) {
        List<String> in = new ArrayList<>(n.inputs());
        in.replaceAll(v -> renamed.getOrDefault(v, v));
        n = n.withInputs(in);
      }
      String by = step.apply(n);
      if (by == null) {
        kept.add(n);
      } else {
        renamed.put(n.outputs().get(0), by);
      }
    }
    nodes.clear();
    nodes.addAll(kept);
  }

  /** One node a line, with the types of its outputs. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Node n : nodes) {
      for (String o : n.outputs()) {
        text.append(o.isEmpty() ? "" : o + ": " + types.get(o) + " ");
      }
      String line = n.toString();
      text.append(line.substring(line.indexOf(" = ") + 1)).append('\n');
    }
    return text.toString();
  }
}
