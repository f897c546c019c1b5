package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** What a composite puts in its place. Values without a name of their own are numbered. */
class Nodes {
  /** Version of the operator set that the nodes put here are written in. */
  private static final int OPSET = 17;

  final Node node;
  final Composite.Scope scope;
  private int made;

  Nodes(Node node, Composite.Scope scope) {
    this.node = node;
    this.scope = scope;
  }

  /** A name that no other value has: an earlier output's, and a number. */
  private String fresh() {
    for (String output : node.outputs()) {
      if (!output.isEmpty()) {
        return output + "~" + made++;
      }
    }
    throw error("has no output that anything reads");
  }

  /** The name of a new value that a node of this type makes. */
  String put(String type, Attributes attributes, String... inputs) {
    return put(fresh(), type, attributes, inputs);
  }

  String put(String type, String... inputs) {
    return put(type, Attributes.NONE, inputs);
  }

  /** The same for a value that has a name. */
  String put(String output, String type, Attributes attributes, String... inputs) {
    put("", type, attributes, List.of(output), inputs);
    return output;
  }

  /** A node of any domain whose outputs have names. */
  void put(
      String domain, String type, Attributes attributes, List<String> outputs, String... inputs) {
    scope.place(
        new Node(node.name(), domain, type, OPSET, List.of(inputs), outputs, attributes));
  }

  /** Elements {@code from} to {@code to - 1} along an axis; the value itself when those are all. */
  String slice(String value, int axis, int from, int to) {
    return from == 0 && to == scope.type(value).shape().dim(axis)
        ? value
        : put("Slice", value, longs(from), longs(to), longs(axis));
  }

  String concat(int axis, String... parts) {
    return put("Concat", Attributes.NONE.with("axis", (long) axis), parts);
  }

  String transpose(String value, long... perm) {
    return put("Transpose", Attributes.NONE.with("perm", perm), value);
  }

  /** A shape in which 0 keeps a dimension and -1 takes what is left. */
  String reshape(String value, long... shape) {
    return put("Reshape", value, longs(shape));
  }

  /** The value times a number. */
  String times(String value, double factor) {
    return factor == 1 ? value : put("Mul", value, number(scope.type(value).dtype(), factor));
  }

  /** The output's name when something reads it, else "". */
  String named(int output) {
    return output < node.outputs().size() ? node.outputs().get(output) : "";
  }

  /** Gives a value the name of an output, where that has one. */
  void output(int i, String value) {
    if (!named(i).isEmpty()) {
      put(named(i), "Identity", Attributes.NONE, value);
    }
  }

  String constant(Tensor t) {
    String name = fresh();
    scope.constant(name, t);
    return name;
  }

  /** A scalar. */
  String number(DType type, double value) {
    return constant(Tensor.scalar(type, value));
  }

  /** A vector of int64. */
  String longs(long... values) {
    return constant(Tensor.ofLongs(Shape.of(values.length), values));
  }

  boolean has(int input) {
    return !node.input(input).isEmpty();
  }

  /**
   * Type of an input.
   *
   * @throws ModelException when the node lacks it
   */
  TensorType type(int input) {
    if (!has(input)) {
      throw error("has no input " + input + ", which " + node.type() + " requires");
    }
    return scope.type(node.input(input));
  }

  Shape shape(int input) {
    return type(input).shape();
  }

  /** The only element of an integer or bool. */
  long single(String value) {
    Tensor t = scope.value(value);
    if (t.elements() != 1) {
      throw error("value '" + value + "' is " + t.type() + ", wanted one element");
    }
    return t.getLong(0);
  }

  /** An attribute that must be there and at least 1. */
  int count(String attribute) {
    long n = node.attributes().getInt(attribute, 0);
    if (n < 1 || n > Integer.MAX_VALUE) {
      throw error("attribute " + attribute + " is " + n + ", wanted 1 or more");
    }
    return (int) n;
  }

  /** Refuses an attribute unless it is absent or 0. */
  void refuse(String... attributes) {
    for (String a : attributes) {
      if (node.attributes().getInt(a, 0) != 0) {
        throw error("attribute " + a + " is " + node.attributes().getInt(a, 0)
            + ", nnJIT takes 0 only");
      }
    }
  }

  /** Refuses inputs from this one on. */
  void refuseInputs(int from) {
    for (int i = from; i < node.inputs().size(); i++) {
      if (has(i)) {
        throw error("has input " + i + ", '" + node.input(i) + "', which nnJIT does not take");
      }
    }
  }

  Graph graph(String attribute) {
    Graph g = node.attributes().getGraph(attribute);
    if (g == null) {
      throw error("has no attribute " + attribute);
    }
    return g;
  }

  ModelException error(String message) {
    return new ModelException(node.label() + ": " + message);
  }
}
