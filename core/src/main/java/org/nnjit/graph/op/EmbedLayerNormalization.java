package org.nnjit.graph.op;

import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * ONNX Runtime's first layer of BERT: rows of words, positions and segments summed and normalised.
 * Inputs: i32 words and segments [batch, length], the three tables, scale and bias, i32 mask and
 * positions [batch or 1, length]. Outputs: the result, how many keys each mask leaves, the sum.
 */
final class EmbedLayerNormalization implements Composite {
  private static final int SEGMENTS = 1;
  private static final int WORD_TABLE = 2;
  private static final int POSITION_TABLE = 3;
  private static final int SEGMENT_TABLE = 4;
  private static final int MASK = 7;
  private static final int POSITIONS = 8;

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return "EmbedLayerNormalization";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Nodes nodes = new Nodes(n, scope);
    Shape words = nodes.shape(0);
    int length = words.dim(1);
    nodes.type(POSITION_TABLE);
    String positions =
        nodes.has(POSITIONS)
            ? nodes.along(0, "Gather", n.input(POSITION_TABLE), n.input(POSITIONS))
            : nodes.slice(n.input(POSITION_TABLE), 0, 0, length);
    String sum =
        nodes.put("Add", nodes.along(0, "Gather", n.input(WORD_TABLE), n.input(0)), positions);
    if (nodes.has(SEGMENTS)) {
      String segments = nodes.along(0, "Gather", n.input(SEGMENT_TABLE), n.input(SEGMENTS));
      sum = nodes.put("Add", sum, segments);
    }
    nodes.output(2, sum);
    SkipLayerNormalization.normalise(
        nodes, true, 1e-12, sum, n.input(5), n.input(6), "", "");
    if (!nodes.named(1).isEmpty()) {
      Attributes gone = Attributes.NONE.with("keepdims", 0L);
      nodes.output(
          1,
          nodes.has(MASK)
              ? nodes.put("", "ReduceSum", gone, n.input(MASK), nodes.longs(1))
              : nodes.constant(Tensor.zeros(DType.I32, Shape.of(words.dim(0)))));
    }
  }
}
