package org.nnjit.graph.op;

import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;

/** ONNX Runtime's operators that are a few of ONNX's own. */
final class Functions implements Composite {
  private final String domain;
  private final String type;

  /** One of those that {@link #expand} lists. */
  Functions(String domain, String type) {
    this.domain = domain;
    this.type = type;
  }

  @Override
  public String domain() {
    return domain;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public void expand(Node n, Scope scope) {
    Nodes nodes = new Nodes(n, scope);
    nodes.type(0);
    Attributes a = n.attributes();
    String x = n.input(0);
    switch (type) {
      case "BiasGelu", "FastGelu", "Gelu" -> {
        String form = type.equals("FastGelu") ? "tanh" : "none";
        String sum = nodes.has(1) ? nodes.put("Add", x, n.input(1)) : x;
        nodes.output(0, nodes.put("", "Gelu", Attributes.NONE.with("approximate", form), sum));
      }
      case "QuickGelu" -> {
        String scaled = nodes.times(x, a.getFloat("alpha", 1.702));
        nodes.output(0, nodes.put("Mul", x, nodes.put("Sigmoid", scaled)));
      }
      case "SimplifiedLayerNormalization" ->
          SkipLayerNormalization.normalise(
              nodes, false, 1e-5, x, n.input(1), "", "", nodes.named(1));
      case "FusedMatMul" -> {
        nodes.refuse("transBatchA", "transBatchB");
        String left = turned(nodes, 0, "transA");
        String product = nodes.put("MatMul", left, turned(nodes, 1, "transB"));
        nodes.output(0, nodes.times(product, a.getFloat("alpha", 1)));
      }
      default -> throw new IllegalStateException(type);
    }
  }

  /** An input, transposed in its last two dimensions when the attribute says so. */
  private static String turned(Nodes n, int input, String attribute) {
    int rank = n.shape(input).rank();
    if (n.node.attributes().getInt(attribute, 0) == 0 || rank < 2) {
      return n.node.input(input);
    }
    long[] perm = new long[rank];
    for (int i = 0; i < rank; i++) {
      perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    }
    return n.transpose(n.node.input(input), perm);
  }
}
