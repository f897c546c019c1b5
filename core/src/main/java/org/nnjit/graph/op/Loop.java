package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;

/**
 * A subgraph again and again: inputs are the greatest number of steps, whether to take the first,
 * and the first state. The body gets the step's number, true and the state; it gives whether to go
 * on, the next state, and rows.
 */
final class Loop implements Composite {

  @Override
  public String type() {
    return "Loop";
  }

  @Override
  public void expand(Node n, Scope scope) {
    int count = n.inputs().size();
    List<String> first = n.inputs().subList(Math.min(2, count), count);
    Repeat repeat = new Repeat(n, scope, first, first.size() + 2, first.size() + 1);
    long steps = n.input(0).isEmpty() ? Long.MAX_VALUE : repeat.single(n.input(0));
    boolean more = n.input(1).isEmpty() || repeat.single(n.input(1)) != 0;
    String yes = repeat.number(DType.BOOL, 1);
    for (int i = 0; more && i < steps; i++) {
      List<String> in = new ArrayList<>(List.of(repeat.number(DType.I64, i), yes));
      in.addAll(repeat.state);
      more = repeat.single(repeat.step(in).get(0)) != 0;
    }
    repeat.putState();
    for (int i = 0; i < repeat.rowKinds(); i++) {
      repeat.putRows(i, 0, false);
    }
  }
}
