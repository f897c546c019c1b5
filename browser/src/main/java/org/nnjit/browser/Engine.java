package org.nnjit.browser;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.Program.HostCall;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.interp.ComputeInterpreter;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.loop.LoopText;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.Plan;
import org.nnjit.plan.Tunable;
import org.nnjit.schedule.DeviceProfile;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;
import org.nnjit.session.Caching;
import org.nnjit.session.ModelReader;
import org.nnjit.session.Session;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.tensor.Texts;
import org.nnjit.tune.ChainProbe;
import org.nnjit.tune.ProbeReadings;
import org.nnjit.tune.Probes;
import org.nnjit.tune.Trial;
import org.nnjit.tune.Tuner;
import org.teavm.jso.JSExport;
import org.teavm.jso.JSObject;

/**
 * What the engine worker's script calls. Sessions are known by number; answers are JSON; a failure
 * is the JSON {@code {"error": message, "user": true when the model or feeds are at fault}}.
 */
public final class Engine {
  private static final Map<Integer, Entry> SESSIONS = new HashMap<>();
  private static int next = 1;

  private static final class Entry {
    private final Session session;
    private final Host host;

    /** Small weights that have been read: each plan asks for all of them, and the file may be far away. */
    private final Map<Constant.Stored, Tensor> read = new HashMap<>();

    private Tuner tuner;

    Entry(Session session, Host host) {
      this.session = session;
      this.host = host;
    }

    Session session() {
      return session;
    }

    Host host() {
      return host;
    }
  }

  private Engine() {}

  /** Entry point of the module; nothing happens before a call. */
  public static void main(String[] args) {}

  private interface Body {
    String run();
  }

  private static String guarded(Body body) {
    try {
      return body.run();
    } catch (ModelException e) {
      return failure(e.getMessage(), true);
    } catch (RuntimeException e) {
      return failure("internal error: " + e, false);
    }
  }

  private static String failure(String message, boolean user) {
    return new Json()
        .open("{")
        .key("error")
        .value(String.valueOf(message))
        .key("user")
        .value(user)
        .close("}")
        .toString();
  }

  /**
   * Reads a model.
   *
   * @param host files, feeds and memory of the session
   * @param features comma-separated feature names that the engine has
   * @param extended a file "+" has nodes to put behind the model's
   */
  @JSExport
  public static String open(
      Host host, String features, int threads, boolean shared, boolean extended) {
    return guarded(
        () -> {
          EnumSet<Feature> set = EnumSet.noneOf(Feature.class);
          for (Feature f : Feature.values()) {
            if (("," + features + ",").contains("," + f.text() + ",")) {
              set.add(f);
            }
          }
          Target target = Target.of(set, threads);
          Model model = ModelReader.read(source(host, ""));
          if (extended) {
            model = OnnxReader.extend(model, source(host, "+"));
          }
          Session s = new Session(model, target, shared, host::now);
          int id = next++;
          SESSIONS.put(id, new Entry(s, host));
          Json j = new Json().open("{").key("id").value(id);
          ports(j.key("inputs"), s.model().graph().inputs());
          ports(j.key("outputs"), s.model().graph().outputs());
          j.key("externalFiles").strings(new ArrayList<>(s.externalFiles()));
          j.key("name").value(s.model().graph().name());
          j.key("producer").value(s.model().producer());
          j.key("opset").value(s.model().opsets().get(""));
          j.key("nodes").value(s.model().graph().nodes().size());
          return j.close("}").toString();
        });
  }

  /** What a GGUF file says of texts, {@code {name: [text]}}; nothing of others. */
  @JSExport
  public static String metadata(int id) {
    return guarded(
        () -> {
          Json j = new Json().open("{");
          ModelReader.lists(source(entry(id).host(), ""))
              .forEach((name, list) -> j.key(name).strings(list));
          return j.close("}").toString();
        });
  }

  private static ByteSource source(Host host, String name) {
    return new ByteSource() {
      @Override
      public long size() {
        return (long) host.size(name);
      }

      @Override
      public void read(long offset, byte[] into, int at, int length) {
        Bridge.read(host, name, offset, into, at, length);
      }
    };
  }

  private static void ports(Json j, List<Port> ports) {
    j.open("[");
    for (Port p : ports) {
      j.open("{").key("name").value(p.name());
      if (p.dtype() != null) {
        j.key("type").value(p.dtype().onnxName());
      }
      if (p.dims() != null) {
        j.key("shape").open("[");
        for (Dim d : p.dims()) {
          if (d.isKnown()) {
            j.value(d.value());
          } else {
            j.value(d.toString());
          }
        }
        j.close("]");
      }
      j.close("}");
    }
    j.close("]");
  }

  /** The plan for feeds of these types when it is there already, or -1; as {@link #prepare}. */
  @JSExport
  public static String find(int id, String description) {
    return guarded(
        () -> {
          Entry e = entry(id);
          Map<String, TensorType> types = feedTypes(description);
          int plan = e.session().find(types, values(e, types));
          return new Json().open("{").key("plan").value(plan).close("}").toString();
        });
  }

  /**
   * The plan for feeds of these types.
   *
   * @param description one line for each feed: name, type, dimensions, separated by tabs
   */
  @JSExport
  public static String prepare(int id, String description) {
    return guarded(
        () -> {
          Entry e = entry(id);
          Map<String, TensorType> types = feedTypes(description);
          int before = e.session().plans();
          int plan = e.session().prepare(types, values(e, types));
          Json j = new Json().open("{").key("plan").value(plan);
          j.key("isNew").value(e.session().plans() > before);
          return j.close("}").toString();
        });
  }

  /**
   * The plan for runs that add rows to caches; its feeds leave those out.
   *
   * @param description as of {@link #prepare}
   * @param held names of feeds that are fed once, separated by tabs
   * @param length rows in the caches
   * @param capacity rows they have room for
   * @param caches plans that name the same share them
   * @param kind of runs, by its name
   * @param known only look whether it is there; the plan is -1 when it is not
   */
  @JSExport
  public static String prepareCached(
      int id,
      String description,
      String held,
      int length,
      int capacity,
      String caches,
      String kind,
      boolean known) {
    return guarded(
        () -> {
          Entry e = entry(id);
          Session s = e.session();
          Map<String, TensorType> types = feedTypes(description);
          Set<String> once = new LinkedHashSet<>(Texts.split(held, '\t'));
          once.retainAll(types.keySet());
          Caching caching =
              Caching.of(
                  s.model().graph(), caches, capacity, length, types, once, kind(kind));
          Specialiser.Values values = values(e, caching.types());
          int plan = known ? s.find(caching, values) : s.prepare(caching, values);
          return new Json().open("{").key("plan").value(plan).close("}").toString();
        });
  }

  private static Caching.Kind kind(String name) {
    for (Caching.Kind k : Caching.Kind.values()) {
      if (k.name().equals(name)) {
        return k;
      }
    }
    throw new ModelException("there are no runs of the kind '" + name + "'; there are PLAIN, STEPS and DRAFT");
  }

  /** Forgets caches; {@code {plans}} are the numbers of the plans that went with them. */
  @JSExport
  public static String dropCaches(int id, String caches) {
    return guarded(
        () -> {
          Json j = new Json().open("{").key("plans").open("[");
          for (int plan : entry(id).session().dropCaches(caches)) {
            j.value(plan);
          }
          return j.close("]").close("}").toString();
        });
  }

  private static Specialiser.Values values(Entry e, Map<String, TensorType> types) {
    return new Specialiser.Values() {
      @Override
      public Tensor feed(String name) {
        byte[] data = Bridge.feed(e.host(), name);
        TensorType t = types.get(name);
        return data == null ? null : new Tensor(t.dtype(), t.shape(), data);
      }

      @Override
      public Tensor stored(Constant.Stored c) {
        Tensor t = e.read.get(c);
        if (t == null) {
          t = load(e.host(), c);
          if (c.type().shape().elements() <= Specialiser.FOLDED) {
            e.read.put(c, t);
          }
        }
        return t;
      }
    };
  }

  /** Forgets the last plan, which could not be loaded. */
  @JSExport
  public static void dropLast(int id) {
    entry(id).session().dropLast();
  }

  private static Entry entry(int id) {
    Entry e = SESSIONS.get(id);
    if (e == null) {
      throw new ModelException("this session has been released; create a new one");
    }
    return e;
  }

  private static Tensor load(Host host, Constant.Stored c) {
    long bytes = c.type().bytes();
    if (c.offset() + bytes > (long) host.size(c.file())) {
      throw new ModelException(
          "weights " + c.type() + " at byte " + c.offset() + " of '" + c.file()
              + "' lie beyond its end");
    }
    byte[] data = new byte[(int) bytes];
    Bridge.read(host, c.file(), c.offset(), data, 0, data.length);
    return new Tensor(c.type().dtype(), c.type().shape(), data);
  }

  private static Map<String, TensorType> feedTypes(String description) {
    Map<String, TensorType> types = new LinkedHashMap<>();
    for (String line : Texts.split(description, '\n')) {
      if (line.isEmpty()) {
        continue;
      }
      List<String> parts = Texts.split(line, '\t');
      DType dtype = DType.ofName(parts.get(1));
      if (dtype == null) {
        throw new ModelException(
            "input '" + parts.get(0) + "': type '" + parts.get(1) + "' is not supported");
      }
      List<String> dims = parts.get(2).isEmpty() ? List.of() : Texts.split(parts.get(2), ',');
      int[] d = new int[dims.size()];
      for (int i = 0; i < d.length; i++) {
        d[i] = Integer.parseInt(dims.get(i));
      }
      types.put(parts.get(0), TensorType.of(dtype, Shape.of(d)));
    }
    return types;
  }

  /**
   * The WebAssembly module of a plan.
   *
   * @param part 0 for the plan itself, and from 1 on the slices of one for a GPU
   */
  @JSExport
  public static JSObject module(int id, int plan, int part) {
    return Bridge.bytes(part(id, plan, part).module());
  }

  private static Plan part(int id, int plan, int part) {
    return part == 0
        ? entry(id).session().plan(plan).plan()
        : gpu(id, plan).slices().get(part - 1).plan();
  }

  /** Everything else of a plan that the script needs. */
  @JSExport
  public static String describe(int id, int plan) {
    return guarded(() -> PlanJson.of(entry(id).session().plan(plan)));
  }

  /** Copies an inline constant of a load step into memory. */
  @JSExport
  public static void writeConstant(int id, int plan, int part, int step) {
    Entry e = entry(id);
    Plan.LoadConstant c = (Plan.LoadConstant) part(id, plan, part).load().get(step);
    Bridge.store(e.host(), c.address(), ((Constant.Inline) c.constant()).tensor().bytes());
  }

  /**
   * Makes a kernel of a plan for a GPU with another schedule, as JSON like those of the plan. With a
   * plan of -1 all plans are made for a GPU from now on.
   *
   * @param text the schedule, or the limits of the device by their names in WebGPU, one {@code
   *     name=value} a line; {@code features} are separated by commas
   */
  @JSExport
  public static String gpu(int id, int plan, int kernel, String text) {
    return guarded(() -> GpuSide.answer(entry(id).session(), plan, kernel, text));
  }

  private static GpuPlan gpu(int id, int plan) {
    return entry(id).session().plan(plan).gpu();
  }

  /** An inline constant of a load step of a GPU plan. */
  @JSExport
  public static JSObject constantBytes(int id, int plan, int step) {
    GpuPlan.Upload u = (GpuPlan.Upload) gpu(id, plan).load().get(step);
    return Bridge.bytes(((Constant.Inline) u.constant()).tensor().bytes());
  }

  /** Does a host call of a run; "" or a failure. */
  @JSExport
  public static String host(int id, int plan, int part, int segment) {
    return guarded(
        () -> {
          Host host = entry(id).host();
          Plan.Host h = (Plan.Host) part(id, plan, part).segments().get(segment);
          Tensor[] args = new Tensor[h.args().size()];
          for (int i = 0; i < args.length; i++) {
            Plan.Place p = h.args().get(i);
            args[i] = p == null ? null : fetch(p, host);
          }
          List<Tensor> results =
              switch (h.call()) {
                case HostCall c -> GraphInterpreter.evaluate(c.node(), args);
                case ComputeCall c -> {
                  Tensor out = fetch(h.results().get(0), host);
                  ComputeInterpreter.evaluate(c.compute(), List.of(args), out);
                  yield List.of(out);
                }
              };
          for (int i = 0; i < h.results().size(); i++) {
            if (h.results().get(i) != null) {
              Bridge.store(host, h.results().get(i).address(), results.get(i).bytes());
            }
          }
          return "";
        });
  }

  private static Tensor fetch(Plan.Place p, Host host) {
    byte[] data = new byte[(int) p.type().bytes()];
    Bridge.load(host, p.address(), data);
    return new Tensor(p.type().dtype(), p.type().shape(), data);
  }

  /** A kernel's loops as text. */
  @JSExport
  public static String loops(int id, int plan, int kernel) {
    return LoopText.print(entry(id).session().plan(plan).plan().kernels().get(kernel).loops());
  }

  /** A stage of a plan as text: graph, computes, fused. */
  @JSExport
  public static String dump(int id, int plan, String stage) {
    var compiled = entry(id).session().plan(plan);
    return switch (stage) {
      case "graph" -> compiled.graph().toString();
      case "computes" -> compiled.program().toString();
      case "fused" -> compiled.fused().toString();
      default -> "no stage '" + stage + "', there are graph, computes and fused";
    };
  }

  /** The last trial made, whose module {@link #trialModule} gives. */
  private static Trial trial;

  /**
   * Makes a kernel of a plan alone, with another schedule.
   *
   * @param schedule "" is its own; "reference" makes the plainest loops
   * @param gap bytes to leave free before its packed argument
   * @return {@code {end, blocks, packs, schedule, inputs: [[address, bytes, type]], output: [...]}}
   */
  @JSExport
  public static String trial(int id, int plan, int kernel, String schedule, double gap) {
    return guarded(
        () -> {
          Session s = entry(id).session();
          Tunable k = GpuSide.kernels(s.plan(plan)).get(kernel);
          Schedule chosen = k.schedule();
          if (schedule.equals("reference")) {
            trial = Trial.reference(k.workload().compute(), s.target());
          } else {
            chosen = schedule.isEmpty() ? chosen : Schedule.parse(schedule);
            trial = Trial.of(k.workload().compute(), chosen, s.target(), (long) gap);
          }
          Json j = new Json().open("{").key("end").value((double) trial.end());
          j.key("blocks").value(trial.blocks()).key("packs").value(Trial.PACKS);
          j.key("schedule").value(chosen.toString()).key("inputs").open("[");
          for (Trial.Place p : trial.inputs()) {
            place(j, p);
          }
          place(j.close("]").key("output"), trial.output());
          return j.close("}").toString();
        });
  }

  private static void place(Json j, Trial.Place p) {
    j.open("[").address(p.address()).value(p.bytes()).value(p.type().dtype().onnxName()).close("]");
  }

  /** WebAssembly bytes of the last trial. */
  @JSExport
  public static JSObject trialModule() {
    return Bridge.bytes(trial.module());
  }

  /** Module of a micro-benchmark; {@link Probes#module}. */
  @JSExport
  public static JSObject probeModule(String name, int chains) {
    return Bridge.bytes(Probes.module(name, chains));
  }

  /** Operations of one turn of a {@link ChainProbe}. */
  @JSExport
  public static int chainOperations(String name, int chains) {
    return ChainProbe.valueOf(name).operationsPerTurn(chains);
  }

  /** What the readings of the probes say; {@link ProbeReadings}, {@link DeviceProfile}. */
  @JSExport
  public static String deviceProfile(String readings) {
    return guarded(() -> ProfileJson.of(ProbeReadings.parse(readings).profile()));
  }

  /** What was measured on the device decides what is worth trying; "{}" or a failure. */
  @JSExport
  public static String device(int id, String readings) {
    return guarded(
        () -> {
          Session s = entry(id).session();
          s.target(s.target().on(ProbeReadings.parse(readings).profile()));
          return "{}";
        });
  }

  /** Schedules found before, one a line: workload, tab, schedule. */
  @JSExport
  public static void schedules(int id, String lines) {
    ScheduleBook book = entry(id).session().book();
    for (String line : Texts.split(lines, '\n')) {
      int tab = line.indexOf('\t');
      if (tab > 0) {
        book.put(line.substring(0, tab), Schedule.parse(line.substring(tab + 1)));
      }
    }
  }

  /**
   * Begins to tune a plan.
   *
   * @param times of all calls of each kernel in one run, separated by commas
   * @param wide schedules of the full space for each kernel, 0 for the lite space
   * @param again kernels too that have been tuned before
   */
  @JSExport
  public static void tune(int id, int plan, String times, int wide, boolean again) {
    Entry e = entry(id);
    List<String> parts = Texts.split(times, ',');
    double[] ms = new double[parts.size()];
    for (int i = 0; i < ms.length; i++) {
      ms[i] = Numbers.parse(parts.get(i));
    }
    Session s = e.session();
    ScheduleBook known = again ? new ScheduleBook() : s.book();
    e.tuner = new Tuner(GpuSide.kernels(s.plan(plan)), GpuSide.spaces(s), ms, wide, known);
  }

  /** What to try next as {@code {kernel, schedule, rival}}, or "" when nothing is to be gained. */
  @JSExport
  public static String nextTrial(int id) {
    Tuner.Job job = entry(id).tuner.next();
    if (job == null) {
      return "";
    }
    Json j = new Json().open("{").key("kernel").value(job.kernel());
    j.key("schedule").value(job.schedule().toString());
    if (job.rival() != null) {
      j.key("rival").value(job.rival().toString());
    }
    return j.close("}").toString();
  }

  /** What the last trial gave; {@link Tuner#record}. */
  @JSExport
  public static void record(int id, double ms, double rivalMs, String note) {
    entry(id).tuner.record(ms, rivalMs, note);
  }

  /** {@code {tried, speedup, found, log}} of the tuner. */
  @JSExport
  public static String tuned(int id) {
    Tuner t = entry(id).tuner;
    Json j = new Json().open("{").key("tried").value(t.tried());
    j.key("speedup").value(t.speedup()).key("found").value(t.found());
    return j.key("log").value(t.log()).close("}").toString();
  }

  /** Winners are no better ({@link Tuner#giveUp}); as {@link #tuned} afterwards. */
  @JSExport
  public static String giveUp(int id, String workload) {
    Entry e = entry(id);
    e.tuner.giveUp(e.session().book(), workload);
    return tuned(id);
  }

  /**
   * Begins to make a plan again with the schedules that the tuner found.
   *
   * @param same make it with the schedules there are, to time the compiler
   * @return {@code {changed}}: 0 when no schedule changed, and nothing was begun
   */
  @JSExport
  public static String replan(int id, int plan, boolean same) {
    return guarded(
        () -> {
          Entry e = entry(id);
          boolean changed = same || e.tuner.writeTo(e.session().book()) > 0;
          if (changed) {
            e.session().beginReplan(plan);
          }
          return new Json().open("{").key("changed").value(changed ? 1 : 0).close("}").toString();
        });
  }

  /**
   * Goes on with the plan that {@link #replan} began, for about so many milliseconds.
   *
   * @return {@code {plan}}, its number, -1 while it is incomplete
   */
  @JSExport
  public static String replanFor(int id, double millis) {
    return guarded(
        () -> {
          int plan = entry(id).session().replanFor(millis);
          return new Json().open("{").key("plan").value(plan).close("}").toString();
        });
  }

  /** The new plan takes the place of the old one. */
  @JSExport
  public static void replace(int id, int old, int with) {
    entry(id).session().replace(old, with);
  }

  /** Forgets a session. */
  @JSExport
  public static void release(int id) {
    SESSIONS.remove(id);
  }
}
