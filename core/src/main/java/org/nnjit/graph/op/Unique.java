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

/**
 * The different elements, or slices along an axis, of a tensor; runs on the host, its size depends
 * on them. Outputs: the slices, where each first stood, which of them each slice of the input is,
 * and how often each occurs.
 */
final class Unique implements Operator {

  @Override
  public String type() {
    return "Unique";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Slices s = new Slices(c);
    TensorType ofUnique = TensorType.of(DType.I64, s.unique.size());
    return List.of(
        TensorType.of(c.dtype(0), s.shape.with(s.axis, s.unique.size())),
        ofUnique,
        TensorType.of(DType.I64, s.count),
        ofUnique);
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    Slices s = new Slices(c);
    int n = s.unique.size();
    Tensor y = Tensor.zeros(c.dtype(0), s.shape.with(s.axis, n));
    Tensor first = Tensor.zeros(DType.I64, Shape.of(n));
    Tensor counts = Tensor.zeros(DType.I64, Shape.of(n));
    Tensor inverse = Tensor.zeros(DType.I64, Shape.of(s.count));
    int bytes = s.inner * c.dtype(0).bytes();
    for (int i = 0; i < n; i++) {
      first.setLong(i, s.unique.get(i));
      for (int o = 0; o < s.outer; o++) {
        int from = (o * s.count + s.unique.get(i)) * bytes;
        System.arraycopy(s.x.bytes(), from, y.bytes(), (o * n + i) * bytes, bytes);
      }
    }
    for (int i = 0; i < s.count; i++) {
      int which = s.unique.indexOf(s.same[i]);
      inverse.setLong(i, which);
      counts.setLong(which, counts.getLong(which) + 1);
    }
    return List.of(y, first, inverse, counts);
  }

  /** The slices of a node's input and which of them are different. */
  private static final class Slices {
    final Tensor x;
    final Shape shape;
    final int axis;
    final int count;
    final int inner;
    final int outer;

    /** Different slices by where each first stands, in the order of the result. */
    final List<Integer> unique = new ArrayList<>();

    /** Where the first slice equal to this one stands. */
    final int[] same;

    Slices(OpContext c) {
      x = c.value(0);
      boolean flat = !c.attributes().has("axis");
      shape = flat ? Shape.of(x.elements()) : x.shape();
      axis = flat ? 0 : c.axis(c.attributes().getInt("axis", 0), shape.rank());
      count = shape.dim(axis);
      inner = shape.elements(axis + 1, shape.rank());
      outer = shape.elements(0, axis);
      same = new int[count];
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        order.add(i);
      }
      order.sort((a, b) -> compare(a, b) != 0 ? compare(a, b) : a - b);
      for (int i = 0; i < count; i++) {
        int at = order.get(i);
        if (i > 0 && compare(order.get(i - 1), at) == 0) {
          same[at] = same[order.get(i - 1)];
        } else {
          same[at] = at;
          unique.add(at);
        }
      }
      if (c.attributes().getInt("sorted", 1) == 0) {
        unique.sort(Integer::compare);
      }
    }

    private int compare(int a, int b) {
      for (int o = 0; o < outer; o++) {
        for (int i = 0; i < inner; i++) {
          int p = (o * count + a) * inner + i;
          int q = (o * count + b) * inner + i;
          int by =
              x.dtype().isFloat()
                  ? ordered(x.getDouble(p), x.getDouble(q))
                  : x.dtype() == DType.U64
                      ? Long.compareUnsigned(x.getLong(p), x.getLong(q))
                      : Long.compare(x.getLong(p), x.getLong(q));
          if (by != 0) {
            return by;
          }
        }
      }
      return 0;
    }

    /** Both zeros are equal; a NaN is the greatest. */
    private static int ordered(double a, double b) {
      return a == b ? 0 : Double.compare(a, b);
    }
  }
}
