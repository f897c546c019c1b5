package org.nnjit.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.Constant;
import org.nnjit.kernel.emit.wasm.Supports;
import org.nnjit.kernel.family.GridFamilies;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** Tells what of a program a GPU cannot do, which WebAssembly does. */
final class GpuSupports {
  private GpuSupports() {}

  /** An empty set of calls, told apart by identity. */
  static Set<Call> calls() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }

  /**
   * Calls that run in WebAssembly: operators on the host, f64, more arguments or larger values than
   * the GPU takes, and the other parts of values that they write.
   */
  static Set<Call> elsewhere(Program program, GpuTarget gpu) {
    Set<Call> calls = calls();
    Map<String, List<Call>> writers = new HashMap<>();
    for (Call c : program.calls()) {
      for (String r : c.results()) {
        writers.computeIfAbsent(r, k -> new ArrayList<>()).add(c);
      }
      if (!(c instanceof ComputeCall k) || !does(k.compute(), gpu)) {
        calls.add(c);
      }
    }
    for (Call c : List.copyOf(calls)) {
      for (String r : c.results()) {
        calls.addAll(writers.get(r));
      }
    }
    return calls;
  }

  /** Whether a GPU can do a compute. */
  static boolean does(Compute c, GpuTarget gpu) {
    if (!Supports.all(c) || c.inputs().size() + 1 > gpu.storageBuffers()) {
      return false;
    }
    List<TensorType> all = new ArrayList<>(c.inputs());
    all.add(c.output());
    for (TensorType t : all) {
      if (t.dtype() == DType.F64 || t.shape().elements() * 4 > gpu.bufferBytes()) {
        return false;
      }
    }
    for (Stage s : c.stages()) {
      if (!s.points().isEmpty() && !GridFamilies.attends(c) || !does(s.body())) {
        return false;
      }
    }
    return does(c.body());
  }

  private static boolean does(Expr e) {
    boolean power = e instanceof Expr.Binary b && b.op() == BinaryOp.POW;
    if (e.type() == DType.F64 || power && !e.type().isFloat() && e.type().bytes() == 8) {
      return false;
    }
    for (Expr o : Exprs.operands(e)) {
      if (!does(o)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Some calls as a program of their own, with the calls of loading that they need.
   *
   * @param once calls of loading
   * @param begun values that other parts have written parts of
   * @param later values that are needed afterwards
   */
  static Program part(Program program, List<Call> calls, Set<Call> once, Set<String> begun, Set<String> later) {
    Set<String> needed = new HashSet<>();
    Set<String> made = new LinkedHashSet<>();
    for (Call c : calls) {
      needed.addAll(c.args());
      made.addAll(c.results());
    }
    List<Call> all = new ArrayList<>(calls);
    for (int i = program.calls().size() - 1; i >= 0; i--) {
      Call c = program.calls().get(i);
      if (once.contains(c) && needed.contains(c.results().get(0))) {
        all.add(0, c);
        needed.addAll(c.args());
        made.addAll(c.results());
      }
    }
    Map<String, Constant> constants = new LinkedHashMap<>();
    List<String> inputs = new ArrayList<>();
    Map<String, TensorType> types = new LinkedHashMap<>();
    for (String v : needed) {
      if (program.constants().containsKey(v)) {
        constants.put(v, program.constants().get(v));
      } else if (!made.contains(v) && !v.isEmpty()) {
        inputs.add(v);
      }
    }
    List<String> outputs = new ArrayList<>();
    for (String v : made) {
      if (begun.contains(v) && !inputs.contains(v)) {
        inputs.add(v);
      }
    }
    for (Call c : calls) {
      for (String r : c.results()) {
        if (later.contains(r) && !outputs.contains(r)) {
          outputs.add(r);
        }
      }
    }
    needed.addAll(made);
    for (String v : needed) {
      if (!v.isEmpty()) {
        types.put(v, program.type(v));
      }
    }
    return new Program(inputs, outputs, types, constants, all);
  }
}
