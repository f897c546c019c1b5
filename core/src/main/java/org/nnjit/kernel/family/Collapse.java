package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;

/**
 * Drops axes of extent 1 and merges neighbouring axes that every address steps through as one.
 * Invariant made: loops are as few and as long as the layouts allow.
 */
final class Collapse {
  private Collapse() {}

  /** The same compute over fewer axes; addresses must come out the same. */
  static Compute apply(Compute c, LoopBuilder addresses) {
    List<Affine> all = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    for (Stage s : c.stages()) {
      values.add(s.body());
    }
    values.add(c.body());
    for (Expr r : Exprs.reads(c)) {
      all.add(addresses.address(r));
    }
    all.add(addresses.address(c.inputs().size(), c.store()));

    Map<Axis, Expr> replaced = new HashMap<>();
    List<Axis> spatial = new ArrayList<>();
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i < c.spatial().size(); i++) {
      starts.add(spatial.size());
      Axis a = c.spatial().get(i);
      if (a.extent() == 1) {
        replaced.put(a, Expr.i32(0));
        continue;
      }
      boolean fence = false;
      for (Stage s : c.stages()) {
        fence |= s.outer() == i;
      }
      Axis before = fence || spatial.isEmpty() ? null : spatial.get(spatial.size() - 1);
      spatial.add(a);
      if (before != null && mergeable(before, a, all, values)) {
        merge(before, a, spatial, replaced);
        renew(all, before, a, spatial.get(spatial.size() - 1));
      }
    }
    starts.add(spatial.size());
    List<Stage> stages = new ArrayList<>();
    for (Stage s : c.stages()) {
      List<Axis> axes = new ArrayList<>();
      for (Axis a : s.axes()) {
        if (a.extent() == 1) {
          replaced.put(a, Expr.i32(0));
          continue;
        }
        Axis before = axes.isEmpty() ? null : axes.get(axes.size() - 1);
        axes.add(a);
        if (before != null && mergeable(before, a, all, values)) {
          merge(before, a, axes, replaced);
          renew(all, before, a, axes.get(axes.size() - 1));
        }
      }
      stages.add(new Stage(starts.get(s.outer()), s.points(), s.combiner(), axes, s.body()));
    }
    if (replaced.isEmpty()) {
      return c;
    }
    List<Stage> rewritten = new ArrayList<>();
    for (Stage s : stages) {
      rewritten.add(s.with(resolve(s.body(), replaced)));
    }
    List<Expr> store = new ArrayList<>();
    for (Expr e : c.store()) {
      store.add(resolve(e, replaced));
    }
    return new Compute(
        c.name(), c.inputs(), c.output(), spatial, rewritten, resolve(c.body(), replaced), store);
  }

  /** The same compute with its last two axes as one, whatever addresses make of the quotients. */
  static Compute joined(Compute c) {
    List<Axis> spatial = new ArrayList<>(c.spatial());
    Map<Axis, Expr> replaced = new HashMap<>();
    merge(spatial.get(spatial.size() - 2), spatial.get(spatial.size() - 1), spatial, replaced);
    List<Stage> stages = new ArrayList<>();
    for (Stage s : c.stages()) {
      stages.add(
          new Stage(s.outer() - 1, s.points(), s.combiner(), s.axes(), resolve(s.body(), replaced)));
    }
    List<Expr> store = new ArrayList<>();
    for (Expr e : c.store()) {
      store.add(resolve(e, replaced));
    }
    return new Compute(
        c.name(), c.inputs(), c.output(), spatial, stages, resolve(c.body(), replaced), store);
  }

  /**
   * A merged axis stands for (outer, inner) as (merged / extent, merged % extent): in reads the
   * address folds back to one coefficient because both had the same step.
   */
  private static void merge(Axis outer, Axis inner, List<Axis> axes, Map<Axis, Expr> replaced) {
    Axis merged = new Axis(outer.name() + inner.name(), outer.extent() * inner.extent());
    axes.remove(axes.size() - 1);
    axes.set(axes.size() - 1, merged);
    Expr by = Expr.i32(inner.extent());
    replaced.put(outer, Expr.binary(BinaryOp.DIV, Expr.var(merged), by));
    replaced.put(inner, Expr.binary(BinaryOp.REM, Expr.var(merged), by));
  }

  private static Expr resolve(Expr e, Map<Axis, Expr> replaced) {
    return Exprs.rewrite(
        e,
        x -> {
          if (x instanceof Var v && replaced.containsKey(v.axis())) {
            return resolve(replaced.get(v.axis()), replaced);
          }
          return null;
        });
  }

  private static boolean mergeable(Axis outer, Axis inner, List<Affine> all, List<Expr> values) {
    for (Affine a : all) {
      if (a.coefficient(outer) != a.coefficient(inner) * inner.extent()
          || hides(a, outer)
          || hides(a, inner)) {
        return false;
      }
    }
    for (Expr e : values) {
      if (usesAsValue(e, outer) || usesAsValue(e, inner)) {
        return false;
      }
    }
    return true;
  }

  /** True when a term is worked out from the axis; what it reads there is an address of its own. */
  private static boolean hides(Affine a, Axis axis) {
    for (int i = 0; i < a.terms(); i++) {
      if (!(a.term(i) instanceof Var) && usesAsValue(a.term(i), axis)) {
        return true;
      }
    }
    return false;
  }

  /** True when the axis occurs outside the index of a read. */
  private static boolean usesAsValue(Expr e, Axis axis) {
    if (e instanceof Var v) {
      return v.axis() == axis;
    }
    if (e instanceof Expr.Read || e instanceof Expr.ReadFlat) {
      return false;
    }
    for (Expr o : Exprs.operands(e)) {
      if (usesAsValue(o, axis)) {
        return true;
      }
    }
    return false;
  }

  private static void renew(List<Affine> all, Axis outer, Axis inner, Axis merged) {
    for (int i = 0; i < all.size(); i++) {
      all.set(i, all.get(i).merged(outer, inner, merged));
    }
  }
}
