package org.nnjit.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Workload;
import org.nnjit.fuse.Growth;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.kernel.emit.wgsl.WgslEmitter;
import org.nnjit.kernel.family.GridFamilies;
import org.nnjit.kernel.family.GridSpace;
import org.nnjit.loop.GridNest;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.TensorType;

/**
 * Makes a plan for a GPU of a fused program: tells what runs there and what in WebAssembly, chooses
 * kernels and prints them, gives values buffers.
 */
public final class GpuPlanner {
  private final Program program;
  private final Planner.Caches caches;
  private final GpuTarget gpu;
  private final GpuWeights loaded;
  private final PlanContext context;
  private final int number;
  private final LoadTime loadTime;
  private final Set<Call> once = GpuSupports.calls();
  private final Set<Call> elsewhere;
  private final KernelNames names = new KernelNames();
  private final Map<String, Integer> known = new HashMap<>();
  private final List<GpuPlan.Pipeline> pipelines = new ArrayList<>();
  private final GpuBuffers buffers = new GpuBuffers();
  private final List<GpuPlan.LoadStep> load = new ArrayList<>();
  private final List<GpuPlan.Command> commands = new ArrayList<>();
  private final List<GpuPlan.Slice> slices = new ArrayList<>();

  /** Values that slices have written so far, or parts of them. */
  private final Set<String> begun = new HashSet<>();

  /** Values that some call of a run writes. */
  private final Set<String> written = new HashSet<>();

  /**
   * A planner of a program.
   *
   * @param caches what stays on the GPU between runs
   * @param originals as for {@link Planner}
   * @param number as for {@link Planner}
   */
  public GpuPlanner(
      Program fused,
      Planner.Caches caches,
      GpuTarget gpu,
      GpuWeights loaded,
      PlanContext context,
      Set<String> originals,
      int number) {
    this.program = GpuCaches.stored(fused, caches.all(), gpu);
    this.caches = caches;
    this.gpu = gpu;
    this.loaded = loaded;
    this.context = context;
    this.number = number;
    this.loadTime = new LoadTime(program, originals);
    this.elsewhere = GpuSupports.elsewhere(program, gpu);
    for (Call c : program.calls()) {
      if (c instanceof ComputeCall k && !elsewhere.contains(c) && loadTime.once(k)) {
        once.add(c);
      } else {
        written.addAll(c.results());
      }
    }
  }

  /** Whether a compute can run on the GPU. */
  public static boolean serves(Compute compute, GpuTarget gpu) {
    return GpuSupports.does(compute, gpu);
  }

  /** The plan. */
  public GpuPlan plan() {
    Set<String> fresh = placeWeights();
    loading(fresh);
    running();
    List<GpuPlan.Place> inputs = new ArrayList<>();
    for (String v : program.inputs()) {
      if (cacheOf(v) == null) {
        inputs.add(place(v));
      }
    }
    List<GpuPlan.Place> outputs = new ArrayList<>();
    for (String v : program.outputs()) {
      outputs.add(place(v));
    }
    loaded.addAll(buffers.keys());
    return new GpuPlan(
        buffers.rooms(), pipelines, load, inputs, outputs, commands, slices, kept(),
        buffers.weightBytes(), buffers.arenaBytes());
  }

  private Growth.Cache cacheOf(String value) {
    for (Growth.Cache c : caches.all()) {
      if (c.present().equals(value)) {
        return c;
      }
    }
    return null;
  }

  private List<GpuPlan.Cache> kept() {
    List<GpuPlan.Cache> kept = new ArrayList<>();
    for (Growth.Cache c : caches.all()) {
      GpuPlan.Place at = place(c.present());
      GpuPlan.Place place = new GpuPlan.Place(c.past(), at.type(), at.buffer(), at.wide());
      int rows = program.type(c.added()).shape().dim(c.axis());
      kept.add(new GpuPlan.Cache(place, c.axis(), rows));
    }
    return kept;
  }

  private GpuPlan.Place place(String value) {
    return new GpuPlan.Place(value, program.type(value), buffers.find(value), isWide(value));
  }

  /** Constants and feeds lie as they come; what kernels write lies wide. */
  private boolean isWide(String value) {
    boolean made = written.contains(value) || !program.constants().containsKey(value)
        && loadTime.constant.contains(value);
    return made && program.type(value).dtype().bytes() < 4;
  }

  private long bytesOf(String value) {
    TensorType t = program.type(value);
    long bytes = t.shape().elements() * (isWide(value) ? 4 : t.dtype().bytes());
    return Math.max(16, (bytes + 3) / 4 * 4);
  }

  private String weightKey(String value) {
    return loadTime.weightKey(value, program.type(value), number);
  }

  // --- loading ---

  /** Buffers for what runs read and loading makes; those that are not there yet. */
  private Set<String> placeWeights() {
    Set<String> fresh = new LinkedHashSet<>();
    List<String> needed = new ArrayList<>(program.outputs());
    for (Call c : program.calls()) {
      if (!once.contains(c) && !elsewhere.contains(c)) {
        needed.addAll(c.args());
      }
    }
    for (String v : needed) {
      if (loadTime.constant.contains(v) && buffers.find(v) < 0) {
        String key = weightKey(v);
        buffers.keep(v, key, bytesOf(v));
        if (!loaded.has(key)) {
          fresh.add(v);
        }
      }
    }
    return fresh;
  }

  private void loading(Set<String> fresh) {
    Set<String> wanted = new LinkedHashSet<>(fresh);
    List<Call> calls = program.calls();
    for (int i = calls.size() - 1; i >= 0; i--) {
      if (once.contains(calls.get(i)) && wanted.contains(calls.get(i).results().get(0))) {
        wanted.addAll(calls.get(i).args());
      }
    }
    Map<String, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < calls.size(); i++) {
      if (once.contains(calls.get(i)) && wanted.contains(calls.get(i).results().get(0))) {
        for (String a : calls.get(i).args()) {
          lastUse.put(a, i);
        }
      }
    }
    Set<String> uploaded = new HashSet<>();
    for (String v : fresh) {
      upload(v, uploaded);
    }
    Set<String> temporary = new HashSet<>();
    for (int i = 0; i < calls.size(); i++) {
      if (!once.contains(calls.get(i)) || !wanted.contains(calls.get(i).results().get(0))) {
        continue;
      }
      ComputeCall c = (ComputeCall) calls.get(i);
      for (String a : c.args()) {
        if (buffers.find(a) < 0) {
          buffers.add(a, bytesOf(a));
          temporary.add(a);
        }
        upload(a, uploaded);
      }
      if (buffers.find(c.result()) < 0) {
        buffers.add(c.result(), bytesOf(c.result()));
        temporary.add(c.result());
      }
      load.add(new GpuPlan.LoadDispatch(pipeline(c), buffersOf(c)));
      for (String a : new LinkedHashSet<>(c.args())) {
        if (temporary.contains(a) && lastUse.get(a) == i) {
          load.add(new GpuPlan.Free(buffers.find(a)));
        }
      }
    }
  }

  private void upload(String value, Set<String> uploaded) {
    boolean there = !buffers.isTemporary(value) && loaded.has(weightKey(value));
    if (program.constants().containsKey(value) && !there && uploaded.add(value)) {
      load.add(new GpuPlan.Upload(program.constants().get(value), buffers.find(value)));
    }
  }

  // --- running ---

  private void running() {
    Map<String, Integer> lastUse = new HashMap<>();
    List<Call> calls = program.calls();
    for (int i = 0; i < calls.size(); i++) {
      if (!once.contains(calls.get(i))) {
        for (String v : values(calls.get(i))) {
          lastUse.put(v, i);
        }
      }
    }
    for (String o : program.outputs()) {
      lastUse.put(o, Integer.MAX_VALUE);
    }
    Set<String> onGpu = onGpu();
    for (String v : program.inputs()) {
      boolean given = cacheOf(v) != null || caches.held().contains(v);
      if (onGpu.contains(v) && given) {
        buffers.give(v, bytesOf(v));
      } else if (onGpu.contains(v)) {
        buffers.take(v, bytesOf(v));
      }
    }
    List<Call> slice = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      Call call = calls.get(i);
      if (once.contains(call)) {
        continue;
      }
      if (elsewhere.contains(call)) {
        slice.add(call);
        continue;
      }
      slice(slice, onGpu, calls.subList(i, calls.size()));
      ComputeCall c = (ComputeCall) call;
      if (buffers.find(c.result()) < 0) {
        buffers.take(c.result(), bytesOf(c.result()));
      }
      commands.add(
          new GpuPlan.Command(
              c.label(), pipeline(c), -1, buffersOf(c), c.compute().output(),
              Planner.flops(c.compute())));
      buffers.freeBefore(i + 1, lastUse);
    }
    slice(slice, onGpu, List.of());
  }

  private static List<String> values(Call call) {
    List<String> all = new ArrayList<>(call.args());
    all.addAll(call.results());
    return all;
  }

  /** Values that a kernel of a run reads or writes. */
  private Set<String> onGpu() {
    Set<String> values = new HashSet<>();
    for (Call c : program.calls()) {
      if (!once.contains(c) && !elsewhere.contains(c)) {
        values.addAll(values(c));
      }
    }
    return values;
  }

  /** The calls gathered so far as a plan of WebAssembly. */
  private void slice(List<Call> gathered, Set<String> onGpu, List<Call> after) {
    if (gathered.isEmpty()) {
      return;
    }
    Set<String> later = new HashSet<>(program.outputs());
    for (Call c : after) {
      later.addAll(c.args());
    }
    Program part = GpuSupports.part(program, gathered, once, begun, later);
    begun.addAll(part.outputs());
    Planner planner =
        new Planner(
            part, Map.of(), Planner.Caches.NONE, context, loadTime.originals, number, false);
    planner.select(Double.POSITIVE_INFINITY);
    Plan plan = planner.finish();
    List<GpuPlan.Place> inputs = new ArrayList<>();
    for (Plan.Place p : plan.inputs()) {
      inputs.add(place(p.name()));
    }
    List<GpuPlan.Place> outputs = new ArrayList<>();
    List<Integer> moved = new ArrayList<>();
    for (Plan.Place p : plan.outputs()) {
      if (onGpu.contains(p.name()) && buffers.find(p.name()) < 0) {
        buffers.take(p.name(), bytesOf(p.name()));
      }
      outputs.add(place(p.name()));
      moved.add(buffers.find(p.name()));
    }
    Set<String> labels = new LinkedHashSet<>();
    for (Call c : gathered) {
      labels.add(c.label());
    }
    TensorType output = program.type(gathered.get(gathered.size() - 1).results().get(0));
    commands.add(
        new GpuPlan.Command(
            String.join(", ", labels), -1, slices.size(), moved, output, 0));
    slices.add(new GpuPlan.Slice(plan, inputs, outputs));
    gathered.clear();
  }

  // --- kernels ---

  private List<Integer> buffersOf(ComputeCall c) {
    List<Integer> all = new ArrayList<>();
    for (String a : c.args()) {
      all.add(buffers.find(a));
    }
    all.add(buffers.find(c.result()));
    return all;
  }

  private int pipeline(ComputeCall c) {
    List<Boolean> wide = new ArrayList<>();
    StringBuilder how = new StringBuilder();
    for (String v : values(c)) {
      wide.add(isWide(v));
      how.append(isWide(v) ? 'w' : '.');
    }
    Workload workload = Workload.onGpu(c.compute(), how.toString());
    Integer there = known.get(workload.key());
    if (there != null) {
      return there;
    }
    final double start = context.clock().getAsDouble();
    GridSpace space = GridFamilies.of(c.compute(), gpu, wide);
    Schedule schedule = space.defaultSchedule();
    Schedule found = context.book().find(workload.key());
    if (found != null && found.family().equals(schedule.family())) {
      schedule = found;
    }
    pipelines.add(kernel(workload, space, schedule, wide, names, start, context.clock()));
    known.put(workload.key(), pipelines.size() - 1);
    return pipelines.size() - 1;
  }

  private static GpuPlan.Pipeline kernel(
      Workload workload,
      GridSpace space,
      Schedule schedule,
      List<Boolean> wide,
      KernelNames names,
      double start,
      DoubleSupplier clock) {
    GridNest nest = space.lower(schedule).named(names.of(workload.compute(), schedule));
    String code = WgslEmitter.print(nest, wide);
    double millis = clock.getAsDouble() - start;
    return new GpuPlan.Pipeline(workload, schedule, nest, code, wide, nest.groups(), millis);
  }

  /** A kernel of a plan made with another schedule. */
  public static GpuPlan.Pipeline remade(
      GpuPlan.Pipeline p, Schedule schedule, GpuTarget gpu, DoubleSupplier clock) {
    double start = clock.getAsDouble();
    GridSpace space = GridFamilies.of(p.workload().compute(), gpu, p.wide());
    return kernel(p.workload(), space, schedule, p.wide(), new KernelNames(), start, clock);
  }
}
