package org.nnjit.fuse;

import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;

/**
 * A call that only reads elsewhere (transpose, slice, reshape, expand) goes into its readers, where
 * it becomes a stride. It stays when a reader's address would need quotients.
 */
final class InlineView implements Fusion.Rule {

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall view = calls.compute(i);
      if (view == null || !isView(view.compute()) || calls.writer(view.result()) != i) {
        continue;
      }
      for (int reader : calls.readers(view.result())) {
        ComputeCall consumer = calls.compute(reader);
        if (consumer == null) {
          continue;
        }
        ComputeCall merged = Inline.into(consumer, view.result(), view);
        if (impure(merged.compute()) <= impure(consumer.compute())) {
          calls.set(reader, merged);
          changed = true;
        }
      }
    }
    return changed;
  }

  /** True for a bare read at an affine index. */
  static boolean isView(Compute c) {
    return Inline.isPlainMap(c)
        && (c.body() instanceof Expr.Read || c.body() instanceof Expr.ReadFlat)
        && Exprs.address(c.inputs(), c.body()).isPure();
  }

  private static int impure(Compute c) {
    int n = 0;
    for (Expr r : Exprs.reads(c)) {
      n += Exprs.address(c.inputs(), r).isPure() ? 0 : 1;
    }
    return n;
  }
}
