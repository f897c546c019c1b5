package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;

/**
 * A sum of exponentials along rows of the output, as softmax has, whose body needs them again: they
 * wait in the output until the result takes their place.
 *
 * @param stage sums what is kept
 * @param compute the compute with the kept value in its body, as the stage after the last
 */
record KeptStage(Stage stage, Compute compute) {

  /** What a compute may keep whose output is written along a dense axis, or null. */
  static KeptStage of(Compute c, LoopBuilder addresses, Axis dense) {
    int n = c.spatial().size();
    Affine store = addresses.address(c.inputs().size(), c.store());
    for (Stage s : c.stages()) {
      if (s.outer() != n - 1
          || s.axes().size() != 1
          || s.axes().get(0).extent() != c.spatial().get(n - 1).extent()
          || !(s.body() instanceof Unary u && u.op() == UnaryOp.EXP && u.type() == DType.F32)
          || c.output().dtype() != DType.F32
          || store.coefficient(dense) != 1
          || !store.isPure()) {
        continue;
      }
      Expr again = at(s.body(), s.axes().get(0), c.spatial().get(n - 1));
      Expr value = new StageValue(c.stages().size(), DType.F32);
      Expr body = Exprs.rewrite(c.body(), e -> e.equals(again) ? value : null);
      if (!body.equals(c.body())) {
        return new KeptStage(
            s,
            new Compute(
                c.name(), c.inputs(), c.output(), c.spatial(), c.stages(), body, c.store()));
      }
    }
    return null;
  }

  /** Where the value at a point of the stage's axis waits. */
  List<Expr> store() {
    List<Expr> index = new ArrayList<>();
    for (Expr i : compute.store()) {
      index.add(at(i, compute.spatial().get(stage.outer()), stage.axes().get(0)));
    }
    return index;
  }

  private static Expr at(Expr e, Axis from, Axis to) {
    return Exprs.substitute(e, Map.of(from, Expr.var(to)));
  }
}
