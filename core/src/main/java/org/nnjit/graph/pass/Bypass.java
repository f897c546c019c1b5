package org.nnjit.graph.pass;

import org.nnjit.graph.Node;

/**
 * Nodes that return their input (Identity, Dropout, casts to the same type) are left out. Invariant
 * made: every node changes something or names a graph output.
 */
final class Bypass implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    for (int i = 0; i < g.nodes().size(); i++) {
      Node n = g.nodes().get(i);
      boolean same =
          switch (n.type()) {
            case "Identity", "Dropout" -> n.outputs().size() == 1 || unused(g, n.outputs().get(1));
            case "Cast" -> g.type(n.input(0)).equals(g.type(n.outputs().get(0)));
            default -> false;
          };
      if (same && n.domain().isEmpty() && !g.outputs().contains(n.outputs().get(0))) {
        g.nodes().remove(i--);
        g.replace(n.outputs().get(0), n.input(0));
      }
    }
  }

  private static boolean unused(TypedGraph g, String value) {
    return value.isEmpty() || !g.uses().containsKey(value);
  }
}
