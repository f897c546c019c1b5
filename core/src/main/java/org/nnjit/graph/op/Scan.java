package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;

/** A subgraph for each row of some inputs, with a state from one to the next. Since opset 9. */
final class Scan implements Composite {

  @Override
  public String type() {
    return "Scan";
  }

  @Override
  public void expand(Node n, Scope scope) {
    Attributes a = n.attributes();
    int scanned = (int) a.getInt("num_scan_inputs", 1);
    int states = n.inputs().size() - scanned;
    if (n.opset() < 9 || scanned < 1 || states < 0) {
      throw new Nodes(n, scope).error("has opset " + n.opset() + ", " + n.inputs().size()
          + " inputs and num_scan_inputs " + scanned + "; wanted opset 9 or later, and 1 to "
          + n.inputs().size());
    }
    Repeat repeat =
        new Repeat(n, scope, n.inputs().subList(0, states), states + scanned, states);
    int[] axes = repeat.ints("scan_input_axes", scanned);
    int[] directions = repeat.ints("scan_input_directions", scanned);
    int steps = -1;
    for (int i = 0; i < scanned; i++) {
      Shape s = repeat.shape(states + i);
      if (axes[i] < -s.rank() || axes[i] >= s.rank()) {
        throw repeat.error("scan_input_axes has " + axes[i] + " for input " + s);
      }
      int length = s.dim(axes[i]);
      if (steps >= 0 && steps != length) {
        throw repeat.error("inputs have " + steps + " and " + length + " rows, wanted one number");
      }
      steps = length;
    }
    for (int step = 0; step < steps; step++) {
      List<String> in = new ArrayList<>(repeat.state);
      for (int i = 0; i < scanned; i++) {
        int at = directions[i] == 0 ? step : steps - 1 - step;
        in.add(
            repeat.along(
                axes[i], "Gather", n.input(states + i), repeat.number(DType.I64, at)));
      }
      repeat.step(in);
    }
    repeat.putState();
    int kinds = repeat.rowKinds();
    int[] outAxes = repeat.ints("scan_output_axes", kinds);
    int[] outDirections = repeat.ints("scan_output_directions", kinds);
    for (int i = 0; i < kinds; i++) {
      repeat.putRows(i, outAxes[i], outDirections[i] != 0);
    }
  }
}
