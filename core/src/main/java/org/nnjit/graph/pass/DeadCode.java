package org.nnjit.graph.pass;

import java.util.Map;
import org.nnjit.graph.Node;

/** Nodes and constants that no output needs go. */
final class DeadCode implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Map<String, Integer> uses = g.uses();
    for (int i = g.nodes().size() - 1; i >= 0; i--) {
      Node n = g.nodes().get(i);
      boolean used = false;
      for (String o : n.outputs()) {
        used |= uses.getOrDefault(o, 0) > 0;
      }
      if (!used) {
        g.nodes().remove(i);
        for (String in : n.inputs()) {
          uses.merge(in, -1, Integer::sum);
        }
      }
    }
    g.constants().keySet().removeIf(c -> uses.getOrDefault(c, 0) <= 0);
  }
}
