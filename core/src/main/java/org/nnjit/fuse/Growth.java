package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Exprs;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.Constant;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * A program for every length of its caches, merged from the programs for three lengths, of which
 * the first is as much as there is room for and the second one less. A cache is an input to which
 * the model appends rows along one axis and returns the whole: here both are one value that stays
 * in memory, and only the new rows are stored.
 *
 * @param program has the caches as inputs, by the names of the outputs, and {@link #LENGTH}; its
 *     last outputs are the new rows, one for each cache
 * @param caches in the order of the outputs
 * @param growing which other inputs grow with the caches, and the axis
 */
public record Growth(Program program, List<Cache> caches, Map<String, Integer> growing) {
  /** The input that holds how many rows the caches have before the run. */
  public static final String LENGTH = "#length";

  static final TensorType LENGTH_TYPE = TensorType.of(DType.I32);

  /**
   * A cache.
   *
   * @param past input of the model that is its rows before a run
   * @param present output of the model that is its rows after a run
   * @param added the new rows
   * @param type all the room there is
   * @param axis along which it grows
   */
  public record Cache(String past, String present, String added, TensorType type, int axis) {
    /** Bytes from a row to the next one. */
    public int step() {
      return type.layout().stride(axis) * type.dtype().bytes();
    }
  }

  static ModelException cannot(String why) {
    return new ModelException("the caches of this model cannot stay in place: " + why);
  }

  /**
   * Merges three programs of one model.
   *
   * @param lengths of the caches, for which the programs are
   * @param results how many outputs the model has; those after them are checks
   * @param steps more than 1: so many rows of a run do not see those after them
   * @throws ModelException when what differs is more than the length
   */
  public static Growth of(List<Program> programs, int[] lengths, int results, int steps) {
    return new Merge(programs, lengths, results, steps).run();
  }

  private static final class Merge {
    private final List<Program> programs;
    private final Program first;
    private final int[] lengths;
    private final int steps;
    private final Set<String> checks;
    private final List<Call> calls = new ArrayList<>();
    private final Map<String, TensorType> types;
    private final Map<String, Constant> constants;
    private final Map<String, boolean[]> zero = new HashMap<>();
    private final Map<String, String> numbers = new HashMap<>();
    private final List<Cache> caches = new ArrayList<>();
    private final Set<String> dropped = new HashSet<>();

    Merge(List<Program> programs, int[] lengths, int results, int steps) {
      this.programs = programs;
      this.steps = steps;
      this.first = programs.get(0);
      this.lengths = lengths;
      List<String> outputs = first.outputs();
      this.checks = new HashSet<>(outputs.subList(results, outputs.size()));
      this.types = new LinkedHashMap<>(first.types());
      this.constants = new LinkedHashMap<>(first.constants());
    }

    Growth run() {
      types.put(LENGTH, LENGTH_TYPE);
      for (Program p : programs) {
        if (p.calls().size() != first.calls().size()) {
          throw cannot("its steps depend on their length");
        }
      }
      for (int i = 0; i < first.calls().size(); i++) {
        merge(i);
      }
      List<String> inputs = new ArrayList<>(first.inputs());
      List<String> outputs = new ArrayList<>();
      for (String o : first.outputs()) {
        if (dropped.contains(o)) {
          continue;
        }
        int axis = axis(o);
        if (axis < 0) {
          outputs.add(o);
        } else {
          cache(o, axis);
        }
      }
      for (Cache c : caches) {
        outputs.add(c.added());
        inputs.remove(c.past());
      }
      Map<String, Integer> growing = new LinkedHashMap<>();
      for (String i : inputs) {
        if (axis(i) >= 0) {
          growing.put(i, axis(i));
        }
      }
      for (Cache c : caches) {
        inputs.add(c.present());
      }
      inputs.add(LENGTH);
      return new Growth(new Program(inputs, outputs, types, constants, calls), caches, growing);
    }

    /** The one axis along which a value grows, or -1. */
    private int axis(String value) {
      boolean[] grows =
          GrowingCompute.type(
              first.type(value), programs.get(1).type(value), programs.get(2).type(value), lengths);
      int axis = -1;
      for (int i = 0; i < grows.length; i++) {
        if (grows[i] && axis >= 0) {
          throw cannot("'" + value + "' grows along two axes");
        }
        axis = grows[i] ? i : axis;
      }
      return axis;
    }

    // --- calls ---

    private void merge(int i) {
      if (!(first.calls().get(i) instanceof ComputeCall call)) {
        Call host = first.calls().get(i);
        List<String> all = new ArrayList<>(host.args());
        all.addAll(host.results());
        for (String v : all) {
          if (!v.isEmpty() && axis(v) >= 0) {
            throw cannot(host.label() + " has no kernel");
          }
        }
        calls.add(host);
        return;
      }
      boolean bounded = call.results().equals(programs.get(1).calls().get(i).results());
      if (checks.contains(call.result()) && (grows(call.args()) || !bounded)) {
        // Beyond the end lies what no one meant as an index, and the bounds of a table that grows
        // are not known; reads stay within its room all the same.
        dropped.add(call.result());
        return;
      }
      List<Compute> three = new ArrayList<>();
      for (Program p : programs) {
        if (!(p.calls().get(i) instanceof ComputeCall other)
            || !other.result().equals(call.result())
            || !other.args().equals(call.args())) {
          throw cannot(call.label() + " depends on their length");
        }
        three.add(other.compute());
      }
      List<String> args = new ArrayList<>();
      List<boolean[]> zeros = new ArrayList<>();
      for (String a : call.args()) {
        args.add(number(a, call.label()));
        zeros.add(zero.getOrDefault(a, new boolean[first.type(a).shape().rank()]));
      }
      GrowingCompute.Merged merged = GrowingCompute.merge(lengths, three, zeros, steps);
      if (merged.readsLength()) {
        args.add(LENGTH);
      }
      calls.add(new ComputeCall(call.label(), merged.compute(), args, call.result()));
      boolean[] known = zero.get(call.result());
      zero.put(call.result(), known == null ? merged.zero() : new boolean[known.length]);
    }

    private boolean grows(List<String> values) {
      boolean grows = false;
      for (String v : values) {
        grows |= !first.type(v).equals(programs.get(1).type(v));
      }
      return grows;
    }

    /** A constant that differs is worked out from the length in each run. */
    private String number(String value, String label) {
      String known = numbers.get(value);
      Constant c = constants.get(value);
      if (known != null || !(c instanceof Constant.Inline x)) {
        return known != null ? known : value;
      }
      Tensor t = x.tensor();
      Tensor second = inline(1, value, t, label);
      Tensor third = inline(2, value, t, label);
      boolean same =
          Arrays.equals(t.bytes(), second.bytes()) && Arrays.equals(t.bytes(), third.bytes());
      String result = same ? value : value + "#grown";
      numbers.put(value, result);
      if (same) {
        return value;
      }
      if (t.dtype().isFloat() || t.dtype() == DType.BOOL) {
        throw cannot(label + " reads values that depend on their length");
      }
      Tensor steps = Tensor.zeros(t.dtype(), t.shape());
      Tensor from = Tensor.zeros(t.dtype(), t.shape());
      for (int i = 0; i < t.elements(); i++) {
        long step = t.getLong(i) - second.getLong(i);
        steps.setLong(i, step);
        from.setLong(i, t.getLong(i) - step * lengths[0]);
        if (t.getLong(i) - third.getLong(i) != step * (lengths[0] - lengths[2])) {
          throw cannot(label + " reads numbers that do not grow with their length");
        }
      }
      constants.put(value + "#from", new Constant.Inline(from));
      constants.put(value + "#step", new Constant.Inline(steps));
      for (String name : List.of(value + "#from", value + "#step", result)) {
        types.put(name, t.type());
      }
      List<Axis> axes = Compute.axes(t.type());
      List<Expr> at = Compute.vars(axes);
      Expr length = Expr.cast(t.dtype(), Expr.read(2, DType.I32));
      Expr grown =
          Expr.add(
              Expr.read(0, t.dtype(), at), Expr.mul(Expr.read(1, t.dtype(), at), length));
      Compute sum =
          Compute.of(
              "grown", List.of(t.type(), t.type(), LENGTH_TYPE), t.type(), axes, List.of(), grown);
      calls.add(
          new ComputeCall(
              label, sum, List.of(value + "#from", value + "#step", LENGTH), result));
      return result;
    }

    private Tensor inline(int program, String value, Tensor like, String label) {
      Constant c = programs.get(program).constants().get(value);
      if (!(c instanceof Constant.Inline i) || !i.type().equals(like.type())) {
        throw cannot(label + " reads a constant whose shape depends on their length");
      }
      return i.tensor();
    }

    // --- caches ---

    /** Makes a cache of an output that is an input with rows appended. */
    private void cache(String output, int axis) {
      String whole = original(output);
      String past = null;
      int added = -1;
      for (int i = calls.size() - 1; i >= 0; i--) {
        if (!calls.get(i).results().contains(whole)) {
          continue;
        }
        ComputeCall part = (ComputeCall) calls.get(i);
        if (past == null && isCopy(part) && first.inputs().contains(part.args().get(0))) {
          past = part.args().get(0);
          calls.remove(i);
          added--;
        } else if (added < 0 && isAppended(part, axis)) {
          added = i;
        } else {
          throw notAppended(output);
        }
      }
      if (past == null || added < 0) {
        throw notAppended(output);
      }
      TensorType type = first.type(whole);
      ComputeCall part = (ComputeCall) calls.get(added);
      Compute c = part.compute();
      TensorType rows =
          new TensorType(
              type.dtype(), type.shape().with(axis, type.shape().dim(axis) - lengths[0]),
              type.layout());
      String name = output + "#added";
      types.put(name, rows);
      Compute stored =
          Compute.of(c.name(), c.inputs(), rows, c.spatial(), c.stages(), c.body());
      calls.set(
          added, Inline.dropUnused(new ComputeCall(part.label(), stored, part.args(), name)));
      Set<String> same = new HashSet<>(Set.of(past, whole));
      for (int i = 0; i < calls.size(); i++) {
        calls.set(i, reading(calls.get(i), same, output, type));
      }
      types.put(output, type);
      caches.add(new Cache(past, output, name, type, axis));
    }

    private static ModelException notAppended(String output) {
      return cannot("output '" + output + "' is not an input with rows appended");
    }

    /** The value that an output is a plain copy of, the copy being dropped, or the output. */
    private String original(String output) {
      for (int i = 0; i < calls.size(); i++) {
        if (calls.get(i).results().contains(output)
            && calls.get(i) instanceof ComputeCall c
            && isCopy(c)
            && !first.inputs().contains(c.args().get(0))
            && first.type(c.args().get(0)).equals(first.type(output))) {
          calls.remove(i);
          return c.args().get(0);
        }
      }
      return output;
    }

    /** Whether each element goes where it was. */
    private static boolean isCopy(ComputeCall call) {
      Compute c = call.compute();
      boolean copy =
          c.stages().isEmpty()
              && c.body() instanceof Read r
              && r.arg() == 0
              && r.index().size() == c.spatial().size()
              && c.store().equals(Compute.vars(c.spatial()));
      for (int i = 0; copy && i < c.store().size(); i++) {
        Expr at = ((Read) c.body()).index().get(i);
        boolean only = c.spatial().get(i).extent() == 1 && at.equals(Expr.i32(0));
        copy = only || at.equals(c.store().get(i));
      }
      return copy;
    }

    /** Whether the rows go behind the past ones along the axis. */
    private static boolean isAppended(ComputeCall call, int axis) {
      Compute c = call.compute();
      List<Expr> behind = Compute.vars(c.spatial());
      if (behind.size() != c.store().size() || !call.args().contains(LENGTH)) {
        return false;
      }
      boolean fits = true;
      for (int i = 0; i < behind.size(); i++) {
        Expr at = behind.get(i);
        Expr length = Expr.read(call.args().indexOf(LENGTH), DType.I32);
        fits &= c.store().get(i).equals(i == axis ? Expr.add(at, length) : at);
      }
      return fits;
    }

    /** The call with a cache in place of other values. */
    private static Call reading(Call call, Set<String> same, String cache, TensorType type) {
      List<String> args = new ArrayList<>(call.args());
      boolean touched = false;
      for (String a : args) {
        touched |= same.contains(a);
      }
      if (!touched) {
        return call;
      }
      if (!(call instanceof ComputeCall c)) {
        throw cannot(call.label() + " has no kernel");
      }
      List<TensorType> inputs = new ArrayList<>(c.compute().inputs());
      for (Expr r : Exprs.reads(c.compute())) {
        int arg = Exprs.argOf(r);
        boolean other = !inputs.get(arg).equals(type);
        if (same.contains(args.get(arg)) && r instanceof ReadFlat && other) {
          throw cannot(call.label() + " reshapes the past rows");
        }
      }
      for (int i = 0; i < args.size(); i++) {
        if (same.contains(args.get(i))) {
          args.set(i, cache);
          inputs.set(i, type);
        }
      }
      Compute k = c.compute();
      Compute moved =
          new Compute(k.name(), inputs, k.output(), k.spatial(), k.stages(), k.body(), k.store());
      return new ComputeCall(call.label(), moved, args, c.result());
    }
  }
}
