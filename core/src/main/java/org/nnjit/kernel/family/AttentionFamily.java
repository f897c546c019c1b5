package org.nnjit.kernel.family;

import java.util.List;
import java.util.Set;
import org.nnjit.compute.Compute;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;

/**
 * Attention without its scores in memory: the scores of some rows are made in scratch that stays
 * in the first-level cache, become weights there, and meet the values. Both products use the
 * register tiles of the contraction family, with K and V packed into panels.
 *
 * <p>Steps: {@code mr}, {@code nr} (tile of the scores), {@code mo}, {@code no} (tile of the
 * result), {@code unroll} of both products, {@code kc} (block of keys in the second product, 0 for
 * one block), {@code rows} in scratch (a multiple of mr and mo).
 */
public final class AttentionFamily implements KernelFamily {
  /** Fewer rows read the panels of K and V from the second-level cache too often. */
  private static final int LEAST_ROWS = 12;

  /** With fewer rows packing K and V costs more than the scores' way through memory. */
  private static final int WORTHWHILE_ROWS = 16;

  @Override
  public String name() {
    return "attention";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    AttentionParts p = AttentionParts.of(compute);
    return p == null ? null : new Space(p, target);
  }

  /** True when attention is faster as one kernel than as its parts. */
  public static boolean pays(Compute compute, Target target) {
    AttentionParts p = target.has(Feature.SIMD) ? AttentionParts.of(compute) : null;
    return p != null && p.row().extent() >= WORTHWHILE_ROWS && accepts(p)
        || target.has(Feature.SIMD) && StepFamily.suits(compute);
  }

  private static boolean accepts(AttentionParts p) {
    return p.keys() >= 4
        && p.scores().depth() >= 2
        && p.values().columns() >= 4
        && suits(p.scores())
        && suits(p.values());
  }

  private static boolean suits(Contraction c) {
    return Vectors.allows(c.compute().body(), c.n(), ContractionFamily.addresses(c));
  }

  /** Schedule of the first product. */
  static Schedule scores(Schedule s) {
    return Schedule.of("contraction")
        .with("mr", s.get("mr", 2))
        .with("nr", s.get("nr", 16))
        .with("unroll", s.get("unroll", 8))
        .with("pack", 1);
  }

  /** Schedule of the second product. */
  static Schedule values(Schedule s) {
    return Schedule.of("contraction")
        .with("mr", s.get("mo", 2))
        .with("nr", s.get("no", 16))
        .with("unroll", s.get("unroll", 8))
        .with("kc", s.get("kc", 0))
        .with("pack", 1);
  }

  private record Space(AttentionParts parts, Target target) implements KernelSpace {
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      Schedule s = ContractionFamily.space(parts.scores(), target).defaultSchedule(Set.of());
      Schedule v = ContractionFamily.space(parts.values(), target).defaultSchedule(Set.of());
      int mr = s.get("mr", 1);
      int mo = v.get("mr", 1);
      int step = mr;
      while (step % mo != 0) {
        step += mr;
      }
      return Schedule.of("attention")
          .with("mr", mr)
          .with("nr", s.get("nr", 16))
          .with("mo", mo)
          .with("no", v.get("nr", 16))
          .with("unroll", s.get("unroll", 8))
          .with("kc", v.get("kc", 0))
          .with("rows", (LEAST_ROWS + step - 1) / step * step);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      int rows = schedule.get("rows", 0);
      if (rows < 1 || rows % schedule.get("mr", 2) != 0 || rows % schedule.get("mo", 2) != 0) {
        throw new IllegalStateException(
            "rows is " + rows + ", wanted a multiple of mr and mo: " + schedule);
      }
      return new AttentionLowering(parts, schedule).lower();
    }

    @Override
    public List<Packing> packings(Schedule schedule) {
      return List.of(
          packing(parts.scores(), scores(schedule)), packing(parts.values(), values(schedule)));
    }

    private static Packing packing(Contraction c, Schedule s) {
      Compute copy = ContractionFamily.packing(c, s, ContractionFamily.addresses(c));
      return new Packing(c.argB(), copy);
    }
  }
}
