package org.nnjit.graph.op;

import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * What the attention operators of ONNX Runtime are made of. Queries are [batch, heads, length,
 * size], keys and values [batch, heads of keys, keys, size], scores [batch, heads, length, keys].
 */
final class Heads extends Nodes {
  /** Added to a score, it leaves no weight to the key; a mask's filter value still may. */
  private static final double NEVER = -Float.MAX_VALUE;

  Heads(Node node, Composite.Scope scope) {
    super(node, scope);
  }

  /** The node's scale, 1 / sqrt(size) when it gives none. */
  double scale(int size) {
    double scale = node.attributes().getFloat("scale", 0);
    return scale == 0 ? 1 / Math.sqrt(size) : scale;
  }

  /** [batch, length, heads * size] to [batch, heads, length, size]. */
  String split(String value, int heads) {
    Shape s = scope.type(value).shape();
    if (s.rank() != 3 || s.dim(2) % heads != 0) {
      throw error("has heads in a value of shape " + s + ", wanted three dimensions, the last a"
          + " multiple of " + heads + " heads");
    }
    return transpose(reshape(value, 0, 0, heads, s.dim(2) / heads), 0, 2, 1, 3);
  }

  /** The other way round. */
  String merge(String value) {
    return reshape(transpose(value, 0, 2, 1, 3), 0, 0, -1);
  }

  /**
   * softmax(scale * q k' + biases) v, where several query heads may share a key head.
   *
   * @param softcap scores are kept within it; 0 for no bound
   * @param smooth whether the softmax has one more score of 0
   * @param biases what is added to the scores: four dimensions that broadcast, or null
   */
  String attend(
      String q, String k, String v, double scale, double softcap, boolean smooth,
      String... biases) {
    Shape sq = scope.type(q).shape();
    int keyHeads = scope.type(k).shape().dim(1);
    int shared = sq.dim(1) / keyHeads;
    boolean grouped = shared > 1;
    if (grouped) {
      q = reshape(q, 0, keyHeads, shared, sq.dim(2), sq.dim(3));
      k = unsqueeze(k, 2);
      v = unsqueeze(v, 2);
    }
    String turned = grouped ? transpose(k, 0, 1, 2, 4, 3) : transpose(k, 0, 1, 3, 2);
    String scores = times(put("MatMul", q, turned), scale);
    if (softcap > 0) {
      scores = times(put("Tanh", times(scores, 1 / softcap)), softcap);
    }
    for (String bias : biases) {
      if (bias != null) {
        String like = cast(bias, scope.type(scores).dtype());
        scores = put("Add", scores, grouped ? grouped(like, keyHeads, shared) : like);
      }
    }
    String weights;
    if (smooth) {
      Shape s = scope.type(scores).shape();
      int axis = s.rank() - 1;
      int keys = s.dim(axis);
      String zeros = constant(Tensor.zeros(scope.type(q).dtype(), s.with(axis, 1)));
      weights = slice(along(-1, "Softmax", concat(axis, scores, zeros)), axis, 0, keys);
    } else {
      weights = along(-1, "Softmax", scores);
    }
    String result = put("MatMul", weights, v);
    return merge(grouped ? reshape(result, 0, sq.dim(1), sq.dim(2), -1) : result);
  }

  /** A bias at the scores of query heads that stand in groups: five dimensions. */
  private String grouped(String bias, int keyHeads, int shared) {
    Shape s = scope.type(bias).shape();
    return s.dim(1) == 1
        ? unsqueeze(bias, 2)
        : reshape(bias, 0, keyHeads, shared, s.dim(2), s.dim(3));
  }

  /** 0 where a condition holds, else {@code otherwise}. */
  private String bias(String condition, double otherwise) {
    return put("Where", condition, number(DType.F32, 0), number(DType.F32, otherwise));
  }

  /**
   * Positions that count on from the past ones, a row for each of these.
   *
   * @param past number of the first in each row
   * @param shape of the constant, which holds the rows one after the other
   */
  String positions(DType type, int[] past, Shape shape) {
    Tensor t = Tensor.zeros(type, shape);
    int length = t.elements() / past.length;
    for (int i = 0; i < t.elements(); i++) {
      t.setLong(i, past[i / length] + i % length);
    }
    return constant(t);
  }

  /** 0, 1, ... as i32 [keys]. */
  private String positions(int keys) {
    return positions(DType.I32, new int[1], Shape.of(keys));
  }

  /**
   * Bias [batch or 1, 1, length, keys] that lets a query see no later key.
   *
   * @param past position of the first query, for each batch entry or for all
   * @param window how many keys before its own a query sees; -1 for all
   */
  String causal(int[] past, int length, int keys, int window) {
    String query = positions(DType.I32, past, Shape.of(past.length, 1, length, 1));
    String key = positions(keys);
    String seen = put("LessOrEqual", key, query);
    if (window >= 0) {
      String first = put("Sub", query, number(DType.I32, window));
      seen = put("And", seen, put("GreaterOrEqual", key, first));
    }
    return bias(seen, NEVER);
  }

  /**
   * Bias of a mask of keys: i32 [batch] (how many there are), [2 * batch] (their ends, then their
   * starts), [batch, keys] or [batch, length, keys] (1 or 0); null when the input is absent.
   */
  String mask(int input, int batch, int keys, double otherwise) {
    if (!has(input)) {
      return null;
    }
    Shape s = shape(input);
    String mask = node.input(input);
    if (s.rank() == 2 || s.rank() == 3) {
      String seen = put("Greater", mask, number(type(input).dtype(), 0));
      String axes = s.rank() == 2 ? longs(1, 2) : longs(1);
      return bias(put("Unsqueeze", seen, axes), otherwise);
    }
    if (s.rank() != 1 || (s.dim(0) != batch && s.dim(0) != 2 * batch)) {
      throw error("has a mask of shape " + s + ", wanted [" + batch + "], [" + 2 * batch
          + "], [batch, keys] or [batch, length, keys]");
    }
    String key = positions(keys);
    String seen = put("Less", key, reshape(slice(mask, 0, 0, batch), batch, 1, 1, 1));
    if (s.dim(0) > batch) {
      String start = reshape(slice(mask, 0, batch, 2 * batch), batch, 1, 1, 1);
      seen = put("And", seen, put("GreaterOrEqual", key, start));
    }
    return bias(seen, otherwise);
  }

  /**
   * Turns pairs of elements by the angles of their positions.
   *
   * @param x [batch, heads, length, size]; the elements beyond twice the angles stay
   * @param cos [batch or 1, 1, length, angles]
   * @param interleaved whether the two of a pair are neighbours, else they are {@code angles} apart
   */
  String rotate(String x, String cos, String sin, boolean interleaved) {
    int size = scope.type(x).shape().dim(3);
    int angles = scope.type(cos).shape().dim(3);
    if (2 * angles > size) {
      throw error("has " + angles + " angles for heads of " + size + ", wanted at most "
          + size / 2);
    }
    String first;
    String second;
    if (interleaved) {
      String pairs = reshape(slice(x, 3, 0, 2 * angles), 0, 0, 0, angles, 2);
      first = put("Squeeze", slice(pairs, 4, 0, 1), longs(4));
      second = put("Squeeze", slice(pairs, 4, 1, 2), longs(4));
    } else {
      first = slice(x, 3, 0, angles);
      second = slice(x, 3, angles, 2 * angles);
    }
    String a = put("Sub", put("Mul", first, cos), put("Mul", second, sin));
    String b = put("Add", put("Mul", second, cos), put("Mul", first, sin));
    String rest = 2 * angles < size ? slice(x, 3, 2 * angles, size) : null;
    if (!interleaved) {
      return rest == null ? concat(3, a, b) : concat(3, a, b, rest);
    }
    String both = concat(4, unsqueeze(a, 4), unsqueeze(b, 4));
    String turned = reshape(both, 0, 0, 0, -1);
    return rest == null ? turned : concat(3, turned, rest);
  }

  /** Rows of a table of angles at positions [batch or 1, length], as {@link #rotate} wants them. */
  String angles(int table, String positions) {
    return unsqueeze(along(0, "Gather", node.input(table), positions), 1);
  }
}
