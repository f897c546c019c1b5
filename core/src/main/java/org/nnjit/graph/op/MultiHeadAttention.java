package org.nnjit.graph.op;

import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Shape;

/**
 * ONNX Runtime's attention over projected queries [batch, length, heads * size]; keys and values
 * likewise, or [batch, heads, keys, size]. Then a bias of all three, a mask of keys, a bias of
 * scores, past keys and values [batch, heads, past, size]. Outputs: the result, and all keys and
 * values.
 */
final class MultiHeadAttention implements Composite {

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return "MultiHeadAttention";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Heads h = new Heads(n, scope);
    h.refuseInputs(8);
    if (h.shape(0).rank() != 3 || !h.has(1) || !h.has(2)) {
      throw h.error("has queries, keys and values packed into one, " + h.type(0)
          + "; wanted three inputs");
    }
    if (!h.named(3).isEmpty()) {
      throw h.error("gives its scores as output 3, which nnJIT does not");
    }
    int heads = h.count("num_heads");
    int from = 0;
    String[] parts = new String[3];
    for (int i = 0; i < 3; i++) {
      Shape s = h.shape(i);
      boolean merged = s.rank() == 3;
      String part = n.input(i);
      int width = s.dim(2);
      if (merged && h.has(3)) {
        part = h.put("Add", part, h.slice(n.input(3), 0, from, from + width));
      }
      from += width;
      parts[i] = merged ? h.split(part, heads) : part;
    }
    finish(h, parts, 4, h.has(6) ? n.input(6) : null, h.has(7) ? n.input(7) : null);
    h.output(1, parts[1]);
    h.output(2, parts[2]);
  }

  /**
   * The attention of [queries, keys, values] and what comes before the latter two, as output 0;
   * {@code parts} then holds all keys and values.
   *
   * @param mask number of the input with the mask of keys; a bias of scores is input 5
   */
  static void finish(Heads h, String[] parts, int mask, String pastKeys, String pastValues) {
    Shape q = h.scope.type(parts[0]).shape();
    int past = 0;
    if (pastKeys != null && pastValues != null) {
      past = h.scope.type(pastKeys).shape().dim(2);
      parts[1] = h.concat(2, pastKeys, parts[1]);
      parts[2] = h.concat(2, pastValues, parts[2]);
    }
    int keys = h.scope.type(parts[1]).shape().dim(2);
    double filter = h.node.attributes().getFloat("mask_filter_value", -10000);
    boolean causal = h.node.attributes().getInt("unidirectional", 0) == 1;
    h.output(
        0,
        h.attend(
            parts[0], parts[1], parts[2], h.scale(q.dim(3)), 0, false,
            h.mask(mask, q.dim(0), keys, filter),
            causal && q.dim(2) > 1
                ? h.causal(new int[] {past}, q.dim(2), keys, -1)
                : null,
            h.has(5) ? h.node.input(5) : null));
  }
}
