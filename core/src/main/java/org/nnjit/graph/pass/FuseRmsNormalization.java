package org.nnjit.graph.pass;

import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Node;

/** x / sqrt(mean(x^2) + epsilon) * scale, as T5 and Llama write it, becomes RMSNormalization. */
final class FuseRmsNormalization implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Match m = new Match(g);
    for (int i = 0; i < g.nodes().size(); i++) {
      Node mul = g.nodes().get(i);
      if (!mul.type().equals("Mul")) {
        continue;
      }
      for (int k = 0; k < 2; k++) {
        String scale = mul.input(1 - k);
        if (!m.isConstant(scale) || g.type(scale).shape().rank() != 1) {
          continue;
        }
        Match.Deviation d = normalised(g, m, mul.input(k));
        if (d != null) {
          Attributes attributes =
              Attributes.NONE.with("axis", -1L).with("epsilon", new Attributes.Real(d.epsilon()));
          Node fused =
              g.node(
                  mul.name(), "nnjit", "RMSNormalization", List.of(d.x(), scale),
                  mul.outputs().get(0), attributes);
          m.set(i, fused);
          break;
        }
      }
    }
  }

  /** x and epsilon when the value is x over its own deviation. */
  private static Match.Deviation normalised(TypedGraph g, Match m, String value) {
    Node div = m.maker(value, "Div");
    if (div != null) {
      Match.Deviation d = m.deviation(div.input(1));
      return d != null && d.x().equals(div.input(0)) ? d : null;
    }
    Node product = m.maker(value, "Mul");
    if (product == null) {
      return null;
    }
    for (int k = 0; k < 2; k++) {
      Node inverse = m.maker(product.input(k), "Div");
      Match.Deviation d = null;
      if (inverse != null && g.scalar(inverse.input(0)) == 1) {
        d = m.deviation(inverse.input(1));
      }
      Node reciprocal = m.maker(product.input(k), "Reciprocal");
      if (reciprocal != null) {
        d = m.deviation(reciprocal.input(0));
      }
      if (d != null && d.x().equals(product.input(1 - k))) {
        return d;
      }
    }
    return null;
  }
}
