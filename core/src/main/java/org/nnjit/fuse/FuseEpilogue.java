package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A map over the result of a reduction or contraction becomes its epilogue: bias, activation,
 * residual. The map must read that result element for element and be its only reader.
 */
final class FuseEpilogue implements Fusion.Rule {

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall map = calls.compute(i);
      if (map == null || !map.compute().stages().isEmpty() || calls.writer(map.result()) != i) {
        continue;
      }
      int best = -1;
      for (String arg : map.args()) {
        int w = calls.writer(arg);
        if (w > best && fits(calls, w, arg, map)) {
          best = w;
        }
      }
      if (best >= 0) {
        ComputeCall producer = calls.compute(best);
        // At the map's place every argument of both is known; the producer's place becomes free.
        calls.set(i, merge(producer, map));
        changed = true;
      }
    }
    return changed;
  }

  private static boolean fits(Calls calls, int writer, String value, ComputeCall map) {
    ComputeCall producer = calls.compute(writer);
    if (producer == null
        || producer.compute().stages().isEmpty()
        || calls.isOutput(value)
        || calls.readers(value).size() != 1
        || calls.isConstant(value) != calls.isConstant(map.result())
        || !joins(producer.compute().output().dtype(), map.compute().output().dtype())
        || !goesOn(producer.compute(), map.compute())) {
      return false;
    }
    for (Expr r : Exprs.reads(map.compute())) {
      boolean own = map.args().get(Exprs.argOf(r)).equals(value);
      if (own && !isIdentity(r, producer.compute().output(), map.compute().spatial())) {
        return false;
      }
    }
    return true;
  }

  /** Whether a kernel that makes the one type may make the other: sums of integers become floats. */
  private static boolean joins(DType made, DType wanted) {
    return made == wanted || made == DType.I32 && wanted == DType.F32;
  }

  /**
   * True when the map goes over all of the producer's result and either stores in the same order or
   * takes back how the producer split or joined its axes.
   */
  private static boolean goesOn(Compute p, Compute m) {
    List<Integer> dims = longer(p.output());
    int i = 0;
    for (Axis axis : m.spatial()) {
      if (axis.extent() != 1
          && (i == dims.size() || axis.extent() != p.output().shape().dim(dims.get(i++)))) {
        return false;
      }
    }
    if (i < dims.size()) {
      return false;
    }
    List<Expr> store = store(p, m);
    Affine made = Affine.sum(0, p.store(), p.output().layout().strides());
    Affine moved = Affine.sum(0, store, m.output().layout().strides());
    // Families have tiles for results whose place moves by plain steps: it must go on to.
    boolean steps = moved.isPure() || !made.isPure();
    return steps
        && (Inline.isPlainMap(m)
            || store.equals(Compute.vars(p.spatial()))
            || isSame(made, moved, p.spatial()));
  }

  /** Dimensions of other lengths than 1, which reshapes add and take away: the map has these in order. */
  private static List<Integer> longer(TensorType type) {
    List<Integer> dims = new ArrayList<>();
    for (int i = 0; i < type.shape().rank(); i++) {
      if (type.shape().dim(i) != 1) {
        dims.add(i);
      }
    }
    return dims;
  }

  /** Whether a place moves as another does: a map stores where its producer does, in another shape. */
  private static boolean isSame(Affine made, Affine moved, List<Axis> axes) {
    boolean same = made.isPure() && moved.isPure() && made.constant() == moved.constant();
    for (Axis axis : axes) {
      same &= axis.extent() == 1 || made.coefficient(axis) == moved.coefficient(axis);
    }
    return same;
  }

  /** Where the map stores what comes from a point of the producer. */
  private static List<Expr> store(Compute p, Compute m) {
    List<Expr> store = new ArrayList<>();
    for (Expr e : m.store()) {
      Expr at = Exprs.substitute(e, at(p, m));
      store.add(e instanceof Var ? at : Affine.of(at).toExpr());
    }
    return store;
  }

  /** The map's axes in terms of the producer's. */
  private static Map<Axis, Expr> at(Compute p, Compute m) {
    Map<Axis, Expr> at = new HashMap<>();
    List<Integer> dims = longer(p.output());
    boolean even = m.spatial().size() == p.store().size();
    int i = 0;
    for (int d = 0; d < m.spatial().size(); d++) {
      Axis axis = m.spatial().get(d);
      if (axis.extent() != 1) {
        at.put(axis, p.store().get(dims.get(i++)));
      } else {
        boolean same = even && p.output().shape().dim(d) == 1;
        at.put(axis, same ? p.store().get(d) : Expr.i32(0));
      }
    }
    return at;
  }

  private static boolean isIdentity(Expr read, TensorType type, List<Axis> axes) {
    if (!(read instanceof Read r)) {
      return false;
    }
    List<Integer> dims = longer(type);
    int i = 0;
    for (Axis axis : axes) {
      if (axis.extent() != 1
          && !(r.index().get(dims.get(i++)) instanceof Var v && v.axis() == axis)) {
        return false;
      }
    }
    return true;
  }

  private static ComputeCall merge(ComputeCall producer, ComputeCall map) {
    Compute p = producer.compute();
    Compute m = map.compute();
    String value = producer.result();
    List<String> args = new ArrayList<>();
    List<TensorType> types = new ArrayList<>();
    int[] fromProducer = new int[p.inputs().size()];
    for (int i = 0; i < fromProducer.length; i++) {
      fromProducer[i] = Inline.argument(producer.args().get(i), p.inputs().get(i), args, types);
    }
    int[] fromMap = new int[m.inputs().size()];
    for (int i = 0; i < fromMap.length; i++) {
      String name = map.args().get(i);
      fromMap[i] =
          name.equals(value) ? -1 : Inline.argument(name, m.inputs().get(i), args, types);
    }
    Map<Axis, Expr> at = at(p, m);
    Expr result = Inline.renumber(p.body(), fromProducer);
    Expr body = replace(m.body(), at, fromMap, result);
    List<Stage> stages = new ArrayList<>();
    for (Stage s : p.stages()) {
      Expr b = Inline.renumber(s.body(), fromProducer);
      stages.add(s.with(b));
    }
    String name = p.name().length() > 40 ? p.name() : p.name() + "_" + m.name();
    Compute merged =
        new Compute(name, types, m.output(), p.spatial(), stages, body, store(p, m));
    return Inline.dropUnused(
        new ComputeCall(producer.label() + " + " + map.label(), merged, args, map.result()));
  }

  private static Expr replace(Expr e, Map<Axis, Expr> at, int[] fromMap, Expr result) {
    return Exprs.rewrite(
        e,
        x -> {
          if (x instanceof Var v) {
            return at.get(v.axis());
          }
          if (x instanceof Read r) {
            if (fromMap[r.arg()] < 0) {
              return result;
            }
            List<Expr> index = new ArrayList<>();
            for (Expr i : r.index()) {
              index.add(replace(i, at, fromMap, result));
            }
            return new Read(fromMap[r.arg()], r.type(), index);
          }
          if (x instanceof Expr.ReadFlat r) {
            return new Expr.ReadFlat(
                fromMap[r.arg()], r.type(), replace(r.index(), at, fromMap, result));
          }
          return null;
        });
  }
}
