package org.nnjit.session;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.nnjit.compute.Compute;
import org.nnjit.fuse.Fusion;
import org.nnjit.fuse.Layouts;
import org.nnjit.fuse.PartDoubles;
import org.nnjit.fuse.Program;
import org.nnjit.graph.Graph;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.kernel.family.GridFamilies;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.GpuPlanner;
import org.nnjit.plan.GpuWeights;
import org.nnjit.plan.PlanContext;
import org.nnjit.plan.Planner;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;

/** Plans for a GPU, whose weights all plans of a session share. */
public final class GpuBackend implements Compiler.Backend {
  private final GpuTarget target;
  private final GpuWeights weights = new GpuWeights();

  public GpuBackend(GpuTarget target) {
    this.target = target;
  }

  /** Images keep their layout: a workgroup reads windows from its own memory. */
  @Override
  public Compiler.Compiled plan(
      Graph graph,
      Specialiser.Result specialised,
      Program program,
      Planner.Caches caches,
      Map<String, Integer> growing,
      PlanContext context) {
    Program fused = Fusion.apply(program, GridFamilies::attends, GpuBackend::isProduct, c -> false);
    if (!serves(fused)) {
      fused = Fusion.apply(program, c -> false, GpuBackend::isProduct, c -> false);
    }
    fused = PartDoubles.apply(fused);
    int number = context.weights().newPlan();
    GpuPlanner planner =
        new GpuPlanner(
            fused, caches, target, weights, context, graph.constants().keySet(), number);
    return new Compiler.Compiled(
        specialised.graph(), specialised.valueInputs(), program,
        new Layouts.Result(fused, Map.of()), number, caches, growing, null,
        planner.plan());
  }

  /** Products read codes; maps keep few arguments. */
  private static boolean isProduct(Compute c) {
    return !c.stages().isEmpty();
  }

  /** Whether the GPU can do all attentions; in WebAssembly there may be no kernel for the whole. */
  private boolean serves(Program fused) {
    for (Program.Call call : fused.calls()) {
      if (call instanceof Program.ComputeCall c
          && !c.compute().stages().isEmpty()
          && !c.compute().stages().get(0).points().isEmpty()
          && !GpuPlanner.serves(c.compute(), target)) {
        return false;
      }
    }
    return true;
  }

  /** The schedules of a kernel worth trying. */
  public LiteSpace lite(GpuPlan.Pipeline kernel) {
    return GridFamilies.of(kernel.workload().compute(), target, kernel.wide()).lite();
  }

  /** A kernel of a plan made with another schedule. */
  public GpuPlan.Pipeline remade(GpuPlan.Pipeline kernel, Schedule schedule, DoubleSupplier clock) {
    return GpuPlanner.remade(kernel, schedule, target, clock);
  }

  @Override
  public void rollback() {
    weights.rollback();
  }

  @Override
  public void keepOnly(List<Compiler.Compiled> plans) {
    Set<String> keys = new HashSet<>();
    for (Compiler.Compiled c : plans) {
      if (c != null) {
        for (GpuPlan.Room r : c.gpu().buffers()) {
          keys.add(r.key());
        }
      }
    }
    weights.keepOnly(keys);
  }
}
