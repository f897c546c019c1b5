package org.nnjit.graph.pass;

import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Node;

/**
 * (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias, as exporters before opset 17
 * write it, becomes one LayerNormalization.
 */
final class FuseLayerNormalization implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Match m = new Match(g);
    for (int i = 0; i < g.nodes().size(); i++) {
      Node add = g.nodes().get(i);
      if (!add.type().equals("Add")) {
        continue;
      }
      for (int k = 0; k < 2; k++) {
        Node mul = m.maker(add.input(k), "Mul");
        String bias = add.input(1 - k);
        if (mul == null || !isVector(g, m, bias) || !m.usedOnce(add.input(k))) {
          continue;
        }
        Node fused = scaled(g, m, add, mul, bias);
        if (fused != null) {
          m.set(i, fused);
          break;
        }
      }
    }
  }

  private static boolean isVector(TypedGraph g, Match m, String value) {
    return m.isConstant(value) && g.type(value).shape().rank() == 1;
  }

  private static Node scaled(TypedGraph g, Match m, Node add, Node mul, String bias) {
    for (int k = 0; k < 2; k++) {
      Node div = m.maker(mul.input(k), "Div");
      String scale = mul.input(1 - k);
      if (div == null || !isVector(g, m, scale)) {
        continue;
      }
      Node sub = m.maker(div.input(0), "Sub");
      Match.Deviation d = m.deviation(div.input(1));
      if (sub == null || d == null || !sameDifference(m, d.x(), sub)) {
        continue;
      }
      Node mean = m.maker(sub.input(1), "ReduceMean");
      if (m.isRowMean(mean) && mean.input(0).equals(sub.input(0))) {
        Attributes attributes =
            Attributes.NONE.with("axis", -1L).with("epsilon", new Attributes.Real(d.epsilon()));
        return g.node(
            add.name().isEmpty() ? div.name() : add.name(), "", "LayerNormalization",
            List.of(sub.input(0), scale, bias), add.outputs().get(0), attributes);
      }
    }
    return null;
  }

  private static boolean sameDifference(Match m, String value, Node sub) {
    if (value.equals(sub.outputs().get(0))) {
      return true;
    }
    Node other = m.maker(value, "Sub");
    return other != null && other.inputs().equals(sub.inputs());
  }
}
