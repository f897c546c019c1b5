package org.nnjit.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model: nodes in topological order over values known by name, each assigned once. Immutable.
 *
 * <p>A subgraph, which is an attribute of a control flow node, reads values of the graphs around it
 * by name. It holds no constants: they are the model's. No name means two values.
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

  /** Names of the values that this graph makes or is fed, those of its subgraphs included. */
  public Set<String> ownValues() {
    Set<String> own = new LinkedHashSet<>();
    for (Port p : inputs) {
      own.add(p.name());
    }
    for (Node n : nodes) {
      own.addAll(n.outputs());
      for (Graph g : n.attributes().graphs()) {
        own.addAll(g.ownValues());
      }
    }
    return own;
  }

  /** Names of the values that a subgraph reads from the graphs around it. */
  Set<String> outerValues() {
    Set<String> outer = new LinkedHashSet<>();
    for (Node n : nodes) {
      outer.addAll(n.reads());
    }
    for (Port p : outputs) {
      outer.add(p.name());
    }
    for (String own : ownValues()) {
      outer.remove(own);
    }
    return outer;
  }

  /** The same graph with the values in {@code names} called otherwise. */
  public Graph renamed(Map<String, String> names) {
    List<Node> others = new ArrayList<>();
    for (Node n : nodes) {
      others.add(n.renamed(names));
    }
    return new Graph(name, ports(inputs, names), ports(outputs, names), others, constants);
  }

  private static List<Port> ports(List<Port> ports, Map<String, String> names) {
    List<Port> others = new ArrayList<>();
    for (Port p : ports) {
      others.add(new Port(names.getOrDefault(p.name(), p.name()), p.dtype(), p.dims()));
    }
    return others;
  }
}
