package org.nnjit.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.nnjit.compute.CanonicalText;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Model;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.plan.PlanContext;
import org.nnjit.plan.Planner;
import org.nnjit.plan.Weights;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** One model, its plans by feed types, and where its weights lie. Not safe for several threads. */
public final class Session {
  private final Model model;
  private PlanContext context;
  private Compiler.Backend backend;
  private final List<Compiler.Compiled> plans = new ArrayList<>();
  private final Map<String, Integer> byTypes = new HashMap<>();
  private final Set<String> valueInputs = new HashSet<>();
  /** Values that differ with the length of caches. */
  private final Set<String> unfolded = new HashSet<>();

  private Weights.Mark beforeLast;
  private Compiler.Compiled replaced;
  private Planner replanner;
  private boolean chosen;

  /**
   * A session without plans yet.
   *
   * @param shared memory is shared among threads
   * @param clock milliseconds from some moment on
   */
  public Session(Model model, Target target, boolean shared, DoubleSupplier clock) {
    this.model = model;
    this.context =
        new PlanContext(
            target, new Weights(Weights.RESERVED), new ScheduleBook(), shared, clock);
  }

  public Model model() {
    return model;
  }

  public Target target() {
    return context.target();
  }

  /** The device is this, as has been measured; plans made from now on are for it. */
  public void target(Target measured) {
    context =
        new PlanContext(
            measured, context.weights(), context.book(), context.shared(), context.clock());
  }

  /** Plans are made for this from now on. */
  public void backend(Compiler.Backend other) {
    backend = other;
  }

  /** What plans are made for, null for WebAssembly. */
  public Compiler.Backend backend() {
    return backend;
  }

  /** Milliseconds from some moment on. */
  public DoubleSupplier clock() {
    return context.clock();
  }

  /** Schedules that plans made from now on take. */
  public ScheduleBook book() {
    return context.book();
  }

  /** The plan of this number. */
  public Compiler.Compiled plan(int index) {
    return plans.get(index);
  }

  public int plans() {
    return plans.size();
  }

  /** The number of the plan for these feeds when it is there already, or -1. */
  public int find(Map<String, TensorType> feeds, Specialiser.Values values) {
    Specialiser.checkFeeds(model.graph(), feeds);
    return byTypes.getOrDefault(key(feeds, values), -1);
  }

  /**
   * The number of the plan for these feeds; compiled now when it is new.
   *
   * @param feeds type of each fed value
   * @param values the feeds and the weights
   * @throws org.nnjit.graph.ModelException when the feeds do not fit the model
   */
  public int prepare(Map<String, TensorType> feeds, Specialiser.Values values) {
    Graph graph = model.graph();
    Specialiser.checkFeeds(graph, feeds);
    return known(
        "", feeds, values, () -> Compiler.compile(graph, feeds, values, context, backend));
  }

  /**
   * The number of the plan for runs that add rows to caches, of whatever length these are; compiled
   * now when it is new.
   *
   * @throws org.nnjit.graph.ModelException when the feeds do not fit the model, or its caches
   *     cannot stay in place
   */
  public int prepare(Caching caching, Specialiser.Values values) {
    Graph graph = model.graph();
    Specialiser.checkFeeds(graph, caching.declared(graph));
    return known(
        prefix(caching),
        caching.at(0),
        values,
        () -> Compiler.compileGrowing(graph, caching, unfolded, values, context, backend));
  }

  /** The number of the plan for these runs when it is there already, or -1. */
  public int find(Caching caching, Specialiser.Values values) {
    Specialiser.checkFeeds(model.graph(), caching.declared(model.graph()));
    return byTypes.getOrDefault(prefix(caching) + key(caching.at(0), values), -1);
  }

  private static String prefix(Caching caching) {
    return "cache " + caching.name() + ' ' + caching.capacity() + ' ' + caching.kind() + ' ';
  }

  private int known(
      String prefix,
      Map<String, TensorType> feeds,
      Specialiser.Values values,
      Supplier<Compiler.Compiled> compiler) {
    Integer known = byTypes.get(prefix + key(feeds, values));
    if (known != null) {
      return known;
    }
    Weights.Mark mark = context.weights().mark();
    Compiler.Compiled compiled;
    try {
      compiled = compiler.get();
    } catch (RuntimeException e) {
      context.weights().rollback(mark);
      throw e;
    }
    beforeLast = mark;
    valueInputs.addAll(compiled.valueInputs());
    plans.add(compiled);
    byTypes.put(prefix + key(feeds, values), plans.size() - 1);
    return plans.size() - 1;
  }

  /** Forgets the plans of these caches; their room is free again. Returns the plans' numbers. */
  public List<Integer> dropCaches(String name) {
    List<Integer> dropped = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      if (plans.get(i) != null && plans.get(i).caches().name().equals(name)) {
        dropped.add(i);
        plans.set(i, null);
      }
    }
    byTypes.values().removeAll(dropped);
    keepNeededWeights();
    return dropped;
  }

  /**
   * Begins to make a plan again with the schedules of the book, to be loaded while the old one runs.
   * No other plan may be made before {@link #replanFor} has completed it.
   */
  public void beginReplan(int old) {
    replaced = plans.get(old);
    replanner = Compiler.replan(model.graph(), replaced, context);
    chosen = false;
  }

  /**
   * Goes on with what {@link #beginReplan} began: chooses kernels for about so many milliseconds or,
   * once all are chosen, gives addresses and writes the module.
   *
   * @return the new plan's number, -1 while it is incomplete; {@link #replace} puts it in the old
   *     one's place
   */
  public int replanFor(double millis) {
    if (!chosen) {
      chosen = replanner.select(context.clock().getAsDouble() + millis);
      return -1;
    }
    Weights.Mark mark = context.weights().mark();
    try {
      plans.add(replaced.with(replanner.finish()));
    } catch (RuntimeException e) {
      context.weights().rollback(mark);
      throw e;
    } finally {
      replanner = null;
      replaced = null;
    }
    beforeLast = mark;
    return plans.size() - 1;
  }

  /** From now on feeds of the old plan get the new one; what only the old one needed is free. */
  public void replace(int old, int with) {
    byTypes.replaceAll((types, plan) -> plan == old ? with : plan);
    plans.set(old, null);
    keepNeededWeights();
  }

  private void keepNeededWeights() {
    Set<String> needed = new HashSet<>();
    for (Compiler.Compiled plan : plans) {
      if (plan != null) {
        needed.addAll(plan.weightKeys());
      }
    }
    context.weights().keepOnly(needed);
    if (backend != null) {
      backend.keepOnly(plans);
    }
  }

  /** Forgets the last plan, which could not be loaded; the room for its weights is free again. */
  public void dropLast() {
    int last = plans.size() - 1;
    plans.remove(last);
    byTypes.values().removeIf(p -> p == last);
    context.weights().rollback(beforeLast);
    if (backend != null) {
      backend.rollback();
    }
  }

  /** Types of all feeds, and the content of those whose values decide shapes. */
  private String key(Map<String, TensorType> feeds, Specialiser.Values values) {
    StringBuilder key = new StringBuilder();
    for (Map.Entry<String, TensorType> e : feeds.entrySet()) {
      key.append(e.getKey()).append(':').append(e.getValue());
      if (valueInputs.contains(e.getKey())) {
        Tensor t = values.feed(e.getKey());
        StringBuilder bytes = new StringBuilder();
        for (byte b : t.bytes()) {
          bytes.append((char) (b & 0xff));
        }
        key.append('=').append(CanonicalText.hash(bytes.toString()));
      }
      key.append(' ');
    }
    return key.toString();
  }

  /** Files with weights besides the model itself. */
  public Set<String> externalFiles() {
    return model.externalFiles();
  }

  /** Weights that stay in files, by name. */
  public Map<String, Constant> constants() {
    return model.graph().constants();
  }
}
