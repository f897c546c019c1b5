package org.nnjit.kernel.family;

import org.nnjit.compute.Compute;
import org.nnjit.schedule.Target;

/** A way to make loops of a kind of compute. Stateless. */
public interface KernelFamily {

  /** Name in schedules: {@code contraction}. */
  String name();

  /** The kernels of this family for a compute on a target, or null when it has none. */
  KernelSpace match(Compute compute, Target target);
}
