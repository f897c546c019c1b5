package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.nnjit.compute.Compute;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;

/**
 * A weight that a call makes of codes goes into the products that read it, where a kernel can turn
 * codes into floats in registers: then the floats are never in memory.
 */
final class InlineCodes implements Fusion.Rule {
  private final Predicate<Compute> fits;

  /** @param fits says whether a product is better with codes as its operand */
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
      List<Integer> readers = calls.readers(map.result());
      List<ComputeCall> merged = new ArrayList<>();
      for (int reader : readers) {
        ComputeCall consumer = calls.compute(reader);
        if (consumer != null && InlineMap.isProduct(consumer.compute())) {
          ComputeCall whole = Inline.into(consumer, map.result(), map);
          if (fits.test(whole.compute())) {
            merged.add(whole);
          }
        }
      }
      for (int k = 0; k < readers.size() && merged.size() == readers.size(); k++) {
        calls.set(readers.get(k), merged.get(k));
        changed = true;
      }
    }
    return changed;
  }
}
