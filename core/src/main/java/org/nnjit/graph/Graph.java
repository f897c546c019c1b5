package org.nnjit.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model: nodes in topological order over values known by name, each assigned once. Immutable.
 *
 * @param name the model's name
 * @param inputs what a run must be fed
 * @param outputs what a run returns
 * @param nodes in an order in which every input is known before it is used
 * @param constants values fixed by the model, by name
 */
public record Graph(
    String name,
    List<Port> inputs,
    List<Port> outputs,
    List<Node> nodes,
    Map<String, Constant> constants) {

  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    constants = new LinkedHashMap<>(constants);
  }

  public Graph with(List<Node> otherNodes, Map<String, Constant> otherConstants) {
    return new Graph(name, inputs, outputs, otherNodes, otherConstants);
  }
}
