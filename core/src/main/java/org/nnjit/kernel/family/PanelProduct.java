package org.nnjit.kernel.family;

import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;

/**
 * A sum of products that {@link PanelLowering} has tiles for: rows, columns, and one axis to sum over,
 * the first factor being of rows and the second of columns.
 *
 * @param compute collapsed
 * @param factors what is summed
 * @param m rows, or null for one
 * @param addresses of the arguments
 */
record PanelProduct(
    Compute compute, Binary factors, Axis m, Axis n, Axis k, LoopBuilder addresses) {
  /** Columns of a panel. */
  static final int WIDTH = 16;

  /** The product that a compute is, or null. */
  static PanelProduct of(Compute original) {
    if (original.stages().size() != 1
        || original.stages().get(0).combiner() != Combiner.SUM
        || original.stages().get(0).outer() != original.spatial().size()
        || !(original.stages().get(0).body() instanceof Binary product)
        || product.op() != BinaryOp.MUL) {
      return null;
    }
    LoopBuilder addresses =
        new LoopBuilder(MapReduceFamily.buffers(original), MapReduceFamily.types(original));
    Compute collapsed = Collapse.apply(original, addresses);
    boolean inHeads = isInHeads(collapsed, addresses);
    Compute c = inHeads ? Collapse.joined(collapsed) : collapsed;
    Stage stage = c.stages().get(0);
    if (stage.axes().size() != 1 || c.spatial().isEmpty() || c.spatial().size() > 2) {
      return null;
    }
    Axis n = c.spatial().get(c.spatial().size() - 1);
    Axis m = c.spatial().size() == 2 ? c.spatial().get(0) : null;
    Binary factors = (Binary) stage.body();
    Affine out = addresses.address(c.inputs().size(), c.store());
    boolean fits =
        (inHeads || out.isPure() && out.coefficient(n) == 1)
            && !Exprs.uses(factors.a(), n)
            && (m == null || !Exprs.uses(factors.b(), m))
            && Vectors.allows(c.body(), n, addresses);
    return fits ? new PanelProduct(c, factors, m, n, stage.axes().get(0), addresses) : null;
  }

  /**
   * Whether columns lie in heads apart from each other, each as wide as whole tiles: the last two axes
   * are those of B then.
   */
  private static boolean isInHeads(Compute c, LoopBuilder addresses) {
    int last = c.spatial().size() - 1;
    if (last < 1) {
      return false;
    }
    Binary product = (Binary) c.stages().get(0).body();
    Affine out = addresses.address(c.inputs().size(), c.store());
    Axis head = c.spatial().get(last - 1);
    Axis column = c.spatial().get(last);
    return c.stages().get(0).outer() == last + 1
        && out.isPure()
        && out.coefficient(column) == 1
        && column.extent() % WIDTH == 0
        && Exprs.uses(product.b(), head)
        && Exprs.uses(product.b(), column)
        && !Exprs.uses(product.a(), head);
  }
}
