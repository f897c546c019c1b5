package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.Program.HostCall;

/**
 * The fusions in order. Before: one call for each compute of each node. After: views are gone
 * except where a host call or an output needs the copy, chains of maps are one call, and maps after
 * a reduction or contraction are its epilogue.
 */
public final class Fusion {
  private static final List<Rule> RULES =
      List.of(new SinkStore(), new InlineView(), new InlineMap(), new FuseEpilogue());

  private Fusion() {}

  /** One rewrite of a pair of calls. */
  interface Rule {
    /** Applies wherever it fits; true when something changed. */
    boolean apply(Calls calls);
  }

  /** The program after all fusions, without calls whose results nobody uses. */
  public static Program apply(Program program) {
    Calls calls = new Calls(program);
    boolean changed = true;
    // Each rule removes a call or an edge, so this ends; the bound only guards against a bug.
    for (int round = 0; changed && round < 64; round++) {
      changed = false;
      for (Rule rule : RULES) {
        changed |= rule.apply(calls);
        calls.dropDead();
      }
    }
    return program.with(calls.list());
  }

  /** The calls of a program under rewriting, with who writes and who reads each value. */
  static final class Calls {
    private final Program program;
    private final List<Call> list;
    private Map<String, List<Integer>> writers;
    private Map<String, List<Integer>> readers;

    Calls(Program program) {
      this.program = program;
      this.list = new ArrayList<>(program.calls());
      index();
    }

    private void index() {
      writers = new HashMap<>();
      readers = new HashMap<>();
      for (int i = 0; i < list.size(); i++) {
        Call call = list.get(i);
        if (call == null) {
          continue;
        }
        for (String r : call.results()) {
          writers.computeIfAbsent(r, k -> new ArrayList<>()).add(i);
        }
        for (String a : new HashSet<>(call.args())) {
          readers.computeIfAbsent(a, k -> new ArrayList<>()).add(i);
        }
      }
    }

    int size() {
      return list.size();
    }

    Call get(int i) {
      return list.get(i);
    }

    /** The call at this place when it is a compute, else null. */
    ComputeCall compute(int i) {
      return list.get(i) instanceof ComputeCall c ? c : null;
    }

    void set(int i, Call call) {
      list.set(i, call);
      index();
    }

    List<Integer> readers(String value) {
      return readers.getOrDefault(value, List.of());
    }

    /** The only call that writes the value, or -1. */
    int writer(String value) {
      List<Integer> w = writers.getOrDefault(value, List.of());
      return w.size() == 1 ? w.get(0) : -1;
    }

    boolean isOutput(String value) {
      return program.outputs().contains(value);
    }

    /** True for weights and everything calculated from weights alone. */
    boolean isConstant(String value) {
      if (program.constants().containsKey(value)) {
        return true;
      }
      List<Integer> w = writers.getOrDefault(value, List.of());
      if (w.isEmpty()) {
        return false;
      }
      for (int i : w) {
        for (String a : list.get(i).args()) {
          if (!isConstant(a)) {
            return false;
          }
        }
      }
      return true;
    }

    void dropDead() {
      boolean changed = true;
      while (changed) {
        changed = false;
        for (int i = list.size() - 1; i >= 0; i--) {
          if (list.get(i) == null) {
            continue;
          }
          boolean live = false;
          for (String r : list.get(i).results()) {
            live |= isOutput(r) || !readers(r).isEmpty();
          }
          if (!live) {
            list.set(i, null);
            changed = true;
          }
        }
        if (changed) {
          index();
        }
      }
    }

    List<Call> list() {
      List<Call> out = new ArrayList<>();
      Set<Call> seen = new HashSet<>();
      for (Call c : list) {
        if (c != null && seen.add(c)) {
          out.add(c);
        }
      }
      return out;
    }

    /** True when every reader of the value is a compute call. */
    boolean readByComputesOnly(String value) {
      for (int i : readers(value)) {
        if (list.get(i) instanceof HostCall) {
          return false;
        }
      }
      return true;
    }
  }
}
