package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
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
              (reader, whole) ->
                  (InlineMap.isProduct(reader.compute()) || picks(reader, map.result()))
                      && fits.test(whole.compute()));
    }
    return changed;
  }

  /** Puts a map into all that read it, if all may have it: the reader, and what it would become. */
  static boolean everywhere(
      Calls calls, ComputeCall map, BiPredicate<ComputeCall, ComputeCall> mayHave) {
    List<Integer> readers = calls.readers(map.result());
    List<ComputeCall> merged = new ArrayList<>();
    for (int reader : readers) {
      ComputeCall consumer = calls.compute(reader);
      ComputeCall whole = consumer == null ? null : Inline.into(consumer, map.result(), map);
      if (whole != null && mayHave.test(consumer, whole)) {
        merged.add(whole);
      }
    }
    boolean all = !readers.isEmpty() && merged.size() == readers.size();
    for (int k = 0; all && k < readers.size(); k++) {
      calls.set(readers.get(k), merged.get(k));
    }
    return all;
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
