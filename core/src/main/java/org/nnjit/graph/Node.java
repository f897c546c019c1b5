package org.nnjit.graph;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One application of an operator.
 *
 * @param name the exporter's name, or "" when it gives none
 * @param domain operator set, "" for ONNX's own
 * @param type operator, as ONNX spells it: {@code MatMul}
 * @param opset version of the domain that the model imports
 * @param inputs value names; "" for an optional input that is absent
 * @param outputs value names; "" for an optional output nobody wants
 * @param attributes by name
 */
public record Node(
    String name,
    String domain,
    String type,
    int opset,
    List<String> inputs,
    List<String> outputs,
    Attributes attributes) {

  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** How errors name this node: {@code Conv 'layer3/conv1'}. */
  public String label() {
    String of = !name.isEmpty() ? name : outputs.isEmpty() ? "" : "-> " + outputs.get(0);
    return (domain.isEmpty() ? type : domain + "." + type) + " '" + of + "'";
  }

  /** The input's value name, or "" when it is absent or left off. */
  public String input(int i) {
    return i < inputs.size() ? inputs.get(i) : "";
  }

  public Node withInputs(List<String> other) {
    return new Node(name, domain, type, opset, other, outputs, attributes);
  }

  /** Every value that it needs: its inputs, and what its subgraphs read from outside. */
  public Set<String> reads() {
    Set<String> reads = new LinkedHashSet<>(inputs);
    for (Graph g : attributes.graphs()) {
      reads.addAll(g.outerValues());
    }
    return reads;
  }

  /** The same node with the values in {@code names} called otherwise, in its subgraphs too. */
  public Node renamed(Map<String, String> names) {
    return new Node(
        name, domain, type, opset, renamed(inputs, names), renamed(outputs, names),
        attributes.renamed(names));
  }

  private static List<String> renamed(List<String> values, Map<String, String> names) {
    List<String> others = new ArrayList<>();
    for (String v : values) {
      others.add(names.getOrDefault(v, v));
    }
    return others;
  }

  /** {@code y = MatMul(a, b) {axis=1}}. */
  @Override
  public String toString() {
    String attrs = attributes.toString();
    return String.join(", ", outputs)
        + " = "
        + (domain.isEmpty() ? type : domain + "." + type)
        + "("
        + String.join(", ", inputs)
        + ")"
        + (attrs.isEmpty() ? "" : " {" + attrs + "}");
  }
}
