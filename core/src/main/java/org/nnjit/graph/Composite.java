package org.nnjit.graph;

import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * An operator that stands for other nodes: control flow, and what ONNX calls a function. Its nodes
 * take its place before anything else is done with a graph. Stateless.
 */
public interface Composite {

  /** Name as the operator set spells it: {@code If}. */
  String type();

  /** Operator set; "" is ONNX's own. */
  default String domain() {
    return "";
  }

  /**
   * Puts nodes that make the outputs of {@code n}, of those that have a name, into the graph.
   *
   * @throws ModelException when inputs or attributes are wrong
   */
  void expand(Node n, Scope scope);

  /** The graph around a composite, as far as it is known. */
  interface Scope {
    /** Type of a value that some node before this one made, or of a constant or feed. */
    TensorType type(String value);

    /**
     * Content of such a value. The expansion then holds only for feeds that give the same.
     *
     * @throws ModelException when it depends on a feed that is not known
     */
    Tensor value(String value);

    /** Adds a constant under a name that no other value has. */
    void constant(String name, Tensor t);

    /** Adds a node; its outputs are known from here on. */
    void place(Node n);
  }
}
