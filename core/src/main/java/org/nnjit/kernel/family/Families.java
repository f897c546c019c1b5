package org.nnjit.kernel.family;

import java.util.List;
import org.nnjit.compute.Compute;
import org.nnjit.schedule.Target;

/** The families, most special first: the first that accepts a compute lowers it. */
public final class Families {
  private static final List<KernelFamily> ALL =
      List.of(
          new StepFamily(),
          new AttentionFamily(),
          new ContractionFamily(),
          new QuantisedFamily(),
          new IntegerFamily(),
          new TransformFamily(),
          new TransposeFamily(),
          new MapReduceFamily());

  private Families() {}

  public static List<KernelFamily> all() {
    return ALL;
  }

  /** The kernels of the first family that has some; the last has some for everything. */
  public static KernelSpace of(Compute compute, Target target) {
    for (KernelFamily f : ALL) {
      KernelSpace space = f.match(compute, target);
      if (space != null) {
        return space;
      }
    }
    throw new IllegalStateException("no family accepts " + compute.name());
  }

  /** The kernels of the family that takes everything. */
  public static KernelSpace plain(Compute compute, Target target) {
    return ALL.get(ALL.size() - 1).match(compute, target);
  }

  /** The family of that name. */
  public static KernelFamily named(String name) {
    for (KernelFamily f : ALL) {
      if (f.name().equals(name)) {
        return f;
      }
    }
    throw new IllegalStateException("no kernel family '" + name + "'");
  }
}
