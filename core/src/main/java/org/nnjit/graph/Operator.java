package org.nnjit.graph;

import java.util.List;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * One operator: its shape rule and its meaning as computes. Stateless.
 *
 * <p>An operator that no expression can describe (its output's shape depends on data, or it sorts)
 * returns null from {@link #lower} and implements {@link #evaluate}; the engine then calls it on
 * the host between kernels.
 */
public interface Operator {

  /** Name as the operator set spells it: {@code MatMul}. */
  String type();

  /** Operator set; "" is ONNX's own. */
  default String domain() {
    return "";
  }

  /**
   * Types of the outputs, dense row-major, for all outputs that the node names.
   *
   * @throws ModelException when inputs or attributes are wrong
   * @throws NeedsValue when an input's value decides a shape and is unknown
   */
  List<TensorType> infer(OpContext c);

  /**
   * The computes that calculate the outputs, in order; null for an operator that runs on the host.
   * Input types are taken as dense row-major: layouts are chosen later.
   */
  Lowering lower(OpContext c);

  /**
   * The outputs' values. Only for operators whose {@link #lower} returns null; the others are
   * evaluated through their computes.
   *
   * @param c types and values of this node; every present input's value is known
   */
  default List<Tensor> evaluate(OpContext c) {
    throw new UnsupportedOperationException(type() + " is evaluated through its computes");
  }
}
