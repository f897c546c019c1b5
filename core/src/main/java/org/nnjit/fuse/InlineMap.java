package org.nnjit.fuse;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Fusion.Calls;
import org.nnjit.fuse.Program.ComputeCall;

/** A map with one reader goes into it, unless the reader would then work it out too often. */
final class InlineMap implements Fusion.Rule {
  /** Operators that may be worked out again rather than stored and read back. */
  private static final int CHEAP = 8;

  @Override
  public boolean apply(Calls calls) {
    boolean changed = false;
    for (int i = 0; i < calls.size(); i++) {
      ComputeCall map = calls.map(i);
      if (map == null || calls.isConstant(map.result())) {
        continue;
      }
      List<Integer> readers = calls.readers(map.result());
      if (readers.size() != 1) {
        continue;
      }
      ComputeCall consumer = calls.compute(readers.get(0));
      if (consumer != null && pays(map, consumer)) {
        calls.set(readers.get(0), Inline.into(consumer, map.result(), map));
        changed = true;
      }
    }
    return changed;
  }

  private static boolean pays(ComputeCall map, ComputeCall consumer) {
    Compute p = map.compute();
    Compute c = consumer.compute();
    int arg = consumer.args().indexOf(map.result());
    long elements = Math.max(1, p.output().shape().elements());
    int cost = Exprs.cost(p.body());
    boolean guarded = hasGuardedRead(p.body());
    int sites = sites(c.body(), arg);
    if (c.stages().isEmpty()) {
      long times = Math.max(1, points(c.spatial(), c.spatial().size()) / elements);
      return (times * sites <= 1 || cost <= CHEAP / 2) && !isBigGather(p, times);
    }
    if (isProduct(c) || guarded || !isPure(p)) {
      return false;
    }
    if (sites > 0 && points(c.spatial(), c.spatial().size()) > elements) {
      return false;
    }
    for (Stage s : c.stages()) {
      long visits =
          points(c.spatial(), s.outer())
              * points(s.points(), s.points().size())
              * points(s.axes(), s.axes().size());
      int here = sites(s.body(), arg);
      if (here > 0 && visits > elements) {
        return false;
      }
      sites += here;
    }
    return sites <= 1 || cost <= CHEAP;
  }

  private static boolean isBigGather(Compute p, long times) {
    return times > 1 && !isPure(p);
  }

  private static boolean isPure(Compute p) {
    for (Expr r : Exprs.reads(p)) {
      if (!Exprs.address(p.inputs(), r).isPure()) {
        return false;
      }
    }
    return true;
  }

  /** A sum of products of two reads: an operand must stay a plain read. */
  static boolean isProduct(Compute c) {
    for (Stage s : c.stages()) {
      if (s.combiner() == Combiner.SUM
          && s.body() instanceof Expr.Binary b
          && b.op() == org.nnjit.compute.BinaryOp.MUL
          && !b.a().equals(b.b())
          && (s.outer() == c.spatial().size() || !s.points().isEmpty())) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasGuardedRead(Expr e) {
    if (e instanceof Expr.Select s) {
      return !Exprs.reads(s.whenTrue()).isEmpty() || !Exprs.reads(s.whenFalse()).isEmpty();
    }
    for (Expr o : Exprs.operands(e)) {
      if (hasGuardedRead(o)) {
        return true;
      }
    }
    return false;
  }

  private static int sites(Expr e, int arg) {
    int n = 0;
    for (Expr r : Exprs.reads(e)) {
      n += Exprs.argOf(r) == arg ? 1 : 0;
    }
    return n;
  }

  private static long points(List<Axis> axes, int count) {
    long n = 1;
    for (int i = 0; i < count; i++) {
      n *= axes.get(i).extent();
    }
    return n;
  }
}
