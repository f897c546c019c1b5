package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.nnjit.compute.Compute;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;

/**
 * The fusions in order. Before: one call for each compute of each node. After: views are gone
 * except where a host call or an output needs the copy, chains of maps are one call, maps after a
 * reduction or contraction are its epilogue, and operands of products are arguments of their own.
 */
public final class Fusion {
  private Fusion() {}

  /** One rewrite of a pair of calls. */
  interface Rule {
    /** Applies wherever it fits; true when something changed. */
    boolean apply(Calls calls);
  }

  /**
   * The program after all fusions, without calls whose results nobody uses.
   *
   * @param attention says whether a compute that is a whole attention is better than its parts
   * @param codes says whether a product, or a map that picks elements (without stages), is better with a
   *     weight's codes as operand than with floats
   * @param halves says whether an attention reads keys and values of 16-bit floats in place
   */
  public static Program apply(
      Program program,
      Predicate<Compute> attention,
      Predicate<Compute> codes,
      Predicate<Compute> halves) {
    List<Rule> rules =
        List.of(
            new SinkStore(c -> !c.stages().isEmpty() && codes.test(c)),
            new InlineView(),
            new InlineMap(),
            new FuseEpilogue(),
            new InlineCodes(codes),
            new InlineHalves(halves));
    Rule whole = new FuseAttention(attention);
    Calls calls = new Calls(program);
    boolean changed = true;
    // Each rule removes a call or an edge, so this ends; the bound only guards against a bug.
    for (int round = 0; changed && round < 64; round++) {
      changed = false;
      for (Rule rule : rules) {
        changed |= rule.apply(calls);
        calls.dropDead();
      }
      if (!changed) {
        changed = whole.apply(calls);
        calls.dropDead();
      }
    }
    return program.with(OwnOperands.apply(calls.list()));
  }

  /** The calls of a program under rewriting, with who writes and who reads each value. */
  static final class Calls {
    private final List<Call> list;
    private final Set<String> outputs;
    private final Set<String> varying = new HashSet<>();
    private final Map<String, List<Integer>> writers = new HashMap<>();
    private final Map<String, List<Integer>> readers = new HashMap<>();

    Calls(Program program) {
      this.list = new ArrayList<>(program.calls());
      this.outputs = new HashSet<>(program.outputs());
      varying.addAll(program.inputs());
      for (int i = 0; i < list.size(); i++) {
        Call call = list.get(i);
        enter(i, call);
        for (String a : call.args()) {
          if (varying.contains(a)) {
            varying.addAll(call.results());
            break;
          }
        }
      }
    }

    private void enter(int i, Call call) {
      for (String r : call.results()) {
        writers.computeIfAbsent(r, k -> new ArrayList<>(1)).add(i);
      }
      for (String a : call.args()) {
        List<Integer> known = readers.computeIfAbsent(a, k -> new ArrayList<>(2));
        if (!known.contains(i)) {
          known.add(i);
        }
      }
    }

    private void leave(int i, Call call) {
      Integer place = i;
      for (String r : call.results()) {
        writers.get(r).remove(place);
      }
      for (String a : call.args()) {
        readers.get(a).remove(place);
      }
    }

    int size() {
      return list.size();
    }

    /** The call at this place when it is a compute, else null. */
    ComputeCall compute(int i) {
      return list.get(i) instanceof ComputeCall c ? c : null;
    }

    /** The call at this place when it is a map that alone makes its value, no output; else null. */
    ComputeCall map(int i) {
      ComputeCall c = compute(i);
      boolean alone =
          c != null
              && Inline.isPlainMap(c.compute())
              && writer(c.result()) == i
              && !isOutput(c.result());
      return alone ? c : null;
    }

    /** Puts a call, or null for none, in a place. */
    void set(int i, Call call) {
      if (list.get(i) != null) {
        leave(i, list.get(i));
      }
      list.set(i, call);
      if (call != null) {
        enter(i, call);
      }
    }

    /** Places of the calls that read a value, as they are now. */
    List<Integer> readers(String value) {
      return List.copyOf(readers.getOrDefault(value, List.of()));
    }

    /** The only call that writes the value, or -1. */
    int writer(String value) {
      List<Integer> w = writers.getOrDefault(value, List.of());
      return w.size() == 1 ? w.get(0) : -1;
    }

    boolean isOutput(String value) {
      return outputs.contains(value);
    }

    /** True for weights and everything calculated from weights alone. */
    boolean isConstant(String value) {
      return !varying.contains(value);
    }

    /** A call is dropped before those it reads from are looked at: they come earlier. */
    void dropDead() {
      for (int i = list.size() - 1; i >= 0; i--) {
        Call call = list.get(i);
        boolean live = call == null;
        for (String r : live ? List.<String>of() : call.results()) {
          live |= isOutput(r) || !readers.getOrDefault(r, List.of()).isEmpty();
        }
        if (!live) {
          set(i, null);
        }
      }
    }

    List<Call> list() {
      List<Call> out = new ArrayList<>();
      for (Call c : list) {
        if (c != null) {
          out.add(c);
        }
      }
      return out;
    }
  }
}
