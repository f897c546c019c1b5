package org.nnjit.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;

/** Puts nodes in an order in which every value is made before it is used. */
final class TopologicalOrder {
  private TopologicalOrder() {}

  /**
   * The nodes in order.
   *
   * @param nested whether they are a subgraph's, which may read what others make
   * @throws ModelException for a value made twice or by nobody, and for a cycle
   */
  static List<Node> of(
      List<Node> nodes,
      List<Port> inputs,
      Set<String> constants,
      List<Port> outputs,
      boolean nested) {
    Map<String, Integer> maker = new HashMap<>();
    Set<String> known = new HashSet<>(constants);
    for (Port p : inputs) {
      if (!known.add(p.name())) {
        throw new ModelException("input '" + p.name() + "' is declared twice");
      }
    }
    for (int i = 0; i < nodes.size(); i++) {
      for (String o : nodes.get(i).outputs()) {
        if (!o.isEmpty() && (known.contains(o) || maker.put(o, i) != null)) {
          throw new ModelException(
              nodes.get(i).label() + ": value '" + o + "' is defined twice in the model");
        }
      }
    }
    int[] missing = new int[nodes.size()];
    List<List<Integer>> users = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      users.add(new ArrayList<>());
    }
    for (int i = 0; i < nodes.size(); i++) {
      for (String in : nodes.get(i).reads()) {
        if (in.isEmpty() || known.contains(in)) {
          continue;
        }
        Integer m = maker.get(in);
        if (m == null && nested) {
          continue;
        }
        if (m == null) {
          throw new ModelException(
              nodes.get(i).label() + ": input '" + in
                  + "' is made by no node and is neither a model input nor an initializer");
        }
        missing[i]++;
        users.get(m).add(i);
      }
    }
    for (Port p : outputs) {
      if (!nested && !known.contains(p.name()) && !maker.containsKey(p.name())) {
        throw new ModelException("output '" + p.name() + "' is made by no node");
      }
    }
    List<Node> order = new ArrayList<>();
    List<Integer> ready = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (missing[i] == 0) {
        ready.add(i);
      }
    }
    while (!ready.isEmpty()) {
      int i = ready.remove(ready.size() - 1);
      order.add(nodes.get(i));
      for (int k = users.get(i).size() - 1; k >= 0; k--) {
        int u = users.get(i).get(k);
        if (--missing[u] == 0) {
          ready.add(u);
        }
      }
    }
    if (order.size() < nodes.size()) {
      StringBuilder cycle = new StringBuilder();
      int named = 0;
      for (int i = 0; i < nodes.size() && named < 4; i++) {
        if (missing[i] > 0) {
          cycle.append(named++ == 0 ? "" : ", ").append(nodes.get(i).label());
        }
      }
      throw new ModelException("the graph has a cycle through " + cycle);
    }
    return order;
  }
}
