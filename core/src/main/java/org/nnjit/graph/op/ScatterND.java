package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Data with slices replaced or joined at index tuples; runs on the host. */
final class ScatterND implements Operator {

  @Override
  public String type() {
    return "ScatterND";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.shape(1).dim(-1) > c.shape(0).rank()) {
      throw c.error("index tuples of " + c.shape(1).dim(-1) + " for data " + c.shape(0));
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
    String how = c.attributes().getString("reduction", "none");
    Tensor out = new Tensor(data.dtype(), data.shape(), data.bytes().clone());
    Tensor indices = c.value(1);
    Tensor updates = c.value(2);
    int depth = indices.shape().dim(-1);
    int[] strides = data.shape().rowMajorStrides();
    int slice = data.shape().elements(depth, data.shape().rank());
    int tuples = depth == 0 ? 1 : indices.elements() / depth;
    for (int t = 0; t < tuples; t++) {
      int to = 0;
      for (int d = 0; d < depth; d++) {
        long raw = indices.getLong(t * depth + d);
        to += ScatterElements.checked(c, raw, data.shape().dim(d)) * strides[d];
      }
      for (int i = 0; i < slice; i++) {
        ScatterElements.join(c, how, out, to + i, updates, t * slice + i);
      }
    }
    return List.of(out);
  }
}
