package org.nnjit.graph;

import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * What an operator sees of one node: attributes, concrete input types, and input values where they
 * are known before the run.
 */
public final class OpContext {
  private final Node node;
  private final TensorType[] inputs;
  private final Tensor[] values;

  /**
   * @param node the node
   * @param inputs type of each input, null where absent
   * @param values value of each input, null where unknown or absent
   */
  public OpContext(Node node, TensorType[] inputs, Tensor[] values) {
    this.node = node;
    this.inputs = inputs;
    this.values = values;
  }

  public Node node() {
    return node;
  }

  public Attributes attributes() {
    return node.attributes();
  }

  /** Version of the operator set the model imports. */
  public int opset() {
    return node.opset();
  }

  public int inputCount() {
    return inputs.length;
  }

  public boolean has(int i) {
    return i < inputs.length && inputs[i] != null;
  }

  /**
   * Type of a required input.
   *
   * @throws ModelException when the node lacks it
   */
  public TensorType input(int i) {
    if (!has(i)) {
      throw error("has no input " + i + ", which " + node.type() + " requires");
    }
    return inputs[i];
  }

  public Shape shape(int i) {
    return input(i).shape();
  }

  public DType dtype(int i) {
    return input(i).dtype();
  }

  /**
   * Value of an input that decides shapes.
   *
   * @throws NeedsValue when it is not known yet
   */
  public Tensor value(int i) {
    input(i);
    if (values[i] == null) {
      throw new NeedsValue(i);
    }
    return values[i];
  }

  /** Value of an input when it is known, else null. */
  public Tensor valueOrNull(int i) {
    return i < values.length ? values[i] : null;
  }

  /** Value of an integer input that decides shapes, flattened. */
  public int[] ints(int i) {
    Tensor t = value(i);
    int[] out = new int[t.elements()];
    for (int j = 0; j < out.length; j++) {
      long v = t.getLong(j);
      out[j] = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, v));
    }
    return out;
  }

  /**
   * An axis brought into {@code 0..rank-1}.
   *
   * @throws ModelException when it lies outside
   */
  public int axis(long axis, int rank) {
    if (axis < -rank || axis >= Math.max(rank, 1)) {
      throw error("axis " + axis + " lies outside rank " + rank + ", wanted " + -rank + " to "
          + (rank - 1));
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** An error about this node: the message is put after its label. */
  public ModelException error(String message) {
    return new ModelException(node.label() + ": " + message);
  }
}
