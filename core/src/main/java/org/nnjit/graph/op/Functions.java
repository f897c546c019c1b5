package org.nnjit.graph.op;

import java.util.function.Consumer;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Shape;

/** ONNX Runtime's operators that are a few of ONNX's own. */
final class Functions {
  private Functions() {}

  private record Function(String domain, String type, Consumer<Nodes> body)
      implements Composite {
    @Override
    public void expand(Node n, Scope scope) {
      Nodes nodes = new Nodes(n, scope);
      nodes.type(0);
      body.accept(nodes);
    }
  }

  private static Composite of(String type, Consumer<Nodes> body) {
    return new Function("com.microsoft", type, body);
  }

  /** Gelu of the input and, where there is a second one, of their sum. */
  static Composite gelu(String type, String form) {
    return of(
        type,
        n -> {
          String x = n.node.input(0);
          String sum = n.has(1) ? n.put("Add", x, n.node.input(1)) : x;
          n.output(0, n.put("Gelu", Attributes.NONE.with("approximate", form), sum));
        });
  }

  /** x * sigmoid(alpha * x). */
  static Composite quickGelu() {
    return of(
        "QuickGelu",
        n -> {
          String x = n.node.input(0);
          String scaled = n.times(x, n.node.attributes().getFloat("alpha", 1.702));
          n.output(0, n.put("Mul", x, n.put("Sigmoid", scaled)));
        });
  }

  /** alpha * a * b, either transposed in its last two dimensions. */
  static Composite matMul() {
    return of(
        "FusedMatMul",
        n -> {
          n.refuse("transBatchA", "transBatchB");
          Attributes a = n.node.attributes();
          String product =
              n.put(
                  "MatMul",
                  turned(n, 0, a.getInt("transA", 0) != 0),
                  turned(n, 1, a.getInt("transB", 0) != 0));
          n.output(0, n.times(product, a.getFloat("alpha", 1)));
        });
  }

  private static String turned(Nodes n, int input, boolean transposed) {
    Shape s = n.shape(input);
    int rank = s.rank();
    if (!transposed || rank < 2) {
      return n.node.input(input);
    }
    long[] perm = new long[rank];
    for (int i = 0; i < rank; i++) {
      perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    }
    return n.transpose(n.node.input(input), perm);
  }

  /** x over the root of its mean square; its second output is the reciprocal of that root. */
  static Composite simplifiedLayerNormalization() {
    return new Function(
        "",
        "SimplifiedLayerNormalization",
        n ->
            SkipLayerNormalization.normalise(
                n, false, 1e-5, n.node.input(0), n.node.input(1), "", "", n.named(1)));
  }
}
