package org.nnjit.cli.models;

import java.util.List;
import org.nnjit.cli.models.RandomGraph.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Draws an attention for a {@link RandomGraph}: two products with a softmax between them, and each
 * of the ways in which exporters write heads, scale, masks and what comes after.
 */
final class RandomAttention {
  /** Scores stay this small, that their rounding does not grow in the exponentials. */
  private static final double SCALE = 0.5;

  private final RandomGraph g;
  private final int batch;
  private final int heads;
  private final int groups;
  private final int rows;
  private final int keys;
  private final int width;
  private final int deep;
  private final boolean flat;
  private boolean hides;

  RandomAttention(RandomGraph graph) {
    g = graph;
    batch = 1 + g.below(2);
    heads = 1 + g.below(4);
    groups = heads % 2 == 0 && g.below(3) == 0 ? heads / 2 : heads;
    rows = 14 + g.below(36);
    keys = g.below(2) == 0 ? rows : 1 + g.below(50);
    width = 1 + g.below(20);
    deep = g.below(2) == 0 ? width : 1 + g.below(24);
    flat = g.below(3) == 0;
  }

  /** Adds the nodes; true when some keys are hidden, by infinity or the lowest number. */
  boolean draw() {
    Value q = heads(rows, heads, width, 1);
    Value k = repeated(heads(keys, groups, width, 1), keys, width);
    Value v = repeated(heads(keys, groups, deep, 2), keys, deep);
    int scale = g.below(5);
    if (scale > 2) {
      q = scaled("Mul", q);
      k = scale > 3 ? scaled("Mul", k) : k;
    }
    Value scores = product(flattened(q), swapped(flattened(k)));
    if (scale == 1 || scale == 2) {
      scores = scaled(scale == 1 ? "Mul" : "Div", scores);
    }
    for (int masks = g.below(3); masks > 0; masks--) {
      scores = flattened(masked(raised(scores)));
    }
    Value shares = like("Softmax", scores, List.of(scores));
    int after = g.below(4);
    if (after == 0) {
      Value nan = g.add("IsNaN", DType.BOOL, shares.dims(), false, List.of(shares));
      shares = like("Where", shares, List.of(nan, number(0), shares));
    } else if (after == 1) {
      shares = scaled("Mul", shares);
    }
    finish(raised(product(shares, flattened(v))));
    return hides;
  }

  /** Heads {@code [batch, heads, length, width]} from a value in which each token lies together. */
  private Value heads(int length, int count, int size, double scale) {
    if (g.below(3) == 0) {
      return g.input(DType.F32, SCALE * scale, batch, count, length, size);
    }
    int all = count * size;
    int parts = 1 + g.below(2);
    Value x = g.input(DType.F32, SCALE * scale, batch, length, parts * all);
    if (parts > 1) {
      List<Value> cut = List.of(x, g.longs(all), g.longs(2 * all), g.longs(2));
      x = g.add("Slice", DType.F32, new int[] {batch, length, all}, false, cut);
    }
    if (g.below(3) == 0) {
      Value w = g.weight(DType.F32, 1 / Math.sqrt(all), all, all);
      x = g.add("MatMul", DType.F32, x.dims(), false, List.of(x, w));
    }
    return transpose(reshape(x, batch, length, count, size), 0, 2, 1, 3);
  }

  /** Heads that several rows of heads share, once for each. */
  private Value repeated(Value x, int length, int size) {
    if (groups == heads) {
      return x;
    }
    int times = heads / groups;
    Value apart = reshape(x, batch, groups, 1, length, size);
    Value shape = g.longs(batch, groups, times, length, size);
    int[] dims = {batch, groups, times, length, size};
    Value wide = g.add("Expand", DType.F32, dims, false, List.of(apart, shape));
    return reshape(wide, batch, heads, length, size);
  }

  private Value flattened(Value x) {
    int[] d = x.dims();
    return flat && d.length == 4 ? reshape(x, d[0] * d[1], d[2], d[3]) : x;
  }

  private Value raised(Value x) {
    int[] d = x.dims();
    return d.length == 3 ? reshape(x, batch, heads, d[1], d[2]) : x;
  }

  private Value masked(Value scores) {
    int across = g.below(2) == 0 ? 1 : rows;
    boolean causal = g.below(3) == 0;
    double hidden = g.below(2) == 0 ? Double.NEGATIVE_INFINITY : -Float.MAX_VALUE;
    if (g.below(4) == 0) {
      return like("Add", scores, List.of(scores, g.weight(DType.F32, SCALE, 1, heads, rows, keys)));
    }
    hides = true;
    Tensor seen = Tensor.zeros(DType.BOOL, Shape.of(batch, 1, across, keys));
    Tensor bias = Tensor.zeros(DType.F32, seen.shape());
    for (int i = 0; i < seen.elements(); i++) {
      int row = i / keys % across;
      boolean sees = causal && across > 1 ? i % keys <= row : row % 7 != 3 && g.below(4) > 0;
      seen.setLong(i, sees ? 1 : 0);
      bias.setDouble(i, sees ? 0 : hidden);
    }
    if (g.below(2) == 0) {
      return like("Add", scores, List.of(scores, g.input(bias)));
    }
    Value condition = causal ? g.constant(seen) : g.input(seen);
    return like("Where", scores, List.of(condition, scores, number(hidden)));
  }

  /** What follows the heads {@code [batch, heads, rows, deep]}. */
  private void finish(Value y) {
    if (g.below(4) == 0) {
      return;
    }
    int all = heads * deep;
    Value tokens = reshape(transpose(y, 0, 2, 1, 3), batch, rows, all);
    if (g.below(2) == 0) {
      Value w = g.weight(DType.F32, 1 / Math.sqrt(all), all, 5);
      Value out = g.add("MatMul", DType.F32, new int[] {batch, rows, 5}, false, List.of(tokens, w));
      like("Add", out, List.of(out, g.weight(DType.F32, 1, 5)));
    } else if (g.below(2) == 0) {
      like("Add", tokens, List.of(g.weight(DType.F32, 1, batch, rows, all), tokens));
    }
  }

  private Value product(Value a, Value b) {
    int[] dims = a.dims().clone();
    dims[dims.length - 1] = b.dims()[dims.length - 1];
    return g.add("MatMul", DType.F32, dims, false, List.of(a, b));
  }

  private Value swapped(Value x) {
    return x.rank() == 3 ? transpose(x, 0, 2, 1) : transpose(x, 0, 1, 3, 2);
  }

  private Value scaled(String op, Value x) {
    return like(op, x, List.of(x, number(op.equals("Mul") ? 0.625 : 1.75)));
  }

  private Value number(double x) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of());
    t.setDouble(0, x);
    return g.constant(t);
  }

  private Value like(String op, Value x, List<Value> in) {
    return g.add(op, DType.F32, x.dims(), false, in);
  }

  private Value reshape(Value x, int... dims) {
    return g.add("Reshape", DType.F32, dims, false, List.of(x, g.longs(dims)));
  }

  private Value transpose(Value x, int... order) {
    int[] dims = new int[order.length];
    long[] perm = new long[order.length];
    for (int i = 0; i < order.length; i++) {
      dims[i] = x.dims()[order[i]];
      perm[i] = order[i];
    }
    return g.add("Transpose", DType.F32, dims, false, List.of(x), Attr.of("perm", perm));
  }
}
