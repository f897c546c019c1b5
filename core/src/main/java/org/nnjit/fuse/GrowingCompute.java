package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * One compute for every length of the caches, from the computes for three lengths. Shapes are those
 * of the first, longest length; a number that differs becomes a sum with the length, which is one
 * more argument, the last; reductions leave out what lies beyond the end.
 */
final class GrowingCompute {
  /** How a number is used. */
  private enum Place {
    VALUE,
    /** In a position in row-major order, which is one of the longest length's. */
    FLAT,
    /** The same, as a factor or divisor. */
    FACTOR
  }

  private final int[] lengths;
  private final Compute first;
  private final Map<Axis, Axis> axes = new HashMap<>();
  private final Set<Axis> growing = new HashSet<>();
  private final List<boolean[]> zero;
  private final int steps;
  private boolean readsLength;

  /**
   * @param lengths of the caches, for which the computes are
   * @param zero dimensions of each argument beyond whose ends it holds zeros
   * @param steps as of {@link Growth#of}
   */
  private GrowingCompute(int[] lengths, Compute first, List<boolean[]> zero, int steps) {
    this.lengths = lengths;
    this.first = first;
    this.zero = zero;
    this.steps = steps;
  }

  /**
   * A merged compute.
   *
   * @param compute has the length as last argument when it is used
   * @param readsLength whether it is
   * @param zero dimensions of the result beyond whose ends it holds zeros
   */
  record Merged(Compute compute, boolean readsLength, boolean[] zero) {}

  /** Merges the computes of one call; the parameters are the constructor's. */
  static Merged merge(int[] lengths, List<Compute> three, List<boolean[]> zero, int steps) {
    return new GrowingCompute(lengths, three.get(0), zero, steps)
        .merge(three.get(1), three.get(2));
  }

  private Merged merge(Compute second, Compute third) {
    for (int i = 0; i < first.inputs().size(); i++) {
      type(first.inputs().get(i), second.inputs().get(i), third.inputs().get(i), lengths);
    }
    type(first.output(), second.output(), third.output(), lengths);
    axes(first.spatial(), second.spatial(), third.spatial());
    check(first.stages().size() == second.stages().size());
    check(first.stages().size() == third.stages().size());
    List<Stage> stages = new ArrayList<>();
    for (int i = 0; i < first.stages().size(); i++) {
      Stage a = first.stages().get(i);
      Stage b = second.stages().get(i);
      Stage c = third.stages().get(i);
      check(a.outer() == b.outer() && a.outer() == c.outer());
      axes(a.points(), b.points(), c.points());
      axes(a.axes(), b.axes(), c.axes());
      stages.add(a.with(same(a.body(), b.body(), c.body())));
    }
    Expr body = same(first.body(), second.body(), third.body());
    List<Expr> store = new ArrayList<>();
    for (int i = 0; i < first.store().size(); i++) {
      store.add(same(first.store().get(i), second.store().get(i), third.store().get(i)));
    }
    body = mask(stages, body);
    boolean[] zeros = new boolean[store.size()];
    for (int i = 0; i < zeros.length; i++) {
      zeros[i] =
          store.get(i) instanceof Var v && growing.contains(v.axis()) && isZero(body, v.axis());
    }
    List<TensorType> inputs = new ArrayList<>(first.inputs());
    if (readsLength) {
      inputs.add(Growth.LENGTH_TYPE);
    }
    Compute merged =
        new Compute(first.name(), inputs, first.output(), first.spatial(), stages, body, store);
    return new Merged(merged, readsLength, zeros);
  }

  /** The dimensions that grow with the length, one for one. */
  static boolean[] type(TensorType a, TensorType b, TensorType c, int[] lengths) {
    Shape s = a.shape();
    check(s.rank() == b.shape().rank() && s.rank() == c.shape().rank());
    boolean[] grows = new boolean[s.rank()];
    for (int i = 0; i < grows.length; i++) {
      grows[i] = grows(s.dim(i), b.shape().dim(i), c.shape().dim(i), lengths);
    }
    return grows;
  }

  private static boolean grows(int a, int b, int c, int[] lengths) {
    boolean grows = a != b;
    check(grows ? a - b == 1 && a - c == lengths[0] - lengths[2] : a == c);
    return grows;
  }

  private static void check(boolean fits) {
    if (!fits) {
      throw Growth.cannot("the shape or the steps of a kernel do not grow with the cache");
    }
  }

  private void axes(List<Axis> a, List<Axis> b, List<Axis> c) {
    check(a.size() == b.size() && a.size() == c.size());
    for (int i = 0; i < a.size(); i++) {
      Axis axis = a.get(i);
      axes.put(b.get(i), axis);
      axes.put(c.get(i), axis);
      if (grows(axis.extent(), b.get(i).extent(), c.get(i).extent(), lengths)) {
        growing.add(axis);
      }
    }
  }

  // --- one expression of three ---

  private int at;

  private Expr same(Expr a, Expr b, Expr c) {
    List<Place> places = new ArrayList<>();
    visit(a, Place.VALUE, new ArrayList<>(), places);
    List<Expr> second = new ArrayList<>();
    visit(b, Place.VALUE, second, new ArrayList<>());
    List<Expr> third = new ArrayList<>();
    visit(c, Place.VALUE, third, new ArrayList<>());
    check(second.size() == places.size() && third.size() == places.size());
    at = 0;
    return Exprs.rewrite(
        a,
        e -> {
          Expr y = second.get(at);
          Expr z = third.get(at);
          Place place = places.get(at++);
          check(alike(e, y) && alike(e, z));
          return e instanceof IntConst x
              ? number(x, ((IntConst) y).value(), ((IntConst) z).value(), place)
              : null;
        });
  }

  /** All nodes, each before its operands. */
  private static void visit(Expr e, Place place, List<Expr> nodes, List<Place> places) {
    nodes.add(e);
    places.add(place);
    Place inside = e instanceof ReadFlat ? Place.FLAT : place;
    if (inside != Place.VALUE && e instanceof Binary b) {
      boolean sum = b.op() == BinaryOp.ADD || b.op() == BinaryOp.SUB;
      inside = sum ? Place.FLAT : Place.FACTOR;
    }
    for (Expr o : Exprs.operands(e)) {
      visit(o, inside, nodes, places);
    }
  }

  private boolean alike(Expr a, Expr b) {
    return a.type() == b.type()
        && switch (a) {
          case Var x -> b instanceof Var y && axes.get(y.axis()) == x.axis();
          case StageValue x -> b instanceof StageValue y && x.stage() == y.stage();
          case Read x -> b instanceof Read y && x.arg() == y.arg();
          case ReadFlat x -> b instanceof ReadFlat y && x.arg() == y.arg();
          case Unary x -> b instanceof Unary y && x.op() == y.op();
          case Binary x -> b instanceof Binary y && x.op() == y.op();
          case Expr.Select x -> b instanceof Expr.Select;
          case Cast x -> b instanceof Cast;
          case IntConst x -> b instanceof IntConst;
          case Expr.FloatConst x -> x.equals(b);
        };
  }

  private Expr number(IntConst x, long second, long third, Place place) {
    long step = x.value() - second;
    check(x.value() - third == step * (lengths[0] - lengths[2]));
    if (step == 0 || place == Place.FACTOR) {
      return x;
    }
    check(place == Place.VALUE && x.type() != DType.BOOL);
    Expr length = Expr.cast(x.type(), length());
    Expr part = step == 1 ? length : Expr.mul(length, new IntConst(x.type(), step));
    long rest = x.value() - step * lengths[0];
    return rest == 0 ? part : Expr.add(part, new IntConst(x.type(), rest));
  }

  private Expr length() {
    readsLength = true;
    return Expr.read(first.inputs().size(), DType.I32);
  }

  // --- what lies beyond the end ---

  /** Whether an index along an axis lies before the end. */
  private Expr inside(Axis axis) {
    Expr end = Expr.add(length(), Expr.i32(axis.extent() - lengths[0]));
    return Expr.lt(Expr.var(axis), end);
  }

  /** Whether a row of the run may see an index along an axis: what came before it, and itself. */
  private Expr seen(Axis axis, Read scores, int dimension) {
    Expr row = dimension == 0 ? null : scores.index().get(dimension - 1);
    if (!(row instanceof Var v) || v.axis().extent() != steps) {
      throw Growth.cannot("rows of a run are no rows of its scores");
    }
    Expr before = Expr.add(length(), Expr.i32(axis.extent() - lengths[0] - steps + 1));
    return Expr.lt(Expr.var(axis), Expr.add(before, row));
  }

  /** Leaves out of the stages what lies beyond the end; returns the body, which may change too. */
  private Expr mask(List<Stage> stages, Expr body) {
    Expr result = body;
    for (int i = 0; i < stages.size(); i++) {
      Stage s = stages.get(i);
      List<Axis> ends = new ArrayList<>(s.axes());
      ends.retainAll(growing);
      if (!ends.isEmpty() && s.combiner() == Combiner.MAX && plain(s.body()) instanceof Read r) {
        Exprs.Rewrite lowest = e -> masked(e, r, s.axes());
        for (int j = i; j < stages.size(); j++) {
          stages.set(j, stages.get(j).with(Exprs.rewrite(stages.get(j).body(), lowest)));
        }
        result = Exprs.rewrite(result, lowest);
      }
      Expr value = stages.get(i).body();
      for (Axis a : ends) {
        if (!(s.combiner() == Combiner.SUM ? isZero(value, a) : isLowest(value, a))) {
          value = Expr.select(inside(a), value, neutral(s.combiner(), value.type()));
        }
      }
      stages.set(i, s.with(value));
    }
    return result;
  }

  /** A read of what a maximum is taken of: beyond the end it is minus infinity everywhere. */
  private Expr masked(Expr e, Read maximum, List<Axis> over) {
    if (!(e instanceof Read r) || r.arg() != maximum.arg() || !r.type().isFloat()) {
      return null;
    }
    Expr masked = r;
    for (int d = 0; d < r.index().size(); d++) {
      boolean end =
          maximum.index().get(d) instanceof Var m
              && over.contains(m.axis())
              && growing.contains(m.axis());
      if (end && r.index().get(d) instanceof Var v && growing.contains(v.axis())) {
        Expr lowest = neutral(Combiner.MAX, r.type());
        if (steps > 1) {
          masked = Expr.select(seen(v.axis(), r, d), masked, lowest);
        }
        masked = Expr.select(inside(v.axis()), masked, lowest);
      }
    }
    return masked;
  }

  private static Expr plain(Expr e) {
    return e instanceof Cast c ? plain(c.x()) : e;
  }

  private static Expr neutral(Combiner combiner, DType type) {
    if (combiner == Combiner.SUM || combiner == Combiner.PROD) {
      return Expr.constant(type, combiner == Combiner.SUM ? 0 : 1);
    }
    if (!type.isFloat()) {
      throw Growth.cannot("an extreme of integers over a length that grows");
    }
    double infinity = Double.POSITIVE_INFINITY;
    return Expr.constant(type, combiner == Combiner.MIN ? infinity : -infinity);
  }

  /** True when the value is 0 wherever the index along an axis lies beyond the end. */
  private boolean isZero(Expr e, Axis a) {
    return switch (e) {
      case IntConst c -> c.value() == 0;
      case Expr.FloatConst c -> c.value() == 0;
      case Read r -> {
        boolean found = false;
        for (int d = 0; d < r.index().size() && r.arg() < zero.size(); d++) {
          found |= zero.get(r.arg())[d] && r.index().get(d) instanceof Var v && v.axis() == a;
        }
        yield found;
      }
      case Cast c -> isZero(c.x(), a);
      case Unary u -> u.op() == UnaryOp.EXP && isLowest(u.x(), a);
      case Binary b ->
          switch (b.op()) {
            case MUL -> isZero(b.a(), a) || isZero(b.b(), a);
            case DIV -> isZero(b.a(), a);
            case ADD, SUB -> isZero(b.a(), a) && isZero(b.b(), a);
            default -> false;
          };
      case Expr.Select s ->
          isZero(s.whenFalse(), a) && (s.condition().equals(inside(a)) || isZero(s.whenTrue(), a));
      default -> false;
    };
  }

  /** The same for minus infinity. */
  private boolean isLowest(Expr e, Axis a) {
    return switch (e) {
      case Expr.FloatConst c -> c.value() == Double.NEGATIVE_INFINITY;
      case Cast c -> c.type().isFloat() && isLowest(c.x(), a);
      case Binary b ->
          (b.op() == BinaryOp.SUB || b.op() == BinaryOp.ADD) && isLowest(b.a(), a);
      case Expr.Select s ->
          isLowest(s.whenFalse(), a)
              && (s.condition().equals(inside(a)) || isLowest(s.whenTrue(), a));
      default -> false;
    };
  }
}
