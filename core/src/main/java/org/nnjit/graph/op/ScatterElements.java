package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Data with single elements replaced or joined; runs on the host. */
final class ScatterElements implements Operator {
  private final String type;

  ScatterElements(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.axis(c.attributes().getInt("axis", 0), c.shape(0).rank());
    if (!c.shape(1).equals(c.shape(2))) {
      throw c.error("indices have shape " + c.shape(1) + " and updates " + c.shape(2));
    }
    return List.of(TensorType.of(c.dtype(0), c.shape(0)));
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Tensor data = c.value(0);
    int axis = c.axis(c.attributes().getInt("axis", 0), data.shape().rank());
    String how = c.attributes().getString("reduction", "none");
    Tensor out = new Tensor(data.dtype(), data.shape(), data.bytes().clone());
    Tensor indices = c.value(1);
    Tensor updates = c.value(2);
    int[] strides = data.shape().rowMajorStrides();
    for (int i = 0; i < indices.elements(); i++) {
      int rest = i;
      int to = 0;
      for (int d = data.shape().rank() - 1; d >= 0; d--) {
        int at = rest % indices.shape().dim(d);
        rest /= indices.shape().dim(d);
        if (d == axis) {
          at = checked(c, indices.getLong(i), data.shape().dim(d));
        }
        to += at * strides[d];
      }
      join(c, how, out, to, updates, i);
    }
    return List.of(out);
  }

  static int checked(OpContext c, long index, int extent) {
    if (index < -extent || index >= extent) {
      throw c.error("index " + index + " lies outside a dimension of " + extent);
    }
    return (int) (index < 0 ? index + extent : index);
  }

  static void join(OpContext c, String how, Tensor out, int to, Tensor updates, int from) {
    boolean floats = out.dtype().isFloat();
    double a = out.getDouble(to);
    double b = updates.getDouble(from);
    switch (how) {
      case "none" -> {
        if (floats) {
          out.setDouble(to, b);
        } else {
          out.setLong(to, updates.getLong(from));
        }
      }
      case "add" -> out.setDouble(to, a + b);
      case "mul" -> out.setDouble(to, a * b);
      case "max" -> out.setDouble(to, Math.max(a, b));
      case "min" -> out.setDouble(to, Math.min(a, b));
      default -> throw c.error("reduction '" + how + "', wanted none, add, mul, max or min");
    }
  }
}
