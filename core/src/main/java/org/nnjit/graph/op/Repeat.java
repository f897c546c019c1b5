package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** The steps of a Loop or Scan, unrolled: values that one hands to the next, and rows it makes. */
final class Repeat extends Nodes {
  /** All steps together; so many nodes compile in seconds. */
  private static final int MOST_NODES = 1 << 15;

  private final Graph body;
  private final int unrowed;
  private final List<List<String>> rows = new ArrayList<>();
  private int steps;

  /** Values that the next step gets, by name. */
  List<String> state;

  /**
   * @param unrowed how many of the body's outputs come before its rows
   * @param inputs how many inputs the body needs
   */
  Repeat(Node node, Composite.Scope scope, List<String> state, int inputs, int unrowed) {
    super(node, scope);
    this.body = graph("body");
    this.state = state;
    this.unrowed = unrowed;
    int own = body.outputs().size();
    if (body.inputs().size() != inputs
        || own < unrowed
        || node.outputs().size() > state.size() + own - unrowed) {
      throw error("its body has " + body.inputs().size() + " inputs and " + own
          + " outputs, which does not fit " + node.inputs().size() + " inputs and "
          + node.outputs().size() + " outputs of the node");
    }
    for (int i = unrowed; i < own; i++) {
      rows.add(new ArrayList<>());
    }
  }

  /** Places the body once more; returns its outputs. */
  List<String> step(List<String> inputs) {
    if ((long) (steps + 1) * body.nodes().size() > MOST_NODES) {
      throw error("nnJIT unrolls its steps, of " + body.nodes().size() + " nodes each, up to "
          + MOST_NODES + " nodes; they end after step " + steps);
    }
    Map<String, String> names = new HashMap<>();
    for (String own : body.ownValues()) {
      names.put(own, own.isEmpty() ? own : own + "~" + steps);
    }
    for (int i = 0; i < inputs.size(); i++) {
      names.put(body.inputs().get(i).name(), inputs.get(i));
    }
    Graph unrolled = body.renamed(names);
    for (Node n : unrolled.nodes()) {
      scope.place(n);
    }
    List<String> outputs = new ArrayList<>();
    for (Port p : unrolled.outputs()) {
      outputs.add(p.name());
    }
    state = outputs.subList(unrowed - state.size(), unrowed);
    for (int i = 0; i < rows.size(); i++) {
      rows.get(i).add(outputs.get(unrowed + i));
    }
    steps++;
    return outputs;
  }

  /** An attribute of n integers, all 0 when it is absent. */
  int[] ints(String attribute, int n) {
    int[] given = node.attributes().getInts(attribute, new int[n]);
    if (given.length != n) {
      throw error(attribute + " has " + given.length + " entries, wanted " + n);
    }
    return given;
  }

  int rowKinds() {
    return rows.size();
  }

  /** Names the last state. */
  void putState() {
    for (int i = 0; i < state.size(); i++) {
      output(i, state.get(i));
    }
  }

  /** Names all rows of one kind, one after another along a new axis. */
  void putRows(int kind, int axis, boolean backwards) {
    List<String> own = rows.get(kind);
    int output = state.size() + kind;
    if (own.isEmpty()) {
      output(output, constant(noRows(body.outputs().get(unrowed + kind), axis)));
      return;
    }
    int rank = scope.type(own.get(0)).shape().rank() + 1;
    int at = axis < 0 ? axis + rank : axis;
    String[] parts = new String[own.size()];
    for (int i = 0; i < parts.length; i++) {
      parts[backwards ? parts.length - 1 - i : i] = unsqueeze(own.get(i), at);
    }
    output(output, concat(at, parts));
  }

  /** Without a step only what the body declares tells of its rows. */
  private Tensor noRows(Port p, int axis) {
    int rank = p.dims() == null ? 0 : p.dims().size();
    int[] dims = new int[rank + 1];
    int at = axis < 0 ? axis + rank + 1 : axis;
    for (int i = 0; i < rank; i++) {
      Dim d = p.dims().get(i);
      dims[i < at ? i : i + 1] = d.isKnown() ? d.value() : 0;
    }
    if (p.dtype() == null) {
      throw error("takes no step, and its body does not declare the type of " + p.name());
    }
    return Tensor.zeros(p.dtype(), Shape.of(dims));
  }
}
