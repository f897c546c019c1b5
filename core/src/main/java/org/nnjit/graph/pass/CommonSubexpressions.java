package org.nnjit.graph.pass;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.graph.Node;

/** Equal nodes on equal inputs are calculated once. */
final class CommonSubexpressions implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Map<String, Node> seen = new HashMap<>();
    g.bypass(
        n -> {
          if (!isRepeatable(g, n)) {
            return null;
          }
          String key = n.domain() + n.type() + n.inputs() + n.attributes();
          Node first = seen.putIfAbsent(key, n);
          return first == null ? null : first.outputs().get(0);
        });
  }

  private static boolean isRepeatable(TypedGraph g, Node n) {
    boolean random = n.type().startsWith("Random") || n.type().equals("Bernoulli");
    return n.outputs().size() == 1
        && !random
        && !n.attributes().has("value")
        && !g.outputs().contains(n.outputs().get(0));
  }
}
