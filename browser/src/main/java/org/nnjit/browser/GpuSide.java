package org.nnjit.browser;

import java.util.List;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.Tunable;
import org.nnjit.schedule.Schedule;
import org.nnjit.session.Compiler;
import org.nnjit.session.GpuBackend;
import org.nnjit.session.Session;
import org.nnjit.tune.Tuner;

/**
 * What sessions on a GPU need of the compiler. The module {@code browser-plain} has another class in
 * its place, so that pages without WebGPU load less.
 */
final class GpuSide {
  private GpuSide() {}

  /** Does what {@link Engine#gpu} is asked for. */
  static String answer(Session session, int plan, int kernel, String text) {
    if (plan < 0) {
      session.backend(new GpuBackend(GpuPlanJson.target(text)));
      return "{}";
    }
    GpuPlan.Pipeline now = session.plan(plan).gpu().pipelines().get(kernel);
    GpuBackend gpu = (GpuBackend) session.backend();
    return GpuPlanJson.of(gpu.remade(now, Schedule.parse(text), session.clock()));
  }

  /** A plan for a GPU as JSON, or null for one of WebAssembly. */
  static String describe(Compiler.Compiled compiled) {
    return compiled.gpu() == null ? null : GpuPlanJson.of(compiled);
  }

  /** The kernels of a plan, as its JSON counts them. */
  static List<? extends Tunable> kernels(Compiler.Compiled compiled) {
    return compiled.gpu() == null ? compiled.plan().kernels() : compiled.gpu().pipelines();
  }

  /** What there is to try of them. */
  static Tuner.Spaces spaces(Session session) {
    return session.backend() instanceof GpuBackend gpu
        ? (kernel, wide) -> gpu.lite((GpuPlan.Pipeline) kernel)
        : Tuner.spaces(session.target());
  }
}
