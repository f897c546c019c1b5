package org.nnjit.graph.pass;

import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Node;

/**
 * x * 0.5 * (1 + erf(x / sqrt 2)) in its several orders, and the form with tanh, become Gelu; x *
 * sigmoid(x) becomes Silu.
 */
final class FuseGelu implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Match m = new Match(g);
    for (int i = 0; i < g.nodes().size(); i++) {
      Node mul = g.nodes().get(i);
      if (!mul.type().equals("Mul")) {
        continue;
      }
      Node fused = silu(g, m, mul);
      if (fused == null) {
        fused = gelu(g, m, mul);
      }
      if (fused != null) {
        m.set(i, fused);
      }
    }
  }

  private static Node silu(TypedGraph g, Match m, Node mul) {
    for (int k = 0; k < 2; k++) {
      Node s = m.maker(mul.input(k), "Sigmoid");
      if (s != null && s.input(0).equals(mul.input(1 - k))) {
        return g.node(
            mul.name(), "nnjit", "Silu", List.of(s.input(0)), mul.outputs().get(0),
            Attributes.NONE);
      }
    }
    return null;
  }

  /** The product's factors are x, 0.5 and 1 + f(x), grouped in any way. */
  private static Node gelu(TypedGraph g, Match m, Node root) {
    String[] factors = new String[3];
    for (int k = 0; k < 2; k++) {
      Node inner = m.maker(root.input(k), "Mul");
      if (inner == null) {
        continue;
      }
      factors[0] = inner.input(0);
      factors[1] = inner.input(1);
      factors[2] = root.input(1 - k);
      Node fused = threeFactors(g, m, root, factors);
      if (fused != null) {
        return fused;
      }
    }
    return null;
  }

  private static Node threeFactors(TypedGraph g, Match m, Node root, String[] factors) {
    for (int h = 0; h < 3; h++) {
      if (g.scalar(factors[h]) != 0.5) {
        continue;
      }
      for (int a = 0; a < 3; a++) {
        Node add = a == h ? null : m.maker(factors[a], "Add");
        String inner = add == null ? null : m.besides(add, 1);
        if (inner == null) {
          continue;
        }
        String x = factors[3 - h - a];
        String form = form(g, m, inner, x);
        if (form != null) {
          return g.node(
              root.name(), "", "Gelu", List.of(x), root.outputs().get(0),
              Attributes.NONE.with("approximate", form));
        }
      }
    }
    return null;
  }

  private static String form(TypedGraph g, Match m, String inner, String x) {
    Node erf = m.maker(inner, "Erf");
    if (erf != null) {
      Node div = m.maker(erf.input(0), "Div");
      Node mul = m.maker(erf.input(0), "Mul");
      boolean scaled =
          div != null
              ? div.input(0).equals(x) && close(g.scalar(div.input(1)), Math.sqrt(2))
              : mul != null && x.equals(m.besides(mul, Math.sqrt(0.5)));
      return scaled ? "none" : null;
    }
    Node tanh = m.maker(inner, "Tanh");
    Node mul = tanh == null ? null : m.maker(tanh.input(0), "Mul");
    String sum = mul == null ? null : m.besides(mul, Math.sqrt(2 / Math.PI));
    Node add = sum == null ? null : m.maker(sum, "Add");
    String cubic = add == null ? null : Match.other(add, x);
    Node third = cubic == null ? null : m.maker(cubic, "Mul");
    String power = third == null ? null : m.besides(third, 0.044715);
    Node pow = power == null ? null : m.maker(power, "Pow");
    boolean cube = pow != null && pow.input(0).equals(x) && g.scalar(pow.input(1)) == 3;
    return cube ? "tanh" : null;
  }

  private static boolean close(double a, double b) {
    return Math.abs(a - b) <= 1e-4 * Math.abs(b);
  }
}
