package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Indices of the elements that are not zero; runs on the host, its size depends on them. */
final class NonZero implements Operator {

  @Override
  public String type() {
    return "NonZero";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Tensor x = c.value(0);
    int n = 0;
    for (int i = 0; i < x.elements(); i++) {
      n += x.getDouble(i) != 0 ? 1 : 0;
    }
    return List.of(TensorType.of(DType.I64, x.shape().rank(), n));
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Tensor x = c.value(0);
    Tensor out = Tensor.zeros(DType.I64, infer(c).get(0).shape());
    int rank = x.shape().rank();
    int columns = rank == 0 ? 0 : out.elements() / rank;
    int at = 0;
    for (int i = 0; i < x.elements(); i++) {
      if (x.getDouble(i) != 0) {
        int rest = i;
        for (int d = rank - 1; d >= 0; d--) {
          out.setLong(d * columns + at, rest % x.shape().dim(d));
          rest /= x.shape().dim(d);
        }
        at++;
      }
    }
    return List.of(out);
  }
}
