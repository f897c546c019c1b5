package org.nnjit.graph.pass;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.graph.Node;

/** Equal nodes on equal inputs are calculated once. */
final class CommonSubexpressions implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Map<String, Node> seen = new HashMap<>();
    for (int i = 0; i < g.nodes().size(); i++) {
      Node n = g.nodes().get(i);
      boolean random = n.type().startsWith("Random") || n.type().equals("Bernoulli");
      if (n.outputs().size() != 1 || random || g.outputs().contains(n.outputs().get(0))) {
        continue;
      }
      boolean tensors = false;
      for (String a : n.attributes().names()) {
        tensors |= a.equals("value");
      }
      String key = n.domain() + n.type() + n.inputs() + n.attributes();
      Node first = tensors ? null : seen.putIfAbsent(key, n);
      if (first != null) {
        g.nodes().remove(i--);
        g.replace(n.outputs().get(0), first.outputs().get(0));
      }
    }
  }
}
