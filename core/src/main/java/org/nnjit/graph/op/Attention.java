package org.nnjit.graph.op;

import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Shape;

/**
 * ONNX Runtime's attention with its projection: input [batch, length, features], weights
 * [features, all widths] and bias of queries, keys and values side by side, a mask of keys, past
 * keys and values [2, batch, heads, past, size], a bias of scores. Outputs: the result, and all
 * keys and values like the past ones.
 */
final class Attention implements Composite {

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return "Attention";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Heads h = new Heads(n, scope);
    h.refuse("do_rotary", "past_present_share_buffer");
    h.refuseInputs(6);
    int heads = h.count("num_heads");
    String all = h.put("MatMul", n.input(0), n.input(1));
    if (h.has(2)) {
      all = h.put("Add", all, n.input(2));
    }
    Shape s = scope.type(all).shape();
    int third = s.dim(2) / 3;
    int[] widths = n.attributes().getInts("qkv_hidden_sizes", third, third, third);
    if (s.rank() != 3
        || widths.length != 3
        || (long) widths[0] + widths[1] + widths[2] != s.dim(2)) {
      throw h.error("projects " + h.shape(0) + " to " + s + ", which does not divide into"
          + " queries, keys and values");
    }
    String[] parts = new String[3];
    int from = 0;
    for (int i = 0; i < 3; i++) {
      parts[i] = h.split(h.slice(all, 2, from, from + widths[i]), heads);
      from += widths[i];
    }
    String[] past = new String[2];
    for (int i = 0; i < 2 && h.has(4); i++) {
      past[i] = h.put("Squeeze", h.slice(n.input(4), 0, i, i + 1), h.longs(0));
    }
    MultiHeadAttention.finish(h, parts, 3, past[0], past[1]);
    if (!h.named(1).isEmpty()) {
      h.output(1, h.concat(0, h.unsqueeze(parts[1], 0), h.unsqueeze(parts[2], 0)));
    }
  }
}
