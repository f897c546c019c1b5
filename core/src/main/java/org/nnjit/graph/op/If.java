package org.nnjit.graph.op;

import org.nnjit.graph.Composite;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;

/** One of two subgraphs. A plan holds the nodes of the one that its feeds take. */
final class If implements Composite {

  @Override
  public String type() {
    return "If";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Nodes nodes = new Nodes(n, scope);
    nodes.type(0);
    Graph branch =
        nodes.graph(nodes.single(n.input(0)) != 0 ? "then_branch" : "else_branch");
    if (branch.outputs().size() != n.outputs().size()) {
      throw nodes.error("has " + n.outputs().size() + " outputs and a branch with "
          + branch.outputs().size());
    }
    for (Node own : branch.nodes()) {
      scope.place(own);
    }
    for (int i = 0; i < n.outputs().size(); i++) {
      nodes.output(i, branch.outputs().get(i).name());
    }
  }
}
