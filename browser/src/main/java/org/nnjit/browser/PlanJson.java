package org.nnjit.browser;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Constant;
import org.nnjit.plan.Plan;
import org.nnjit.session.Compiler;

/** A plan as JSON for the scripts that run it. */
final class PlanJson {
  private PlanJson() {}

  static String of(Compiler.Compiled compiled) {
    String gpu = GpuSide.describe(compiled);
    if (gpu != null) {
      return gpu;
    }
    Json j = new Json();
    write(j, compiled.plan(), compiled);
    return j.toString();
  }

  /**
   * A plan as an object.
   *
   * @param compiled what it is the plan of, or null for a part of something else
   */
  static void write(Json j, Plan p, Compiler.Compiled compiled) {
    j.open("{");
    if (compiled != null) {
      j.key("valueInputs").strings(new ArrayList<>(compiled.valueInputs()));
    }
    j.key("endAddress").value((double) p.endAddress());
    j.key("weightBytes").value((double) p.weightBytes());
    j.key("arenaBytes").value((double) p.arenaBytes());
    j.key("moduleBytes").value(p.module().length);
    j.key("zeroed").open("[");
    for (Plan.Range r : p.zeroed()) {
      j.open("[").address(r.address()).value(r.bytes()).close("]");
    }
    j.close("]");
    load(j, p);
    places(j.key("inputs"), p.inputs());
    if (compiled != null) {
      caches(j, compiled);
    }
    int results =
        compiled == null
            ? p.outputs().size()
            : compiled.graph().outputs().size() - p.caches().size();
    places(j.key("outputs"), p.outputs().subList(0, results));
    places(j.key("checks"), p.outputs().subList(results, p.outputs().size()));
    j.key("segments").open("[");
    for (Plan.Segment s : p.segments()) {
      j.value(s instanceof Plan.Kernels k ? k.index() : -1);
    }
    j.close("]");
    tables(j, p);
    j.close("}");
  }

  /** What stays between runs. */
  private static void caches(Json j, Compiler.Compiled compiled) {
    Plan p = compiled.plan();
    List<Plan.Place> places = new ArrayList<>();
    j.key("length").address(p.length()).key("cached").open("[");
    for (Plan.Cache c : p.caches()) {
      places.add(c.place());
      j.open("[").value(c.axis()).value(c.rows()).close("]");
    }
    places(j.close("]").key("caches"), places);
    growing(j, compiled);
  }

  /** Inputs that are the same in every run, and those that grow with the caches as [name, axis]. */
  static void growing(Json j, Compiler.Compiled compiled) {
    j.key("held").strings(new ArrayList<>(compiled.caches().held()));
    j.key("growing").open("[");
    compiled.growing().forEach((name, axis) -> j.open("[").value(name).value(axis).close("]"));
    j.close("]");
  }

  /** Stored constants as [1, address, bytes, offset, file]; kernels as [2, index, args...]. */
  private static void load(Json j, Plan p) {
    j.key("load").open("[");
    for (int i = 0; i < p.load().size(); i++) {
      switch (p.load().get(i)) {
        case Plan.LoadConstant c -> {
          boolean stored = c.constant() instanceof Constant.Stored;
          j.open("[").value(stored ? 1 : 0).address(c.address());
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
      j.key("address").address(p.address());
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
      j.key("parallel").value(c.parallel());
      j.key("args").ints(c.args()).key("step").value(c.step());
      j.key("waits").value(c.waits()).close("}");
    }
    j.close("]").key("kernels").open("[");
    for (Plan.KernelInfo k : p.kernels()) {
      j.open("{").key("name").value(k.name()).key("family").value(k.family());
      j.key("schedule").value(k.schedule().toString()).key("bytes").value(k.bytes());
      j.key("tableIndex").value(k.tableIndex());
      j.key("calls").value(k.calls()).key("ms").value(k.millis()).close("}");
    }
    j.close("]");
  }
}
