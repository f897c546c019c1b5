package org.nnjit.fuse;

import java.util.function.Predicate;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Exprs;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;

/**
 * Keys and values of 16-bit floats go as they are into attentions that read them once: a cache is not
 * converted as a whole in each step.
 */
final class InlineHalves implements Fusion.Rule {
  private final Predicate<Compute> reads;

  /** @param reads says whether an attention reads its operands in place */
  InlineHalves(Predicate<Compute> reads) {
    this.reads = reads;
  }

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall map = calls.map(i);
      if (map == null || !widens(map.compute())) {
        continue;
      }
      changed |=
          InlineCodes.everywhere(calls, map, r -> isAttention(r.compute()), reads);
    }
    return changed;
  }

  private static boolean widens(Compute c) {
    return c.body() instanceof Cast cast
        && cast.type() == DType.F32
        && (cast.x().type() == DType.F16 || cast.x().type() == DType.BF16)
        && Exprs.isRead(cast.x());
  }

  private static boolean isAttention(Compute c) {
    return !c.stages().isEmpty() && !c.stages().get(0).points().isEmpty();
  }
}
