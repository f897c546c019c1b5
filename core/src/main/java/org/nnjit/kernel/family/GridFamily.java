package org.nnjit.kernel.family;

import org.nnjit.compute.Compute;
import org.nnjit.schedule.GpuTarget;

/** A way to make a kernel for a GPU of a kind of compute. Stateless. */
public interface GridFamily {

  /** Name in schedules: {@code product}. */
  String name();

  /**
   * The kernels of this family for a compute on a target, or null when it has none.
   *
   * @param compute over as few axes as its addresses allow; {@link GridFamilies#of} sees to it
   */
  GridSpace match(Compute compute, GpuTarget target);
}
