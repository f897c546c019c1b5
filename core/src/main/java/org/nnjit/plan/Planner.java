package org.nnjit.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.Workload;
import org.nnjit.fuse.DraftProduct;
import org.nnjit.fuse.Growth;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.kernel.emit.wasm.Supports;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.kernel.family.QuantisedFamily;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Makes a plan of a fused program: chooses kernels, packs weights, gives addresses, writes the
 * module.
 */
public final class Planner {
  /** One step before addresses are known. */
  record Step(Call call, Kernel kernel, List<String> args, boolean once) {}

  private final Program program;
  private final Map<String, Long> padded;
  private final PlanContext context;
  private final Weights weights;
  private final Set<String> originals;
  private final ProgramModule module;
  private final int number;
  private final boolean replaces;
  private final Caches caches;
  /** By workload and which arguments are weights. */
  private final Map<String, Kernel> kernels = new LinkedHashMap<>();

  private int selected;
  private final List<Step> steps = new ArrayList<>();
  private final LoadTime loadTime;
  private final Set<String> constant;
  private final Map<String, TensorType> types;
  private final Set<String> packed = new HashSet<>();

  /** Values that estimates of products are made of. */
  private final Set<String> made = new HashSet<>();

  /** Values that live only while one kernel runs. */
  private final Set<String> scratch = new HashSet<>();

  /** Values that stay between runs; caches, and new rows, whose place moves with the length. */
  private final Map<String, Growth.Cache> fixed = new HashMap<>();

  /**
   * What stays in memory between runs.
   *
   * @param name plans that name the same share it
   * @param held inputs that are fed once
   * @param drafts runs are estimates, see {@link DraftProduct}
   */
  public record Caches(
      String name, List<Growth.Cache> all, Set<String> held, boolean drafts) {
    public static final Caches NONE = new Caches("", List.of(), Set.of(), false);
  }

  /**
   * A planner of a program, which has chosen no kernel yet.
   *
   * @param program fused, with layouts
   * @param padded elements of values with a halo
   * @param context device and session
   * @param originals constants of the model itself; other constants may depend on the feeds, so
   *     plans do not share them
   * @param number tells plans apart whose constants may differ
   * @param replaces another plan of the same program runs while this one is loaded
   */
  public Planner(
      Program program,
      Map<String, Long> padded,
      Caches caches,
      PlanContext context,
      Set<String> originals,
      int number,
      boolean replaces) {
    this.number = number;
    this.caches = caches;
    for (String v : caches.held()) {
      fixed.put(v, null);
    }
    for (Growth.Cache c : caches.all()) {
      fixed.put(Growth.LENGTH, null);
      fixed.put(c.present(), c);
      fixed.put(c.added(), c);
    }
    this.replaces = replaces;
    this.program = program;
    this.padded = padded;
    this.context = context;
    this.weights = context.weights();
    this.loadTime = new LoadTime(program, originals);
    this.originals = loadTime.originals;
    this.constant = loadTime.constant;
    this.module = new ProgramModule(context.target(), context.shared());
    this.types = new LinkedHashMap<>(program.types());
  }

  /**
   * Chooses and writes kernels until the context's clock shows this moment.
   *
   * @return whether all have been chosen
   */
  public boolean select(double until) {
    while (selected < program.calls().size()) {
      select(program.calls().get(selected++));
      if (context.clock().getAsDouble() >= until) {
        break;
      }
    }
    return selected == program.calls().size();
  }

  /** The plan, once all kernels are chosen. */
  public Plan finish() {
    Set<String> neededAtRun = new HashSet<>(program.outputs());
    for (Step s : steps) {
      if (!s.once()) {
        neededAtRun.addAll(s.args());
      }
    }
    Map<String, Integer> at = new HashMap<>();
    List<Plan.LoadStep> load = new ArrayList<>();
    long before = weights.top();
    placeWeights(neededAtRun, at);
    List<Plan.Range> zeroed = new ArrayList<>();
    Map<String, String> keys = Halos.keys(steps, padded.keySet(), types);
    for (Map.Entry<String, Long> p : padded.entrySet()) {
      int bytes = (int) (p.getValue() * types.get(p.getKey()).dtype().bytes());
      String key = keys.get(p.getKey());
      Integer known = weights.find(key);
      int address = known != null ? known : weights.place(key, bytes);
      at.put(p.getKey(), address);
      used.add(key);
      if (known == null) {
        zeroed.add(new Plan.Range(address, bytes));
      }
    }
    placeCaches(at, zeroed);
    long weightBytes = weights.top() - before;
    // Both passes are laid out from 0 first, to learn how much room they need.
    long arenaBytes = Math.max(staging(0, at, null), arena(0, null));
    long base = weights.arenaBase(arenaBytes);
    // While the plan that this one replaces still runs, its arena is in use.
    staging(replaces ? weights.top() : base, at, load);
    Map<String, Integer> live = new HashMap<>(at);
    arena(base, live);
    return module(live, load, zeroed, weightBytes, arenaBytes);
  }

  // --- kernels ---

  private void select(Call call) {
    if (call instanceof ComputeCall c && Supports.all(c.compute())) {
      boolean once = loadTime.once(c);
      Set<Integer> weights = new HashSet<>();
      for (int i = 0; i < c.args().size(); i++) {
        if (constant.contains(c.args().get(i))) {
          weights.add(i);
        }
      }
      if (caches.drafts() && !once && !weights.isEmpty() && drafted(c, weights)) {
        return;
      }
      Kernel kernel = kernel(c.compute(), weights);
      List<String> args = new ArrayList<>(c.args());
      for (KernelSpace.Packing p : kernel.packings()) {
        List<String> from = new ArrayList<>();
        for (int i : p.reads()) {
          from.add(c.args().get(i));
        }
        args.set(p.argument(), pack(c.label(), from, p.compute()));
      }
      if (kernel.nest().scratch() > 0) {
        String name = c.result() + "#scratch";
        types.put(name, TensorType.of(DType.F32, kernel.nest().scratch()));
        scratch.add(name);
        args.add(name);
      }
      steps.add(new Step(c, kernel, args, once));
      kernel.calls++;
      return;
    }
    steps.add(new Step(call, null, call.args(), false));
  }

  /** Chooses kernels for the estimate of a product; false where it has none. */
  private boolean drafted(ComputeCall c, Set<Integer> weights) {
    KernelSpace space = Families.of(c.compute(), context.target());
    Workload workload = Workload.of(c.compute(), weights);
    List<KernelSpace.Packing> packings = space.packings(schedule(space, workload));
    if (packings.size() != 1 || packings.get(0).reads().size() != 1) {
      return false;
    }
    KernelSpace.Packing p = packings.get(0);
    String weight = c.args().get(p.argument());
    if (!constant.contains(weight)) {
      return false;
    }
    String panels = pack(c.label(), List.of(weight), p.compute());
    List<ComputeCall> calls = DraftProduct.of(c, p.argument(), panels, types);
    if (calls == null || !QuantisedFamily.pays(calls.getLast().compute(), context.target())) {
      return false;
    }
    for (ComputeCall call : calls) {
      // Products of one row share its codes.
      if (call.result().equals(c.result()) || made.add(call.result())) {
        select(call);
      }
    }
    return true;
  }

  /** The name of the packed copy of a value; the step that makes it is added when it is new. */
  private String pack(String label, List<String> from, Compute packing) {
    boolean once = constant.containsAll(from);
    Kernel kernel = kernel(packing, Set.of());
    String key = from.get(0) + "#" + kernel.workload().key();
    if (packed.add(key)) {
      types.put(key, packing.output());
      ComputeCall call = new ComputeCall(label, packing, from, key);
      steps.add(new Step(call, kernel, from, once));
      kernel.calls++;
      if (once) {
        constant.add(key);
        if (originals.containsAll(from)) {
          originals.add(key);
        }
      }
    }
    return key;
  }

  private Kernel kernel(Compute compute, Set<Integer> weights) {
    Workload workload = Workload.of(compute, weights);
    Kernel known = kernels.get(workload.key());
    if (known != null) {
      return known;
    }
    KernelSpace space = Families.of(compute, context.target());
    Schedule schedule = schedule(space, workload);
    double start = context.clock().getAsDouble();
    Kernel k = module.add(workload, space, schedule);
    k.millis = context.clock().getAsDouble() - start;
    kernels.put(workload.key(), k);
    return k;
  }

  private Schedule schedule(KernelSpace space, Workload workload) {
    Schedule schedule = space.defaultSchedule(workload.weights());
    Schedule found = context.book().find(workload.key());
    return found != null && found.family().equals(schedule.family()) ? found : schedule;
  }

  // --- addresses ---

  private long bytesOf(String value) {
    TensorType t = types.get(value);
    long top = t.layout().offset();
    for (int i = 0; i < t.shape().rank(); i++) {
      if (t.shape().dim(i) == 0) {
        return 4;
      }
      top += (long) t.layout().stride(i) * (t.shape().dim(i) - 1);
    }
    return Math.max(t.bytes(), (top + 1) * t.dtype().bytes());
  }

  private String weightKey(String value) {
    return loadTime.weightKey(value, types.get(value), number);
  }

  /** Constants that runs read get places for good. */
  private void placeWeights(Set<String> needed, Map<String, Integer> at) {
    List<String> all = new ArrayList<>(program.constants().keySet());
    for (Step s : steps) {
      if (s.once()) {
        all.addAll(s.call().results());
      }
    }
    for (String v : all) {
      if (needed.contains(v) && constant.contains(v) && !at.containsKey(v)) {
        used.add(weightKey(v));
        Integer known = weights.find(weightKey(v));
        at.put(v, known != null ? known : -1);
      }
    }
    // What other plans have in memory is not made again on the way to what this one needs.
    for (Step s : steps) {
      String v = s.once() ? s.call().results().get(0) : null;
      if (v != null && !at.containsKey(v) && weights.find(weightKey(v)) != null) {
        at.put(v, weights.find(weightKey(v)));
      }
    }
    // Places are given only after looking, so that what is new is known to be new.
    for (String v : all) {
      if (at.getOrDefault(v, 0) == -1) {
        fresh.add(v);
        at.put(v, weights.place(weightKey(v), bytesOf(v)));
      }
    }
  }

  /** New caches begin empty: what lies beyond the end must be finite. */
  private void placeCaches(Map<String, Integer> at, List<Plan.Range> zeroed) {
    for (Growth.Cache c : caches.all()) {
      at.put(c.present(), keep(c.present() + " " + c.type(), c.type(), zeroed));
      at.put(c.added(), at.get(c.present()));
    }
    for (String v : caches.held()) {
      at.put(v, keep(v + " " + types.get(v), types.get(v), zeroed));
    }
    if (!caches.all().isEmpty()) {
      at.put(Growth.LENGTH, keep(Growth.LENGTH, types.get(Growth.LENGTH), zeroed));
    }
  }

  private int keep(String name, TensorType type, List<Plan.Range> zeroed) {
    String key = "cache " + caches.name() + " " + name;
    used.add(key);
    Integer known = weights.find(key);
    if (known != null) {
      return known;
    }
    int address = weights.place(key, type.bytes());
    zeroed.add(new Plan.Range(address, (int) type.bytes()));
    return address;
  }

  private final Set<String> fresh = new HashSet<>();
  private final Set<String> used = new HashSet<>();

  /** Lays out what loading needs besides; returns the end, and writes the steps when asked. */
  private long staging(long base, Map<String, Integer> at, List<Plan.LoadStep> out) {
    Set<String> wanted = wantedByLoad(at);
    List<Step> making = new ArrayList<>();
    for (Step s : steps) {
      making.add(isMade(s, wanted, at) ? s : null);
    }
    List<Integer> order = LoadOrder.of(making, at.keySet());
    Map<String, Integer> lastUse = new HashMap<>();
    for (int i : order) {
      for (String a : steps.get(i).args()) {
        lastUse.put(a, i);
      }
    }
    Arena arena = new Arena(base);
    Map<String, Long> temp = new HashMap<>();
    Set<String> loaded = new HashSet<>();
    for (String v : program.constants().keySet()) {
      if (fresh.contains(v)) {
        if (out != null) {
          out.add(new Plan.LoadConstant(v, program.constants().get(v), at.get(v)));
        }
        loaded.add(v);
      }
    }
    for (int i : order) {
      Step s = steps.get(i);
      String result = s.call().results().get(0);
      for (String a : s.args()) {
        if (program.constants().containsKey(a) && loaded.add(a) && !at.containsKey(a)) {
          temp.put(a, arena.take(bytesOf(a)));
          if (out != null) {
            int address = (int) (long) temp.get(a);
            out.add(new Plan.LoadConstant(a, program.constants().get(a), address));
          }
        }
      }
      if (!at.containsKey(result) && !temp.containsKey(result)) {
        temp.put(result, arena.take(bytesOf(result)));
      }
      if (out != null) {
        out.add(new Plan.LoadKernel(s.kernel().tableIndex(), kernelArgs(s, at, temp)));
      }
      for (String a : new HashSet<>(s.args())) {
        if (temp.containsKey(a) && lastUse.get(a) == i) {
          arena.free(temp.remove(a));
        }
      }
    }
    return arena.top() - base;
  }

  /** Results of load steps that something new needs. */
  private Set<String> wantedByLoad(Map<String, Integer> at) {
    Set<String> wanted = new HashSet<>(fresh);
    for (int i = steps.size() - 1; i >= 0; i--) {
      Step s = steps.get(i);
      if (isMade(s, wanted, at)) {
        wanted.addAll(s.args());
      }
    }
    return wanted;
  }

  /** Whether a step is done at load: something wants its result, which is not in memory yet. */
  private boolean isMade(Step s, Set<String> wanted, Map<String, Integer> at) {
    String result = s.call().results().get(0);
    return s.once() && wanted.contains(result) && (fresh.contains(result) || !at.containsKey(result));
  }

  private int[] kernelArgs(Step s, Map<String, Integer> at, Map<String, Long> temp) {
    int[] args = new int[s.args().size() + 3];
    for (int i = 0; i < s.args().size(); i++) {
      args[i] = address(s.args().get(i), at, temp);
    }
    args[args.length - 3] = address(s.call().results().get(0), at, temp);
    args[args.length - 2] = 0;
    args[args.length - 1] = s.kernel().nest().blocks();
    return args;
  }

  private static int address(String value, Map<String, Integer> at, Map<String, Long> temp) {
    Long t = temp.get(value);
    if (t != null) {
      return (int) (long) t;
    }
    Integer a = at.get(value);
    if (a == null) {
      throw new IllegalStateException("no address for '" + value + "'");
    }
    return a;
  }

  /** Lays out what a run needs; returns the size, and notes addresses when asked. */
  private long arena(long base, Map<String, Integer> into) {
    Map<String, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      if (!steps.get(i).once()) {
        for (String a : steps.get(i).args()) {
          lastUse.put(a, i);
        }
        for (String r : steps.get(i).call().results()) {
          lastUse.put(r, Math.max(i, lastUse.getOrDefault(r, i)));
        }
      }
    }
    for (String o : program.outputs()) {
      lastUse.put(o, Integer.MAX_VALUE);
    }
    Arena arena = new Arena(base);
    Map<String, Long> live = new HashMap<>();
    for (String v : program.inputs()) {
      if (!fixed.containsKey(v)) {
        live.put(v, arena.take(bytesOf(v)));
        note(into, v, live.get(v));
      }
    }
    for (int i = 0; i < steps.size(); i++) {
      Step s = steps.get(i);
      if (s.once()) {
        continue;
      }
      List<String> begun = new ArrayList<>(s.call().results());
      for (String a : s.args()) {
        if (scratch.contains(a)) {
          begun.add(a);
        }
      }
      for (String r : begun) {
        boolean placed = live.containsKey(r) || padded.containsKey(r) || fixed.containsKey(r);
        if (!r.isEmpty() && !placed) {
          live.put(r, arena.take(bytesOf(r)));
          note(into, r, live.get(r));
        }
      }
      Set<String> ended = new HashSet<>(s.args());
      ended.addAll(s.call().results());
      for (String v : ended) {
        if (live.containsKey(v) && lastUse.getOrDefault(v, -1) <= i) {
          arena.free(live.get(v));
          live.remove(v);
        }
      }
    }
    return arena.top() - base;
  }

  private static void note(Map<String, Integer> into, String value, long address) {
    if (into != null) {
      into.put(value, (int) address);
    }
  }

  // --- the module ---

  private Plan module(
      Map<String, Integer> at,
      List<Plan.LoadStep> load,
      List<Plan.Range> zeroed,
      long weightBytes,
      long arenaBytes) {
    List<Plan.Segment> segments = new ArrayList<>();
    List<Plan.Command> commands = new ArrayList<>();
    List<Kernel> order = new ArrayList<>(kernels.values());
    boolean open = false;
    for (Step s : steps) {
      if (s.once()) {
        continue;
      }
      if (s.kernel() == null) {
        if (open) {
          module.endSegment();
        }
        segments.add(host(s, at));
        commands.add(
            new Plan.Command(
                s.call().label(), -1, -1, new int[0], 0, types.get(s.call().results().get(0)), 0,
                false, false));
        open = false;
        continue;
      }
      if (!open) {
        segments.add(new Plan.Kernels(module.beginSegment()));
        open = true;
      }
      ComputeCall c = (ComputeCall) s.call();
      double flops = flops(c.compute());
      int[] args = kernelArgs(s, at, Map.of());
      // A copy is work too.
      long stored = c.compute().output().shape().elements();
      Growth.Cache cache = fixed.get(c.result());
      int step = cache == null ? 0 : cache.step();
      int length = cache == null ? 0 : at.get(Growth.LENGTH);
      ProgramModule.Entry entry =
          module.call(s.kernel(), args, step, length, Math.max(flops, stored));
      int index = order.indexOf(s.kernel());
      commands.add(
          new Plan.Command(
              c.label(), index, entry.tableIndex(), args, step, c.compute().output(), flops,
              entry.parallel(), entry.waits()));
    }
    if (open) {
      module.endSegment();
    }
    List<Plan.Place> inputs = new ArrayList<>();
    for (String v : program.inputs()) {
      if (!fixed.containsKey(v) || caches.held().contains(v)) {
        inputs.add(new Plan.Place(v, types.get(v), at.get(v)));
      }
    }
    List<Plan.Place> outputs = new ArrayList<>();
    for (String v : program.outputs()) {
      if (!fixed.containsKey(v)) {
        outputs.add(new Plan.Place(v, types.get(v), at.get(v)));
      }
    }
    List<Plan.Cache> kept = new ArrayList<>();
    for (Growth.Cache c : caches.all()) {
      Plan.Place place = new Plan.Place(c.past(), c.type(), at.get(c.present()));
      kept.add(
          new Plan.Cache(place, c.axis(), types.get(c.added()).shape().dim(c.axis())));
    }
    List<Plan.KernelInfo> infos = new ArrayList<>();
    for (Kernel k : order) {
      infos.add(k.info());
    }
    return new Plan(
        module.toBytes(), replaces ? weights.top() + arenaBytes : weights.top(), load, zeroed, inputs, outputs, segments, commands, infos,
        weightBytes, arenaBytes, used, kept, at.getOrDefault(Growth.LENGTH, 0));
  }

  private Plan.Host host(Step s, Map<String, Integer> at) {
    List<Plan.Place> args = new ArrayList<>();
    for (String a : s.call().args()) {
      args.add(a.isEmpty() ? null : new Plan.Place(a, types.get(a), at.get(a)));
    }
    List<Plan.Place> results = new ArrayList<>();
    for (String r : s.call().results()) {
      results.add(r.isEmpty() ? null : new Plan.Place(r, types.get(r), at.get(r)));
    }
    return new Plan.Host(s.call(), args, results);
  }

  /** Operations of a compute; a multiply-add counts two. */
  static double flops(Compute c) {
    double points = 1;
    for (Axis a : c.spatial()) {
      points *= a.extent();
    }
    double total = points * Exprs.cost(c.body());
    for (Stage s : c.stages()) {
      double visits = 1;
      for (int i = 0; i < s.outer(); i++) {
        visits *= c.spatial().get(i).extent();
      }
      for (Axis a : s.points()) {
        visits *= a.extent();
      }
      for (Axis a : s.axes()) {
        visits *= a.extent();
      }
      // A factor that reads nothing is known when the kernel is written.
      boolean known = s.body() instanceof Expr.Binary b && Exprs.reads(b.a()).isEmpty();
      total += visits * (known ? 2 : 1 + Exprs.cost(s.body()));
    }
    return total;
  }
}
