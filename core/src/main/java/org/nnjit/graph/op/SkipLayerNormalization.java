package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;

/**
 * ONNX Runtime's normalisations after a sum. With a mean: input, skip, scale, bias, and what is
 * added to the sum; without: input, skip, scale, and what is added. Outputs: the result, mean,
 * reciprocal of the deviation, the sum.
 */
final class SkipLayerNormalization implements Composite {
  private final boolean centred;

  SkipLayerNormalization(boolean centred) {
    this.centred = centred;
  }

  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public String type() {
    return centred ? "SkipLayerNormalization" : "SkipSimplifiedLayerNormalization";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Nodes nodes = new Nodes(n, scope);
    nodes.type(1);
    int added = centred ? 4 : 3;
    String sum = nodes.put("Add", n.input(0), n.input(1));
    if (nodes.has(added)) {
      sum = nodes.put("Add", sum, n.input(added));
    }
    nodes.output(3, sum);
    normalise(nodes, centred, 1e-5, sum, n.input(2), centred ? n.input(3) : "",
        nodes.named(1), nodes.named(2));
  }

  /** Normalises over the last dimensions; the result is output 0. */
  static void normalise(
      Nodes nodes, boolean centred, double epsilon, String x, String scale, String bias,
      String mean, String deviation) {
    Attributes given = nodes.node.attributes();
    Attributes a =
        Attributes.NONE
            .with("epsilon", new Attributes.Real(given.getFloat("epsilon", epsilon)))
            .with("axis", given.getInt("axis", -1));
    List<String> in = new ArrayList<>(List.of(x, scale));
    if (!bias.isEmpty()) {
      in.add(bias);
    }
    nodes.scope.place(
        new Node(
            nodes.node.name(),
            centred ? "" : "nnjit",
            centred ? "LayerNormalization" : "RMSNormalization",
            Nodes.OPSET,
            in,
            List.of(nodes.named(0), mean, deviation),
            a));
  }
}
