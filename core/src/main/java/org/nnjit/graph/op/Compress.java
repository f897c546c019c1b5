package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** The slices along an axis whose condition holds; runs on the host, it moves whole slices. */
final class Compress implements Operator {

  @Override
  public String type() {
    return "Compress";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Tensor condition = c.value(1);
    if (condition.shape().rank() != 1 || condition.elements() > along(c).dim(axis(c))) {
      throw c.error("condition has shape " + condition.shape() + ", wanted at most "
          + along(c).dim(axis(c)) + " entries for input " + c.shape(0));
    }
    int n = 0;
    for (int i = 0; i < condition.elements(); i++) {
      n += (int) condition.getLong(i);
    }
    return List.of(TensorType.of(c.dtype(0), along(c).with(axis(c), n)));
  }

  /** The input's shape; without an axis, that of the flattened input. */
  private static Shape along(OpContext c) {
    Shape x = c.shape(0);
    return c.attributes().has("axis") ? x : Shape.of(x.elements(0, x.rank()));
  }

  private static int axis(OpContext c) {
    return c.attributes().has("axis")
        ? c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank())
        : 0;
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Shape shape = along(c);
    int axis = axis(c);
    Tensor condition = c.value(1);
    Tensor out = Tensor.zeros(c.dtype(0), infer(c).get(0).shape());
    int bytes = shape.elements(axis + 1, shape.rank()) * c.dtype(0).bytes();
    int outer = shape.elements(0, axis);
    int at = 0;
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < condition.elements(); i++) {
        if (condition.getLong(i) != 0) {
          int from = (o * shape.dim(axis) + i) * bytes;
          System.arraycopy(c.value(0).bytes(), from, out.bytes(), at, bytes);
          at += bytes;
        }
      }
    }
    return List.of(out);
  }
}
