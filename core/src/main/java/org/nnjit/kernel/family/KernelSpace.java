package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nnjit.compute.Compute;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Schedule;

/** The kernels that one family has for one compute on one target. */
public interface KernelSpace {

  /**
   * A schedule that is always legal and rarely bad.
   *
   * @param weights arguments that are known at load: packing them costs no run anything
   */
  Schedule defaultSchedule(Set<Integer> weights);

  /**
   * The schedules worth trying on the target; the default one may be among them.
   *
   * @param weights as for the default schedule
   */
  default LiteSpace lite(Set<Integer> weights) {
    return LiteSpace.only(defaultSchedule(weights));
  }

  /**
   * Legal schedules from all over the full space, to judge the lite one by.
   *
   * @param count how many, drawn evenly; fewer when there are fewer
   */
  default LiteSpace wide(Set<Integer> weights, int count) {
    return lite(weights);
  }

  /**
   * Loops for the compute.
   *
   * @throws IllegalStateException when the schedule is not one of this space
   */
  LoopNest lower(Schedule schedule);

  /** What must be packed before a kernel of this schedule can run. */
  default List<Packing> packings(Schedule schedule) {
    return List.of();
  }

  /**
   * A copy of an argument in another order.
   *
   * @param argument which argument the kernel reads packed, and in no other way
   * @param compute makes the copy; its inputs are the argument as it lies, and others
   * @param others arguments that it reads too
   */
  record Packing(int argument, Compute compute, List<Integer> others) {
    Packing(int argument, Compute compute) {
      this(argument, compute, List.of());
    }

    /** All arguments that it reads, in the order of its inputs. */
    public List<Integer> reads() {
      List<Integer> all = new ArrayList<>(others);
      all.add(0, argument);
      return all;
    }
  }
}
