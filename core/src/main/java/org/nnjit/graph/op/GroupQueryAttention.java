package org.nnjit.graph.op;

import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * ONNX Runtime's attention of decoders: causal, several query heads for each head of keys, with
 * rotary embedding. Inputs: queries, keys and values [batch, length, heads * size] (or all three
 * side by side as the first), past keys and values [batch, heads of keys, room, size], number of
 * keys less one for each batch entry, the greatest number of keys, cosines and sines, positions, a
 * bias of scores. Outputs: the result, and all keys and values; where the past has room for the
 * new ones, they are put in their place.
 */
final class GroupQueryAttention implements Composite {
  private static final int PAST = 3;
  private static final int LENGTHS = 5;
  private static final int TOTAL = 6;
  private static final int COSINES = 7;
  private static final int POSITIONS = 9;
  private static final int BIAS = 10;

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return "GroupQueryAttention";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Heads h = new Heads(n, scope);
    Attributes a = n.attributes();
    h.refuse("kv_cache_bit_width", "qk_output");
    h.refuseInputs(BIAS + 1);
    int heads = h.count("num_heads");
    int keyHeads = h.count("kv_num_heads");
    if (heads % keyHeads != 0) {
      throw h.error("num_heads " + heads + " is no multiple of kv_num_heads " + keyHeads);
    }
    String q = n.input(0);
    String k = n.input(1);
    String v = n.input(2);
    if (k.isEmpty()) {
      String all = h.split(q, heads + 2 * keyHeads);
      q = h.slice(all, 1, 0, heads);
      k = h.slice(all, 1, heads, heads + keyHeads);
      v = h.slice(all, 1, heads + keyHeads, heads + 2 * keyHeads);
    } else {
      q = h.split(q, heads);
      k = h.split(k, keyHeads);
      v = h.split(v, keyHeads);
    }
    Shape s = scope.type(q).shape();
    int length = s.dim(2);
    int total = (int) h.single(n.input(TOTAL));
    int[] past = past(h, s.dim(0), length, total);
    if (a.getInt("do_rotary", 0) == 1) {
      boolean interleaved = a.getInt("rotary_interleaved", 0) == 1;
      String cos = angles(h, COSINES, past, length);
      String sin = angles(h, COSINES + 1, past, length);
      q = h.rotate(q, cos, sin, interleaved);
      k = h.rotate(k, cos, sin, interleaved);
    }
    k = cache(h, PAST, k, past, total);
    v = cache(h, PAST + 1, v, past, total);
    h.output(1, k);
    h.output(2, v);
    int window = (int) a.getInt("local_window_size", -1);
    boolean all = past.length == 1 && length == 1 && (window <= 0 || total <= window);
    h.output(
        0,
        h.attend(
            q, h.slice(k, 2, 0, total), h.slice(v, 2, 0, total), h.scale(s.dim(3)),
            a.getFloat("softcap", 0), a.getInt("smooth_softmax", 0) == 1,
            h.has(BIAS) ? n.input(BIAS) : null,
            all ? null : h.causal(past, length, total, window > 0 ? window - 1 : -1)));
  }

  /** Keys before the new ones: one number where all batch entries have the same. */
  private static int[] past(Heads h, int batch, int length, int total) {
    int[] past = {total - length};
    if (batch > 1 && total > length) {
      Tensor lengths = h.scope.value(h.node.input(LENGTHS));
      past = new int[batch];
      boolean same = true;
      for (int i = 0; i < batch; i++) {
        past[i] = (int) lengths.getLong(lengths.elements() == 1 ? 0 : i) + 1 - length;
        same &= past[i] == past[0];
      }
      past = same ? new int[] {past[0]} : past;
    }
    for (int p : past) {
      int room = h.has(PAST) ? h.shape(PAST).dim(2) : 0;
      if (p < 0 || p > room || p + length > total) {
        throw h.error("has " + length + " new keys after " + p + " of " + room
            + " past ones, and a total of " + total);
      }
    }
    return past;
  }

  /** Cosines or sines at the positions of the new keys. */
  private static String angles(Heads h, int table, int[] past, int length) {
    h.type(table);
    if (h.has(POSITIONS)) {
      return h.angles(table, h.node.input(POSITIONS));
    }
    if (past.length == 1) {
      String rows = h.slice(h.node.input(table), 0, past[0], past[0] + length);
      return h.put("Unsqueeze", rows, h.longs(0, 1));
    }
    return h.angles(table, h.positions(DType.I64, past, Shape.of(past.length, length)));
  }

  /** Past keys or values with the new ones after them, and what room there is behind. */
  private static String cache(Heads h, int input, String fresh, int[] past, int total) {
    if (!h.has(input)) {
      return fresh;
    }
    int room = h.shape(input).dim(2);
    int length = h.scope.type(fresh).shape().dim(2);
    String[] entries = new String[past.length];
    for (int i = 0; i < past.length; i++) {
      boolean one = past.length > 1;
      String old = one ? h.slice(h.node.input(input), 0, i, i + 1) : h.node.input(input);
      String own = one ? h.slice(fresh, 0, i, i + 1) : fresh;
      int end = past[i] + length;
      entries[i] = past[i] > 0 ? h.concat(2, h.slice(old, 2, 0, past[i]), own) : own;
      if (end < room) {
        entries[i] = h.concat(2, entries[i], h.slice(old, 2, end, room));
      }
      int missing = total - Math.max(end, room);
      if (missing > 0) {
        TensorType t = h.scope.type(own);
        String zeros = h.constant(Tensor.zeros(t.dtype(), t.shape().with(2, missing)));
        entries[i] = h.concat(2, entries[i], zeros);
      }
    }
    return entries.length == 1 ? entries[0] : h.concat(0, entries);
  }
}
