package org.nnjit.session;

import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Fusion;
import org.nnjit.fuse.Layouts;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.ProgramBuilder;
import org.nnjit.graph.Graph;
import org.nnjit.graph.pass.Passes;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.kernel.family.AttentionFamily;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.plan.Planner;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.TensorType;

/** The whole compiler on one page: every stage in order, each result kept for dumping. */
public final class Compiler {
  private Compiler() {}

  /**
   * What came out of each stage.
   *
   * @param graph typed, folded and fused
   * @param valueInputs feeds whose values the result depends on
   * @param program computes before fusion
   * @param laidOut computes after fusion and layout
   * @param number tells the plans of a session apart that differ in more than schedules
   * @param plan the module and its addresses
   */
  public record Compiled(
      TypedGraph graph,
      Set<String> valueInputs,
      Program program,
      Layouts.Result laidOut,
      int number,
      Plan plan) {

    /** Computes after fusion and layout. */
    public Program fused() {
      return laidOut.program();
    }

    /** The same with another plan. */
    public Compiled with(Plan other) {
      return new Compiled(graph, valueInputs, program, laidOut, number, other);
    }
  }

  /** Compiles a graph for these feed types. */
  public static Compiled compile(
      Graph graph,
      Map<String, TensorType> feeds,
      Specialiser.Values values,
      PlanContext context) {
    Specialiser.Result specialised = Specialiser.specialise(graph, feeds, values);
    TypedGraph typed = specialised.graph();
    Passes.apply(typed);
    Program program = ProgramBuilder.build(typed);
    Target target = context.target();
    Program fused = Fusion.apply(program, c -> AttentionFamily.pays(c, target));
    Layouts.Result laidOut = Layouts.apply(fused, target.has(Feature.SIMD));
    int number = context.weights().newPlan();
    Planner planner = planner(graph, laidOut, context, number, false);
    planner.select(Double.POSITIVE_INFINITY);
    Plan plan = planner.finish();
    return new Compiled(typed, specialised.valueInputs(), program, laidOut, number, plan);
  }

  /**
   * Makes the same plan again with the schedules that the book has by now, to be loaded while the
   * old one runs.
   */
  public static Planner replan(Graph graph, Compiled old, PlanContext context) {
    return planner(graph, old.laidOut(), context, old.number(), true);
  }

  private static Planner planner(
      Graph graph, Layouts.Result laidOut, PlanContext context, int number, boolean replaces) {
    return new Planner(
        laidOut.program(),
        laidOut.paddedElements(),
        context,
        graph.constants().keySet(),
        number,
        replaces);
  }
}
