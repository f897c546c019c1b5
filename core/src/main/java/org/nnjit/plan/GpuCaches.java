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
import org.nnjit.fuse.Growth;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.ModelException;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * New rows of caches on a GPU. A kernel's result is a whole buffer, whose beginning does not move as
 * an address in WebAssembly does: here the length stands in the index at which rows are stored.
 */
final class GpuCaches {
  private final Program program;
  private final GpuTarget gpu;
  private final Map<String, TensorType> types;
  private final Map<String, Growth.Cache> byRows = new HashMap<>();

  private GpuCaches(Program program, List<Growth.Cache> caches, GpuTarget gpu) {
    this.program = program;
    this.gpu = gpu;
    this.types = new LinkedHashMap<>(program.types());
    for (Growth.Cache c : caches) {
      byRows.put(c.added(), c);
    }
  }

  /**
   * The program with calls that store in the caches in the place of those that make new rows. Rows
   * that WebAssembly makes, or a kernel that reads the cache too, are copied to it.
   *
   * @throws ModelException when no kernel on a GPU can store them
   */
  static Program stored(Program program, List<Growth.Cache> caches, GpuTarget gpu) {
    return caches.isEmpty() ? program : new GpuCaches(program, caches, gpu).run();
  }

  private Program run() {
    Set<String> apart = new HashSet<>();
    Map<String, Integer> last = new HashMap<>();
    for (int i = 0; i < program.calls().size(); i++) {
      Call call = program.calls().get(i);
      Growth.Cache c = byRows.get(call.results().get(0));
      if (c != null) {
        last.put(c.added(), i);
        ComputeCall k = (ComputeCall) call;
        if (k.args().contains(c.present()) || !GpuSupports.does(behind(k, c).compute(), gpu)) {
          apart.add(c.added());
        }
      }
    }
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < program.calls().size(); i++) {
      Call call = program.calls().get(i);
      Growth.Cache c = byRows.get(call.results().get(0));
      if (c == null) {
        calls.add(call);
      } else if (!apart.contains(c.added())) {
        calls.add(behind((ComputeCall) call, c));
      } else {
        calls.add(alone((ComputeCall) call));
        if (last.get(c.added()) == i) {
          calls.add(copy(call.label(), c));
        }
      }
    }
    List<String> outputs = new ArrayList<>(program.outputs());
    outputs.removeAll(byRows.keySet());
    return new Program(program.inputs(), outputs, types, program.constants(), calls);
  }

  /** A call that makes rows, storing them behind those that the cache has. */
  private ComputeCall behind(ComputeCall call, Growth.Cache c) {
    Compute k = call.compute();
    List<String> args = new ArrayList<>(call.args());
    List<TensorType> inputs = new ArrayList<>(k.inputs());
    if (!args.contains(Growth.LENGTH)) {
      args.add(Growth.LENGTH);
      inputs.add(types.get(Growth.LENGTH));
    }
    Expr length = Expr.read(args.indexOf(Growth.LENGTH), DType.I32);
    List<Expr> store = new ArrayList<>(k.store());
    store.set(c.axis(), Expr.add(store.get(c.axis()), length));
    Compute stored =
        new Compute(k.name(), inputs, c.type(), k.spatial(), k.stages(), k.body(), store);
    return new ComputeCall(call.label(), stored, args, c.present());
  }

  /** The call with rows that lie together, as the cache's do not. */
  private ComputeCall alone(ComputeCall call) {
    Compute k = call.compute();
    TensorType dense = TensorType.of(k.output().dtype(), k.output().shape());
    types.put(call.result(), dense);
    Compute rows =
        new Compute(k.name(), k.inputs(), dense, k.spatial(), k.stages(), k.body(), k.store());
    return new ComputeCall(call.label(), rows, call.args(), call.result());
  }

  private ComputeCall copy(String label, Growth.Cache c) {
    TensorType rows = types.get(c.added());
    List<Axis> axes = Compute.axes(rows);
    Expr row = Expr.read(0, rows.dtype(), Compute.vars(axes));
    Compute copy = Compute.of("cache", List.of(rows), rows, axes, List.of(), row);
    ComputeCall call =
        behind(new ComputeCall(label, copy, List.of(c.added()), c.added()), c);
    if (!GpuSupports.does(call.compute(), gpu)) {
      throw new ModelException(
          "the cache '" + c.past() + "' cannot stay on this GPU: it has no kernel for " + c.type()
              + "; create the session with executionProviders: ['wasm']");
    }
    return call;
  }
}
