package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** The k largest or smallest elements along an axis and where they stood; runs on the host. */
final class TopK implements Operator {

  @Override
  public String type() {
    return "TopK";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    int axis = c.axis(c.attributes().getInt("axis", -1), c.shape(0).rank());
    int k = (int) (c.opset() < 10 ? c.attributes().getInt("k", 1) : c.value(1).getLong(0));
    if (k < 0 || k > c.shape(0).dim(axis)) {
      throw c.error("k is " + k + ", axis " + axis + " of " + c.shape(0) + " has fewer elements");
    }
    Shape s = c.shape(0).with(axis, k);
    return List.of(TensorType.of(c.dtype(0), s), TensorType.of(DType.I64, s));
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    List<TensorType> types = infer(c);
    Tensor x = c.value(0);
    int axis = c.axis(c.attributes().getInt("axis", -1), x.shape().rank());
    boolean largest = c.attributes().getInt("largest", 1) == 1;
    int n = x.shape().dim(axis);
    int k = types.get(0).shape().dim(axis);
    int inner = x.shape().elements(axis + 1, x.shape().rank());
    int outer = x.shape().elements(0, axis);
    Tensor values = Tensor.zeros(x.dtype(), types.get(0).shape());
    Tensor indices = Tensor.zeros(DType.I64, types.get(0).shape());
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        List<Integer> order = new ArrayList<>();
        for (int j = 0; j < n; j++) {
          order.add(j);
        }
        int base = o * n * inner + i;
        order.sort(
            (p, q) -> {
              int by = compare(x, base + p * inner, base + q * inner);
              return by != 0 ? (largest ? -by : by) : p - q;
            });
        for (int j = 0; j < k; j++) {
          int to = (o * k + j) * inner + i;
          int from = base + order.get(j) * inner;
          if (x.dtype().isFloat()) {
            values.setDouble(to, x.getDouble(from));
          } else {
            values.setLong(to, x.getLong(from));
          }
          indices.setLong(to, order.get(j));
        }
      }
    }
    return List.of(values, indices);
  }

  private static int compare(Tensor x, int a, int b) {
    return x.dtype().isFloat()
        ? Double.compare(x.getDouble(a), x.getDouble(b))
        : Long.compare(x.getLong(a), x.getLong(b));
  }
}
