package org.nnjit.graph.op;

import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;

/**
 * ONNX Runtime's rotary embedding: input [batch, length, heads * size] or [batch, heads, length,
 * size], i64 positions [batch, length] or the first one [1], cosines and sines [positions, angles].
 */
final class RotaryEmbedding implements Composite {

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return "RotaryEmbedding";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Heads h = new Heads(n, scope);
    Attributes a = n.attributes();
    h.refuse("is_packed_batching");
    if (a.getFloat("scale", 1) != 1) {
      throw h.error("attribute scale is not 1, which ONNX Runtime does not define a use for;"
          + " leave it off");
    }
    Shape s = h.shape(0);
    boolean merged = s.rank() == 3;
    int angles = h.shape(2).dim(1);
    int heads = (int) a.getInt("num_heads", 0);
    String x = n.input(0);
    if (merged) {
      boolean partial = a.getInt("rotary_embedding_dim", 0) > 0;
      x = h.split(x, partial ? h.count("num_heads") : heads > 0 ? heads : s.dim(2) / (2 * angles));
    }
    int length = s.dim(merged ? 1 : 2);
    String at = n.input(1);
    if (h.shape(1).rank() == 1) {
      at = h.put("Add", h.positions(DType.I64, new int[1], Shape.of(1, length)), at);
    }
    String turned =
        h.rotate(x, h.angles(2, at), h.angles(3, at), a.getInt("interleaved", 0) == 1);
    h.output(0, merged ? h.merge(turned) : turned);
  }
}
