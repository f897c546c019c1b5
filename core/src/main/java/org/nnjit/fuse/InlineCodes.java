package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;

/**
 * A weight that a call makes of codes goes into the products that read it, where a kernel can turn
 * codes into floats in registers, and into what picks rows of it: then the floats are never in
 * memory.
 */
final class InlineCodes implements Fusion.Rule {
  private final Predicate<Compute> fits;

  /** @param fits says whether a product, or a map that picks, is better with codes as its operand */
  InlineCodes(Predicate<Compute> fits) {
    this.fits = fits;
  }

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall map = calls.map(i);
      if (map == null || !calls.isConstant(map.result())) {
        continue;
      }
      changed |=
          everywhere(
              calls,
              map,
              r -> InlineMap.isProduct(r.compute()) || picks(r, map.result()),
              fits);
    }
    return changed;
  }

  /**
   * Puts a map into all that read it, if all may have it.
   *
   * @param reader says whether one that reads it may
   * @param fits says the same of what that one would become
   */
  static boolean everywhere(
      Calls calls, ComputeCall map, Predicate<ComputeCall> reader, Predicate<Compute> fits) {
    List<Integer> readers = calls.readers(map.result());
    List<ComputeCall> merged = new ArrayList<>();
    for (int place : readers) {
      ComputeCall consumer = calls.compute(place);
      if (consumer == null || !reader.test(consumer)) {
        return false;
      }
      ComputeCall whole = Inline.into(consumer, map.result(), map);
      if (!fits.test(whole.compute())) {
        return false;
      }
      merged.add(whole);
    }
    for (int k = 0; k < readers.size(); k++) {
      calls.set(readers.get(k), merged.get(k));
    }
    return !readers.isEmpty();
  }

  /** Whether a map reads elements of a value that another value tells. */
  static boolean picks(ComputeCall c, String value) {
    Compute p = c.compute();
    boolean picks = p.stages().isEmpty();
    for (Expr r : Exprs.reads(p)) {
      boolean here = c.args().get(Exprs.argOf(r)).equals(value);
      picks &= !here || Exprs.any(r, e -> e != r && Exprs.isRead(e));
    }
    return picks;
  }
}
