package org.nnjit.graph.pass;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Tensor;

/** Looks backwards from a value, for passes that recognise patterns. */
final class Match {
  private final TypedGraph g;
  private final Map<String, Integer> makers = new HashMap<>();
  private final Map<String, Integer> uses;

  Match(TypedGraph g) {
    this.g = g;
    this.uses = g.uses();
    for (int i = 0; i < g.nodes().size(); i++) {
      for (String o : g.nodes().get(i).outputs()) {
        makers.put(o, i);
      }
    }
  }

  /** Puts another node in a place of the graph, and keeps count. */
  void set(int place, Node by) {
    Node old = g.nodes().set(place, by);
    for (String o : old.outputs()) {
      makers.remove(o);
    }
    for (String o : by.outputs()) {
      makers.put(o, place);
    }
    for (String in : old.inputs()) {
      uses.merge(in, -1, Integer::sum);
    }
    for (String in : by.inputs()) {
      uses.merge(in, 1, Integer::sum);
    }
  }

  /** Place of the node that makes the value, or -1. */
  int place(String value) {
    return makers.getOrDefault(value, -1);
  }

  /** The node of this type that makes the value, or null. */
  Node maker(String value, String type) {
    Integer i = makers.get(value);
    Node n = i == null ? null : g.nodes().get(i);
    return n != null && n.type().equals(type) ? n : null;
  }

  boolean usedOnce(String value) {
    return uses.getOrDefault(value, 0) == 1;
  }

  boolean isConstant(String value) {
    return g.constants().containsKey(value);
  }

  /** The other operand of a two-operand node when one is close to this number, else null. */
  String besides(Node n, double number) {
    for (int i = 0; i < 2; i++) {
      double c = g.scalar(n.input(i));
      if (Math.abs(c - number) <= 1e-4 * Math.abs(number)) {
        return n.input(1 - i);
      }
    }
    return null;
  }

  /** The other operand of a two-operand node, or null when {@code value} is none of its own. */
  static String other(Node n, String value) {
    return n.input(0).equals(value) ? n.input(1) : n.input(1).equals(value) ? n.input(0) : null;
  }

  /** True for a ReduceMean over the last dimension alone that keeps it. */
  boolean isRowMean(Node n) {
    if (n == null || n.attributes().getInt("keepdims", 1) != 1) {
      return false;
    }
    int[] axes = n.attributes().getInts("axes", (int[]) null);
    if (axes == null && !n.input(1).isEmpty()) {
      Tensor t = g.known(n.input(1));
      axes = t == null || t.elements() != 1 ? null : new int[] {(int) t.getLong(0)};
    }
    int rank = g.type(n.input(0)).shape().rank();
    return axes != null && axes.length == 1 && (axes[0] == -1 || axes[0] == rank - 1);
  }

  /** What the value is the square of, or null. */
  String squareOf(String value) {
    Node pow = maker(value, "Pow");
    if (pow != null && g.scalar(pow.input(1)) == 2) {
      return pow.input(0);
    }
    Node mul = maker(value, "Mul");
    return mul != null && mul.input(0).equals(mul.input(1)) ? mul.input(0) : null;
  }

  /**
   * When the value is sqrt(mean(x^2) + epsilon) over rows: x and epsilon, else null.
   *
   * @param x name of the value squared
   * @param epsilon the small number
   */
  record Deviation(String x, double epsilon) {
    @Override
    public String toString() {
      return x;
    }
  }

  Deviation deviation(String value) {
    Node sqrt = maker(value, "Sqrt");
    if (sqrt == null) {
      Node pow = maker(value, "Pow");
      sqrt = pow != null && g.scalar(pow.input(1)) == 0.5 ? pow : null;
    }
    Node add = sqrt == null ? null : maker(sqrt.input(0), "Add");
    if (add == null) {
      return null;
    }
    for (int i = 0; i < 2; i++) {
      double epsilon = g.scalar(add.input(1 - i));
      Node mean = maker(add.input(i), "ReduceMean");
      if (epsilon > 0 && epsilon < 0.1 && isRowMean(mean)) {
        String x = squareOf(mean.input(0));
        if (x != null) {
          return new Deviation(x, epsilon);
        }
      }
    }
    return null;
  }
}
