package org.nnjit.browser;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.Program.HostCall;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.interp.ComputeInterpreter;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.loop.LoopText;
import org.nnjit.onnx.ByteSource;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.plan.Plan;
import org.nnjit.schedule.DeviceProfile;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.session.Session;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.tune.ChainProbe;
import org.nnjit.tune.ProbeReadings;
import org.nnjit.tune.Probes;
import org.nnjit.tune.Trial;
import org.nnjit.wasm.WasmText;
import org.teavm.jso.JSExport;
import org.teavm.jso.JSObject;

/**
 * What the engine worker's script calls. Sessions are known by number; answers are JSON; a failure
 * is the JSON {@code {"error": message, "user": true when the model or feeds are at fault}}.
 */
public final class Engine {
  private static final Map<Integer, Entry> SESSIONS = new HashMap<>();
  private static int next = 1;

  private record Entry(Session session, Host host) {}

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
   */
  @JSExport
  public static String open(Host host, String features, int threads, boolean shared) {
    return guarded(
        () -> {
          EnumSet<Feature> set = EnumSet.noneOf(Feature.class);
          for (Feature f : Feature.values()) {
            if (("," + features + ",").contains("," + f.text() + ",")) {
              set.add(f);
            }
          }
          Target target = new Target(set, threads, 15);
          Session s =
              new Session(OnnxReader.read(source(host, "")), target, shared, host::now);
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
          int plan =
              e.session()
                  .prepare(
                      types,
                      new Specialiser.Values() {
                        @Override
                        public Tensor feed(String name) {
                          byte[] data = Bridge.feed(e.host(), name);
                          TensorType t = types.get(name);
                          return data == null ? null : new Tensor(t.dtype(), t.shape(), data);
                        }

                        @Override
                        public Tensor stored(Constant.Stored c) {
                          return load(e.host(), c);
                        }
                      });
          Json j = new Json().open("{").key("plan").value(plan);
          j.key("isNew").value(e.session().plans() > before);
          return j.close("}").toString();
        });
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
    for (String line : split(description, '\n')) {
      if (line.isEmpty()) {
        continue;
      }
      List<String> parts = split(line, '\t');
      DType dtype = DType.ofName(parts.get(1));
      if (dtype == null) {
        throw new ModelException(
            "input '" + parts.get(0) + "': type '" + parts.get(1) + "' is not supported");
      }
      List<String> dims = parts.get(2).isEmpty() ? List.of() : split(parts.get(2), ',');
      int[] d = new int[dims.size()];
      for (int i = 0; i < d.length; i++) {
        d[i] = Integer.parseInt(dims.get(i));
      }
      types.put(parts.get(0), TensorType.of(dtype, Shape.of(d)));
    }
    return types;
  }

  private static List<String> split(String s, char at) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= s.length(); i++) {
      if (i == s.length() || s.charAt(i) == at) {
        parts.add(s.substring(from, i));
        from = i + 1;
      }
    }
    return parts;
  }

  /** The WebAssembly module of a plan. */
  @JSExport
  public static JSObject module(int id, int plan) {
    return Bridge.bytes(entry(id).session().plan(plan).plan().module());
  }

  /** Everything else of a plan that the script needs. */
  @JSExport
  public static String describe(int id, int plan) {
    return guarded(
        () -> {
          Plan p = entry(id).session().plan(plan).plan();
          Json j = new Json().open("{");
          j.key("endAddress").value((double) p.endAddress());
          j.key("weightBytes").value((double) p.weightBytes());
          j.key("arenaBytes").value((double) p.arenaBytes());
          j.key("moduleBytes").value(p.module().length);
          j.key("zeroed").open("[");
          for (Plan.Range r : p.zeroed()) {
            j.open("[").value(unsigned(r.address())).value(r.bytes()).close("]");
          }
          j.close("]");
          load(j, p);
          places(j.key("inputs"), p.inputs());
          places(j.key("outputs"), p.outputs());
          j.key("segments").open("[");
          for (Plan.Segment s : p.segments()) {
            j.value(s instanceof Plan.Kernels k ? k.index() : -1);
          }
          j.close("]");
          tables(j, p);
          return j.close("}").toString();
        });
  }

  private static double unsigned(int address) {
    return address & 0xffffffffL;
  }

  /** Stored constants as [1, address, bytes, offset, file]; kernels as [2, index, args...]. */
  private static void load(Json j, Plan p) {
    j.key("load").open("[");
    for (int i = 0; i < p.load().size(); i++) {
      switch (p.load().get(i)) {
        case Plan.LoadConstant c -> {
          boolean stored = c.constant() instanceof Constant.Stored;
          j.open("[").value(stored ? 1 : 0).value(unsigned(c.address()));
          j.value((double) c.constant().type().bytes());
          if (c.constant() instanceof Constant.Stored s) {
            j.value((double) s.offset()).value(s.file());
          } else {
            j.value(i);
          }
          j.close("]");
        }
        case Plan.LoadKernel k -> {
          j.open("[").value(2).value(k.tableIndex());
          for (int a : k.args()) {
            j.value(a);
          }
          j.close("]");
        }
      }
    }
    j.close("]");
  }

  private static void places(Json j, List<Plan.Place> places) {
    j.open("[");
    for (Plan.Place p : places) {
      j.open("{").key("name").value(p.name());
      j.key("type").value(p.type().dtype().onnxName());
      j.key("dims").ints(p.type().shape().dims());
      j.key("address").value(unsigned(p.address()));
      j.key("bytes").value((double) p.type().bytes()).close("}");
    }
    j.close("]");
  }

  private static void tables(Json j, Plan p) {
    j.key("commands").open("[");
    for (Plan.Command c : p.commands()) {
      j.open("{").key("node").value(c.label()).key("kernel").value(c.kernel());
      j.key("tableIndex").value(c.tableIndex());
      j.key("output").value(c.output().toString()).key("flops").value(c.flops());
      j.key("parallel").value(c.parallel()).close("}");
    }
    j.close("]").key("kernels").open("[");
    for (Plan.KernelInfo k : p.kernels()) {
      j.open("{").key("name").value(k.name()).key("family").value(k.family());
      j.key("schedule").value(k.schedule().toString()).key("bytes").value(k.bytes());
      j.key("calls").value(k.calls()).key("ms").value(k.millis()).close("}");
    }
    j.close("]");
  }

  /** Copies an inline constant of a load step into memory. */
  @JSExport
  public static void writeConstant(int id, int plan, int step) {
    Entry e = entry(id);
    Plan.LoadConstant c = (Plan.LoadConstant) e.session().plan(plan).plan().load().get(step);
    Bridge.store(e.host(), c.address(), ((Constant.Inline) c.constant()).tensor().bytes());
  }

  /** Does a host call of a run; "" or a failure. */
  @JSExport
  public static String host(int id, int plan, int segment) {
    return guarded(
        () -> {
          Host host = entry(id).host();
          Plan.Host h = (Plan.Host) entry(id).session().plan(plan).plan().segments().get(segment);
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

  /** The text of a kernel's functions, its tiles included. */
  @JSExport
  public static String wat(int id, int plan, String prefix) {
    return guarded(
        () -> {
          String all = WasmText.print(entry(id).session().plan(plan).plan().module());
          StringBuilder out = new StringBuilder();
          String start = "\n  (func $" + prefix;
          int at = all.indexOf(start);
          while (at >= 0) {
            int end = all.indexOf("\n  (", at + 1);
            int after = at + start.length();
            boolean own = all.charAt(after) != '_' || all.startsWith("__tile", after);
            if (own) {
              out.append(all, at + 1, end < 0 ? all.length() : end + 1);
            }
            at = all.indexOf(start, end < 0 ? all.length() : end);
          }
          return out.toString();
        });
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
   * Makes a kernel of a plan alone, with another schedule; "" is its own.
   *
   * @return {@code {end, schedule, inputs: [[address, bytes, type]], output: [...]}}
   */
  @JSExport
  public static String trial(int id, int plan, int kernel, String schedule) {
    return guarded(
        () -> {
          Session s = entry(id).session();
          Plan.KernelInfo k = s.plan(plan).plan().kernels().get(kernel);
          Schedule chosen = schedule.isEmpty() ? k.schedule() : Schedule.parse(schedule);
          trial = Trial.of(k.compute(), chosen, s.target());
          Json j = new Json().open("{").key("end").value(trial.end());
          j.key("schedule").value(chosen.toString()).key("inputs").open("[");
          for (Trial.Place p : trial.inputs()) {
            place(j, p);
          }
          place(j.close("]").key("output"), trial.output());
          return j.close("}").toString();
        });
  }

  private static void place(Json j, Trial.Place p) {
    j.open("[").value(p.address()).value(p.bytes()).value(p.type().dtype().onnxName()).close("]");
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

  /** Forgets a session. */
  @JSExport
  public static void release(int id) {
    SESSIONS.remove(id);
  }

  /** Names of all operators. */
  @JSExport
  public static String operators() {
    Set<String> names = org.nnjit.graph.op.Operators.names();
    return String.join(",", names);
  }
}
