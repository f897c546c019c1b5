package org.nnjit.graph.pass;

import java.util.Map;
import org.nnjit.graph.Node;

/**
 * Nodes that return their input (Identity, Dropout, casts to the same type) are left out. Invariant
 * made: every node changes something or names a graph output.
 */
final class Bypass implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Map<String, Integer> uses = g.uses();
    g.bypass(n -> isIdentity(g, n, uses) ? n.input(0) : null);
  }

  private static boolean isIdentity(TypedGraph g, Node n, Map<String, Integer> uses) {
    if (!n.domain().isEmpty() || g.outputs().contains(n.outputs().get(0))) {
      return false;
    }
    return switch (n.type()) {
      case "Identity", "Dropout" ->
          n.outputs().size() == 1 || !uses.containsKey(n.outputs().get(1));
      case "Cast" -> g.type(n.input(0)).equals(g.type(n.outputs().get(0)));
      default -> false;
    };
  }
}
