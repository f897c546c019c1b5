package org.nnjit.kernel.family;

import java.util.Set;
import org.nnjit.compute.Compute;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;

/**
 * Small matrices from both sides: {@code T X T^t} for tiles X of a tensor, with T known, as the
 * transforms of Winograd convolution are. A tile stays in locals, four channels at a time; zeros
 * and ones of the matrix cost nothing. No steps.
 */
public final class TransformFamily implements KernelFamily {

  @Override
  public String name() {
    return "transform";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    boolean tiles = compute.name().startsWith("tiles_") && compute.spatial().size() == 4;
    return tiles ? new Space(compute) : null;
  }

  private static final class Space implements KernelSpace {
    private final Compute compute;

    Space(Compute compute) {
      this.compute = compute;
    }

    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      return Schedule.of("transform");
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      return new TransformLowering(compute).lower();
    }
  }
}
