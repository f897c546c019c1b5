package org.nnjit.graph.op;

import java.util.ArrayList;
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

/**
 * What a composite puts in its place. Values without a name of their own are numbered.
 *
 * <p>The page's compiler copies methods of a few instructions to each of their calls, of which there
 * are many: {@link #put(String, String, Attributes, String...)} and {@link #longs} do all their work
 * themselves, so that they are not such methods.
 */
class Nodes {
  /** Version of the operator set that the nodes put here are written in. */
  static final int OPSET = 17;

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
  String put(String type, String... inputs) {
    return put("", type, Attributes.NONE, inputs);
  }

  /** The same of a node that has an axis. */
  String along(long axis, String type, String... inputs) {
    return put("", type, Attributes.NONE.with("axis", axis), inputs);
  }

  /** The same of a node with attributes, for a value that has a name where that is not empty. */
  String put(String output, String type, Attributes attributes, String... inputs) {
    String made = output.isEmpty() ? fresh() : output;
    List<String> in = new ArrayList<>();
    for (String i : inputs) {
      in.add(i);
    }
    scope.place(new Node(node.name(), "", type, OPSET, in, List.of(made), attributes));
    return made;
  }

  /** Elements {@code from} to {@code to - 1} along an axis; the value itself when those are all. */
  String slice(String value, int axis, int from, int to) {
    return from == 0 && to == scope.type(value).shape().dim(axis)
        ? value
        : put("Slice", value, longs(from), longs(to), longs(axis));
  }

  String concat(int axis, String... parts) {
    return along(axis, "Concat", parts);
  }

  String unsqueeze(String value, long axis) {
    return put("Unsqueeze", value, longs(axis));
  }

  String transpose(String value, long... perm) {
    return put("", "Transpose", Attributes.NONE.with("perm", perm), value);
  }

  /** A shape in which 0 keeps a dimension and -1 takes what is left. */
  String reshape(String value, long... shape) {
    return put("Reshape", value, longs(shape));
  }

  /** The value times a number. */
  String times(String value, double factor) {
    return factor == 1 ? value : put("Mul", value, number(scope.type(value).dtype(), factor));
  }

  /** The value in this type; itself when it has it. */
  String cast(String value, DType to) {
    return scope.type(value).dtype() == to
        ? value
        : put("", "Cast", Attributes.NONE.with("to", (long) to.onnxCode()), value);
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
    Tensor t = Tensor.zeros(DType.I64, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      t.setLong(i, values[i]);
    }
    return constant(t);
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
