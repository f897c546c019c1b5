package org.nnjit.session;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Fusion;
import org.nnjit.fuse.Growth;
import org.nnjit.fuse.Layouts;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.ProgramBuilder;
import org.nnjit.fuse.ScaleHalves;
import org.nnjit.graph.Graph;
import org.nnjit.graph.pass.Passes;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.kernel.family.AttentionFamily;
import org.nnjit.kernel.family.ContractionFamily;
import org.nnjit.kernel.family.QuantisedFamily;
import org.nnjit.kernel.family.StepFamily;
import org.nnjit.plan.GpuPlan;
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
   * @param caches what stays in memory between runs
   * @param growing inputs that grow with the caches, and the axis
   * @param plan the module and its addresses; null where there is one for a GPU
   * @param gpu the plan for a GPU, or null
   */
  public record Compiled(
      TypedGraph graph,
      Set<String> valueInputs,
      Program program,
      Layouts.Result laidOut,
      int number,
      Planner.Caches caches,
      Map<String, Integer> growing,
      Plan plan,
      GpuPlan gpu) {

    /** Weights in memory that the plan needs. */
    public Set<String> weightKeys() {
      return gpu == null ? plan.weightKeys() : gpu.weightKeys();
    }

    /** Computes after fusion and layout. */
    public Program fused() {
      return laidOut.program();
    }

    /** The same with another plan. */
    public Compiled with(Plan other) {
      return new Compiled(
          graph, valueInputs, program, laidOut, number, caches, growing, other, null);
    }
  }

  /** Plans what has been lowered for something else than WebAssembly. */
  public interface Backend {
    /**
     * The plan of a program.
     *
     * @param caches what stays on the device between runs
     * @param growing as of {@link Compiled}
     */
    Compiled plan(
        Graph graph,
        Specialiser.Result specialised,
        Program program,
        Planner.Caches caches,
        Map<String, Integer> growing,
        PlanContext context);

    /** Forgets what the last plan put on the device. */
    void rollback();

    /** Forgets what is on the device for none of these plans. */
    void keepOnly(List<Compiled> plans);
  }

  /** Compiles a graph for these feed types. */
  public static Compiled compile(
      Graph graph,
      Map<String, TensorType> feeds,
      Specialiser.Values values,
      PlanContext context) {
    return compile(graph, feeds, values, context, null);
  }

  /**
   * The same for another backend.
   *
   * @param backend null for WebAssembly
   */
  public static Compiled compile(
      Graph graph,
      Map<String, TensorType> feeds,
      Specialiser.Values values,
      PlanContext context,
      Backend backend) {
    Specialiser.Result specialised = Specialiser.specialise(graph, feeds, values);
    Passes.apply(specialised.graph());
    Program program = ProgramBuilder.build(specialised.graph());
    return compiled(
        graph, specialised, program, Planner.Caches.NONE, Map.of(), context, backend);
  }

  /**
   * Compiles a graph for every length of its caches up to their capacity.
   *
   * @param unfolded values known not to be folded; more are added
   * @param backend null for WebAssembly
   * @throws org.nnjit.graph.ModelException when the caches cannot stay in place
   */
  public static Compiled compileGrowing(
      Graph graph,
      Caching caching,
      Set<String> unfolded,
      Specialiser.Values values,
      PlanContext context,
      Backend backend) {
    Twins twins = new Twins(graph, caching, unfolded, values);
    Growth growth = twins.merged();
    Planner.Caches caches =
        new Planner.Caches(
            caching.name(), growth.caches(), caching.held(),
            caching.kind() == Caching.Kind.DRAFT);
    return compiled(
        graph, twins.longest(), growth.program(), caches, growth.growing(), context, backend);
  }

  private static Compiled compiled(
      Graph graph,
      Specialiser.Result specialised,
      Program program,
      Planner.Caches caches,
      Map<String, Integer> growing,
      PlanContext context,
      Backend backend) {
    if (backend != null) {
      return backend.plan(graph, specialised, program, caches, growing, context);
    }
    Target target = context.target();
    boolean simd = target.has(Feature.SIMD);
    Program scaled = simd ? ScaleHalves.apply(program) : program;
    Program fused =
        Fusion.apply(
            scaled,
            c -> AttentionFamily.pays(c, target),
            c ->
                c.stages().isEmpty()
                    || QuantisedFamily.pays(c, target)
                    || ContractionFamily.readsHalves(c, target),
            c -> simd && StepFamily.suits(c));
    Layouts.Result laidOut = Layouts.apply(fused, simd);
    int number = context.weights().newPlan();
    Planner planner = planner(graph, laidOut, caches, context, number, false);
    planner.select(Double.POSITIVE_INFINITY);
    Plan plan = planner.finish();
    return new Compiled(
        specialised.graph(), specialised.valueInputs(), program, laidOut, number, caches, growing,
        plan, null);
  }

  /**
   * Makes the same plan again with the schedules that the book has by now, to be loaded while the
   * old one runs.
   */
  public static Planner replan(Graph graph, Compiled old, PlanContext context) {
    return planner(graph, old.laidOut(), old.caches(), context, old.number(), true);
  }

  private static Planner planner(
      Graph graph,
      Layouts.Result laidOut,
      Planner.Caches caches,
      PlanContext context,
      int number,
      boolean replaces) {
    return new Planner(
        laidOut.program(),
        laidOut.paddedElements(),
        caches,
        context,
        graph.constants().keySet(),
        number,
        replaces);
  }
}
