package org.nnjit.browser;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Constant;
import org.nnjit.plan.GpuPlan;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Texts;

/** A plan for a GPU as JSON for the scripts that run it. */
final class GpuPlanJson {
  private GpuPlanJson() {}

  static String of(Compiler.Compiled compiled) {
    GpuPlan p = compiled.gpu();
    Json j = new Json().open("{").key("gpu").value(true);
    j.key("valueInputs").strings(new ArrayList<>(compiled.valueInputs()));
    j.key("weightBytes").value((double) p.weightBytes());
    j.key("arenaBytes").value((double) p.arenaBytes());
    j.key("buffers").open("[");
    for (GpuPlan.Room r : p.buffers()) {
      j.open("[").value((double) r.bytes()).value(r.key()).close("]");
    }
    j.close("]");
    load(j, p);
    places(j.key("inputs"), p.inputs());
    caches(j, compiled);
    int results = compiled.graph().outputs().size() - p.caches().size();
    places(j.key("outputs"), p.outputs().subList(0, results));
    places(j.key("checks"), p.outputs().subList(results, p.outputs().size()));
    tables(j, p);
    j.key("slices").open("[");
    for (GpuPlan.Slice s : p.slices()) {
      PlanJson.write(j.open("{").key("plan"), s.plan(), null);
      places(j.key("inputs"), s.inputs());
      places(j.key("outputs"), s.outputs());
      j.close("}");
    }
    return j.close("]").close("}").toString();
  }

  /** What stays between runs; as in PlanJson. */
  private static void caches(Json j, Compiler.Compiled compiled) {
    List<GpuPlan.Place> places = new ArrayList<>();
    j.key("cached").open("[");
    for (GpuPlan.Cache c : compiled.gpu().caches()) {
      places.add(c.place());
      j.open("[").value(c.axis()).value(c.rows()).close("]");
    }
    places(j.close("]").key("caches"), places);
    PlanJson.growing(j, compiled);
  }

  /** The device that {@link Engine#gpu} is told of; what is missing is as WebGPU asks at least. */
  static GpuTarget target(String limits) {
    GpuTarget least = GpuTarget.least();
    String features = "," + text(limits, "features", "") + ",";
    return new GpuTarget(
        (int) number(limits, "maxStorageBuffersPerShaderStage", least.storageBuffers()),
        number(limits, "maxStorageBufferBindingSize", least.bufferBytes()),
        (int) number(limits, "maxComputeInvocationsPerWorkgroup", least.groupSize()),
        (int) number(limits, "maxComputeWorkgroupStorageSize", least.sharedBytes()),
        features.contains(",shader-f16,"),
        features.contains(",subgroups,"),
        features.contains(",software,"));
  }

  private static String text(String limits, String name, String otherwise) {
    for (String line : Texts.split(limits, '\n')) {
      if (line.startsWith(name + "=")) {
        return line.substring(name.length() + 1);
      }
    }
    return otherwise;
  }

  private static long number(String limits, String name, long otherwise) {
    return (long) Numbers.parse(text(limits, name, "" + otherwise));
  }

  /** Constants as [1, buffer, bytes, offset, file] or [0, buffer, bytes, index], and so on. */
  private static void load(Json j, GpuPlan p) {
    j.key("load").open("[");
    for (int i = 0; i < p.load().size(); i++) {
      j.open("[");
      switch (p.load().get(i)) {
        case GpuPlan.Upload u -> {
          boolean stored = u.constant() instanceof Constant.Stored;
          j.value(stored ? 1 : 0).value(u.buffer()).value((double) u.constant().type().bytes());
          if (u.constant() instanceof Constant.Stored s) {
            j.value((double) s.offset()).value(s.file());
          } else {
            j.value(i);
          }
        }
        case GpuPlan.LoadDispatch d -> {
          j.value(2).value(d.pipeline());
          for (int b : d.buffers()) {
            j.value(b);
          }
        }
        case GpuPlan.Free f -> j.value(3).value(f.buffer());
      }
      j.close("]");
    }
    j.close("]");
  }

  private static void places(Json j, List<GpuPlan.Place> places) {
    j.open("[");
    for (GpuPlan.Place p : places) {
      j.open("{").key("name").value(p.name());
      j.key("type").value(p.type().dtype().onnxName());
      j.key("dims").ints(p.type().shape().dims());
      j.key("buffer").value(p.buffer()).key("wide").value(p.wide());
      j.key("bytes").value((double) p.type().bytes()).close("}");
    }
    j.close("]");
  }

  private static void tables(Json j, GpuPlan p) {
    int[] calls = new int[p.pipelines().size()];
    j.key("commands").open("[");
    for (GpuPlan.Command c : p.commands()) {
      if (c.pipeline() >= 0) {
        calls[c.pipeline()]++;
      }
      j.open("{").key("node").value(c.label()).key("kernel").value(c.pipeline());
      j.key("slice").value(c.slice()).key("buffers").open("[");
      for (int b : c.buffers()) {
        j.value(b);
      }
      j.close("]").key("output").value(c.output().toString());
      j.key("flops").value(c.flops()).close("}");
    }
    j.close("]").key("pipelines").open("[");
    for (int i = 0; i < p.pipelines().size(); i++) {
      pipeline(j, p.pipelines().get(i));
      j.key("calls").value(calls[i]).close("}");
    }
    j.close("]");
  }

  /** Begins an object that is a kernel. */
  private static void pipeline(Json j, GpuPlan.Pipeline k) {
    j.open("{").key("name").value(k.toString()).key("family").value(k.schedule().family());
    j.key("schedule").value(k.schedule().toString()).key("code").value(k.code());
    j.key("workload").value(k.workload().key()).key("wide").open("[");
    for (boolean w : k.wide()) {
      j.value(w);
    }
    j.close("]").key("bindings").value(k.wide().size()).key("groups").value(k.groups());
    j.key("bytes").value(k.code().length()).key("ms").value(k.millis());
  }

  /** A kernel alone. */
  static String of(GpuPlan.Pipeline kernel) {
    Json j = new Json();
    pipeline(j, kernel);
    return j.close("}").toString();
  }
}
