package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A product, the softmax of its rows and a product with those rows become one call that keeps no
 * scores: attention. It needs the other fusions done: scale, bias and mask, however the exporter
 * wrote them, are then part of the first product or of the softmax, and views are strides.
 *
 * <p>The stages made, for each row: products (a point for each key), scores, maximum, exponentials,
 * sum, then the factor that the sum gives the result, or the weight of each key where the softmax
 * is not a plain one, and the products with the values.
 */
final class FuseAttention implements Fusion.Rule {
  private final Predicate<Compute> pays;

  FuseAttention(Predicate<Compute> pays) {
    this.pays = pays;
  }

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall values = calls.compute(i);
      ComputeCall fused = values == null ? null : fused(calls, values);
      if (fused != null && pays.test(fused.compute())) {
        calls.set(i, fused);
        changed = true;
      }
    }
    return changed;
  }

  private static ComputeCall fused(Calls calls, ComputeCall values) {
    Binary product = product(values.compute());
    if (product == null) {
      return null;
    }
    for (Expr weight : List.of(product.a(), product.b())) {
      Expr other = weight == product.a() ? product.b() : product.a();
      ComputeCall softmax = weight instanceof Read r ? maker(calls, values, r) : null;
      if (softmax == null || !isSoftmax(softmax.compute())) {
        continue;
      }
      for (Expr read : Exprs.reads(softmax.compute().stages().get(0).body())) {
        ComputeCall scores = read instanceof Read r ? maker(calls, softmax, r) : null;
        if (scores != null && product(scores.compute()) != null) {
          return new Merge(scores, (Read) read, softmax, (Read) weight, values, other).call();
        }
      }
    }
    return null;
  }

  /** The call whose result is read here and nowhere else, or null. */
  private static ComputeCall maker(Calls calls, ComputeCall reader, Read read) {
    String value = reader.args().get(read.arg());
    int w = calls.writer(value);
    boolean alone =
        w >= 0
            && calls.readers(value).size() == 1
            && !calls.isOutput(value)
            && !calls.isConstant(value);
    return alone ? calls.compute(w) : null;
  }

  /** The reads that a sum of products of f32 for each point multiplies, or null. */
  private static Binary product(Compute c) {
    return c.stages().size() == 1
            && c.stages().get(0).points().isEmpty()
            && c.stages().get(0).outer() == c.spatial().size()
            && c.stages().get(0).combiner() == Combiner.SUM
            && c.stages().get(0).axes().size() == 1
            && c.stages().get(0).body() instanceof Binary b
            && b.op() == BinaryOp.MUL
            && b.type() == DType.F32
            && Exprs.isRead(b.a())
            && Exprs.isRead(b.b())
            && c.output().dtype() == DType.F32
        ? b
        : null;
  }

  /** Maximum and sum of exponentials along the innermost axis. */
  private static boolean isSoftmax(Compute c) {
    int n = c.spatial().size();
    if (c.stages().size() != 2 || n < 2 || c.output().dtype() != DType.F32) {
      return false;
    }
    Stage max = c.stages().get(0);
    Stage sum = c.stages().get(1);
    if (max.outer() != n - 1
        || sum.outer() != n - 1
        || max.combiner() != Combiner.MAX
        || sum.combiner() != Combiner.SUM
        || max.axes().size() != 1
        || sum.axes().size() != 1
        || max.body().type() != DType.F32) {
      return false;
    }
    return sum.body().equals(exponential(max, sum.axes().get(0)));
  }

  /** exp(x - max) at a point of the row. */
  private static Expr exponential(Stage max, Axis at) {
    Expr x = Exprs.substitute(max.body(), Map.of(max.axes().get(0), Expr.var(at)));
    return Expr.unary(UnaryOp.EXP, Expr.sub(x, new StageValue(0, DType.F32)));
  }

  /** Three calls becoming one. */
  private static final class Merge {
    private final ComputeCall scores;
    private final Read scoresRead;
    private final ComputeCall softmax;
    private final Read weightRead;
    private final ComputeCall values;
    private final Expr other;
    private final List<String> args = new ArrayList<>();
    private final List<TensorType> types = new ArrayList<>();

    Merge(
        ComputeCall scores,
        Read scoresRead,
        ComputeCall softmax,
        Read weightRead,
        ComputeCall values,
        Expr other) {
      this.scores = scores;
      this.scoresRead = scoresRead;
      this.softmax = softmax;
      this.weightRead = weightRead;
      this.values = values;
      this.other = other;
    }

    /** The merged call, or null when the three do not fit together. */
    ComputeCall call() {
      Compute soft = softmax.compute();
      Compute v = values.compute();
      Axis last = soft.spatial().get(soft.spatial().size() - 1);
      Axis key = v.stages().get(0).axes().get(0);
      Map<Axis, Expr> rowOf = inverse(soft, weightRead.index());
      List<Axis> spatial = rowOf == null ? null : spatial(rowOf.remove(last), key);
      if (spatial == null || last.extent() != key.extent()) {
        return null;
      }
      int outer = spatial.size() - 1;
      List<Stage> stages = new ArrayList<>();
      if (!scoreStages(stages, outer, rowOf, key.extent())) {
        return null;
      }
      Axis e = new Axis("e", key.extent());
      Axis s = new Axis("s", key.extent());
      Axis m = new Axis("m", key.extent());
      Expr max = new StageValue(2, DType.F32);
      Expr difference = Expr.sub(row(1, e), max);
      stages.add(new Stage(outer, Combiner.MAX, List.of(m), row(1, m)));
      stages.add(map(outer, e, Expr.unary(UnaryOp.EXP, difference)));
      stages.add(new Stage(outer, Combiner.SUM, List.of(s), row(3, s)));
      Expr result = weights(stages, outer, last, key);
      if (result == null) {
        return null;
      }
      Expr body =
          Exprs.rewrite(
              bring(values, v.body(), Map.of()), x -> x instanceof StageValue ? result : null);
      String name = v.name().startsWith("matmul") ? v.name().substring(6) : "";
      Compute merged =
          new Compute(
              "attention" + name, types, v.output(), spatial, stages, body, v.store());
      return new ComputeCall(
          scores.label() + " + " + values.label(), merged, args, values.result());
    }

    /** The axes of the rows, then the one that only V has; null when there is not one. */
    private List<Axis> spatial(Expr keyIndex, Axis key) {
      if (!(keyIndex instanceof Var k) || k.axis() != key) {
        return null;
      }
      List<Axis> spatial = new ArrayList<>();
      Axis column = null;
      for (Axis axis : values.compute().spatial()) {
        boolean used = axis.extent() == 1;
        for (Expr i : weightRead.index()) {
          used |= Exprs.uses(i, axis);
        }
        if (used) {
          spatial.add(axis);
        } else if (column == null) {
          column = axis;
        } else {
          return null;
        }
      }
      if (column == null) {
        return null;
      }
      spatial.add(column);
      return spatial;
    }

    /** Products and scores, with the softmax's axes at {@code rowOf}. */
    private boolean scoreStages(
        List<Stage> stages, int outer, Map<Axis, Expr> rowOf, int keys) {
      Axis r = softmax.compute().stages().get(0).axes().get(0);
      Expr x = softmax.compute().stages().get(0).body();
      Map<Axis, Expr> producer = inverse(scores.compute(), scoresRead.index());
      if (producer == null || !readsOnce(x)) {
        return false;
      }
      Axis t = new Axis("t", keys);
      Axis q = new Axis("q", keys);
      Stage dot = scores.compute().stages().get(0);
      Expr product = bring(scores, dot.body(), chain(producer, rowOf, r, t));
      stages.add(new Stage(outer, List.of(t), Combiner.SUM, dot.axes(), product));
      Map<Axis, Expr> toQ = new HashMap<>(rowOf);
      toQ.put(r, Expr.var(q));
      Expr own = bring(scores, scores.compute().body(), chain(producer, rowOf, r, q));
      Expr score =
          Exprs.rewrite(own, y -> y instanceof StageValue ? row(0, q) : null);
      stages.add(map(outer, q, bring(softmax, x, toQ, score)));
      return true;
    }

    /** Every read of the scores is the one known. */
    private boolean readsOnce(Expr x) {
      for (Expr read : Exprs.reads(x)) {
        if (Exprs.argOf(read) == scoresRead.arg() && !read.equals(scoresRead)) {
          return false;
        }
      }
      return true;
    }

    /** The producer's axes in terms of the result's, the softmax's row axis being {@code to}. */
    private static Map<Axis, Expr> chain(
        Map<Axis, Expr> producer, Map<Axis, Expr> rowOf, Axis r, Axis to) {
      Map<Axis, Expr> all = new HashMap<>(rowOf);
      all.put(r, Expr.var(to));
      Map<Axis, Expr> out = new HashMap<>();
      producer.forEach((axis, at) -> out.put(axis, Exprs.substitute(at, all)));
      return out;
    }

    /** Adds the last stages; returns what the result is, to put where the product's value was. */
    private Expr weights(List<Stage> stages, int outer, Axis last, Axis key) {
      Compute soft = softmax.compute();
      Expr exponential = exponential(soft.stages().get(0), last);
      Axis u = new Axis("u", key.extent());
      Set<Integer> others = new HashSet<>();
      Expr replaced =
          Exprs.rewrite(
              soft.body(),
              x -> {
                if (x.equals(exponential)) {
                  return row(3, u);
                }
                if (x instanceof StageValue s && s.index().isEmpty()) {
                  others.add(s.stage());
                  return new StageValue(s.stage() == 0 ? 2 : 4, DType.F32);
                }
                return null;
              });
      for (Expr read : Exprs.reads(replaced)) {
        if (!(read instanceof Read r) || !r.index().isEmpty()) {
          return null;
        }
      }
      if (others.contains(0) || Exprs.uses(replaced, last)) {
        return null;
      }
      Expr weight = bring(softmax, replaced, Map.of());
      Expr v = bring(values, other, Map.of());
      Expr factor = weight instanceof Binary b && b.op() == BinaryOp.MUL ? b.b() : null;
      boolean linear =
          factor != null && ((Binary) weight).a().equals(row(3, u)) && !Exprs.uses(factor, u);
      stages.add(
          linear
              ? new Stage(outer, Combiner.SUM, List.of(), factor)
              : map(outer, u, weight));
      Expr product = Expr.mul(row(linear ? 3 : 5, key), v);
      stages.add(new Stage(outer + 1, Combiner.SUM, List.of(key), product));
      Expr result = new StageValue(6, DType.F32);
      return linear ? Expr.mul(result, new StageValue(5, DType.F32)) : result;
    }

    private static Stage map(int outer, Axis point, Expr body) {
      return new Stage(outer, List.of(point), Combiner.SUM, List.of(), body);
    }

    private static Expr row(int stage, Axis at) {
      return new StageValue(stage, DType.F32, List.of(Expr.var(at)));
    }

    private Expr bring(ComputeCall from, Expr e, Map<Axis, Expr> axes) {
      return bring(from, e, axes, null);
    }

    /**
     * An expression of one of the calls over the merged one's axes and arguments.
     *
     * @param score what reads of the scores become, or null where there are none
     */
    private Expr bring(ComputeCall from, Expr e, Map<Axis, Expr> axes, Expr score) {
      return Exprs.rewrite(
          e,
          x ->
              switch (x) {
                case Var v -> axes.get(v.axis());
                case Read r when score != null && r.arg() == scoresRead.arg() -> score;
                case Read r -> {
                  List<Expr> index = new ArrayList<>();
                  for (Expr i : r.index()) {
                    index.add(bring(from, i, axes, score));
                  }
                  yield new Read(argument(from, r.arg()), r.type(), index);
                }
                case ReadFlat r ->
                    new ReadFlat(
                        argument(from, r.arg()), r.type(), bring(from, r.index(), axes, score));
                default -> null;
              });
    }

    private int argument(ComputeCall from, int arg) {
      TensorType type = from.compute().inputs().get(arg);
      return Inline.argument(from.args().get(arg), type, args, types);
    }

    /** Where each axis of a compute stands when its result is read at this index, or null. */
    private static Map<Axis, Expr> inverse(Compute c, List<Expr> index) {
      Map<Axis, Expr> at = new HashMap<>();
      for (int d = 0; d < index.size(); d++) {
        Expr stored = c.store().get(d);
        if (stored instanceof Var v && !at.containsKey(v.axis())) {
          at.put(v.axis(), index.get(d));
        } else if (!(stored instanceof Expr.IntConst)) {
          return null;
        }
      }
      for (Axis axis : c.spatial()) {
        if (!at.containsKey(axis)) {
          if (axis.extent() > 1) {
            return null;
          }
          at.put(axis, Expr.i32(0));
        }
      }
      return at;
    }
  }
}
