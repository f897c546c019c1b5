package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;

/**
 * A call that only moves another's result (transpose before a reshape, a part of a concat, a
 * reshape) goes into that other's store: the result is written where it is wanted. Products with codes
 * of weights only if they can store so.
 */
final class SinkStore implements Fusion.Rule {
  private final Predicate<Compute> codes;

  /** @param codes says whether a product reads a weight's codes; else they would become floats */
  SinkStore(Predicate<Compute> codes) {
    this.codes = codes;
  }

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall move = calls.compute(i);
      if (move == null || !move.compute().stages().isEmpty() || move.args().size() != 1) {
        continue;
      }
      String value = move.args().get(0);
      int w = calls.writer(value);
      ComputeCall producer = w < 0 ? null : calls.compute(w);
      if (producer == null
          || calls.isOutput(value)
          || calls.readers(value).size() != 1
          || InlineView.isView(producer.compute())
          || calls.isConstant(value)) {
        continue;
      }
      Compute merged = null;
      if (move.compute().body() instanceof Read r && wantsSink(calls, move)) {
        merged = throughRead(producer.compute(), move.compute(), r);
      } else if (Inline.isReshape(move.compute())) {
        merged = throughReshape(producer.compute(), move.compute());
      }
      if (merged != null && (codes.test(merged) || !codes.test(producer.compute()))) {
        String label = producer.label();
        calls.set(i, new ComputeCall(label, merged, producer.args(), move.result()));
        calls.set(w, null);
        changed = true;
      }
    }
    return changed;
  }

  /** A part of a larger result must be stored anyway; a whole one only before a reshape. */
  private static boolean wantsSink(Calls calls, ComputeCall move) {
    if (calls.writer(move.result()) < 0 || calls.isOutput(move.result())) {
      return true;
    }
    if (!Inline.isPlainMap(move.compute())) {
      return true;
    }
    for (int reader : calls.readers(move.result())) {
      ComputeCall c = calls.compute(reader);
      if (c == null) {
        return true;
      }
      for (Expr r : Exprs.reads(c.compute())) {
        if (r instanceof ReadFlat f && c.args().get(f.arg()).equals(move.result())) {
          return true;
        }
      }
    }
    return false;
  }

  /** The move reads each element once, at distinct axes: its axes are the producer's indices. */
  private static Compute throughRead(Compute p, Compute move, Read read) {
    Map<Axis, Expr> at = new HashMap<>();
    for (int d = 0; d < read.index().size(); d++) {
      int extent = p.output().shape().dim(d);
      Expr e = read.index().get(d);
      if (extent == 1 && e.equals(Expr.i32(0))) {
        continue;
      }
      if (!(e instanceof Var v) || at.containsKey(v.axis()) || v.axis().extent() != extent) {
        return null;
      }
      at.put(v.axis(), p.store().get(d));
    }
    for (Axis axis : move.spatial()) {
      if (!at.containsKey(axis)) {
        if (axis.extent() != 1) {
          return null;
        }
        at.put(axis, Expr.i32(0));
      }
    }
    List<Expr> store = Exprs.substitute(move.store(), at);
    Compute merged =
        split(
            new Compute(
                p.name(), p.inputs(), move.output(), p.spatial(), p.stages(), p.body(), store));
    return isProduct(p) && !steps(merged) ? null : merged;
  }

  /** A sum of products, which families have tiles for where its store takes plain steps. */
  private static boolean isProduct(Compute c) {
    for (Stage s : c.stages()) {
      if (s.combiner() == Combiner.SUM
          && s.body() instanceof Binary b
          && b.op() == BinaryOp.MUL) {
        return true;
      }
    }
    return false;
  }

  /**
   * The same with two axes in place of one whose quotient and remainder no longer lie together: a
   * family that wants plain steps then finds them.
   */
  private static Compute split(Compute original) {
    if (steps(original)) {
      return original;
    }
    Compute c = withoutAxesOfOne(original);
    for (Expr e : c.store()) {
      if (!(e instanceof Binary b)
          || b.op() != BinaryOp.DIV
          || !(b.a() instanceof Var whole)
          || !(b.b() instanceof IntConst n)
          || whole.axis().extent() % n.value() != 0) {
        continue;
      }
      Axis axis = whole.axis();
      int place = c.spatial().indexOf(axis);
      Axis high = new Axis(axis.name() + "h", axis.extent() / (int) n.value());
      Axis low = new Axis(axis.name() + "l", (int) n.value());
      Expr rem = Expr.binary(BinaryOp.REM, whole, n);
      Expr both = Expr.add(Expr.mul(Expr.var(high), n), Expr.var(low));
      Exprs.Rewrite apart =
          x ->
              x.equals(e)
                  ? Expr.var(high)
                  : x.equals(rem) ? Expr.var(low) : x.equals(whole) ? both : null;
      List<Axis> spatial = new ArrayList<>(c.spatial());
      spatial.set(place, high);
      spatial.add(place + 1, low);
      List<Stage> stages = new ArrayList<>();
      for (Stage s : c.stages()) {
        int outer = s.outer() + (s.outer() > place ? 1 : 0);
        Expr body = Exprs.rewrite(s.body(), apart);
        stages.add(new Stage(outer, s.points(), s.combiner(), s.axes(), body));
      }
      List<Expr> store = Exprs.rewrite(c.store(), apart);
      Expr body = Exprs.rewrite(c.body(), apart);
      return split(
          new Compute(c.name(), c.inputs(), c.output(), spatial, stages, body, store));
    }
    return c;
  }

  /** Whether the place of a result moves by the same step along each axis. */
  private static boolean steps(Compute c) {
    return Affine.sum(0, c.store(), c.output().layout().strides()).isPure();
  }

  private static Compute withoutAxesOfOne(Compute c) {
    Exprs.Rewrite first =
        e -> e instanceof Var v && v.axis().extent() == 1 ? Expr.i32(0) : null;
    return new Compute(
        c.name(), c.inputs(), c.output(), c.spatial(), c.stages(), c.body(),
        Exprs.rewrite(c.store(), first));
  }

  private static Compute throughReshape(Compute p, Compute move) {
    Expr flat = Exprs.linear(p.store(), p.output().shape().dims());
    int[] dims = move.output().shape().dims();
    List<Expr> store = Affine.delinearise(flat, dims);
    int[] strides = move.output().shape().rowMajorStrides();
    if (!Affine.sum(0, store, strides).isPure()) {
      return null;
    }
    Compute merged =
        split(
            new Compute(
                p.name(), p.inputs(), move.output(), p.spatial(), p.stages(), p.body(), store));
    return steps(merged) ? merged : null;
  }
}
