package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.tensor.DType;

/**
 * The points along an axis where windows stay inside: there guards that compare its index with
 * constants hold, and the compute does without them.
 */
final class Interior {
  private final Axis axis;
  private int from;
  private int to;
  private Compute compute;

  private Interior(Axis axis) {
    this.axis = axis;
    this.to = axis.extent();
  }

  /** All points, with the guards that there are. */
  static Interior whole(Compute c, Axis axis) {
    Interior in = new Interior(axis);
    in.compute = c;
    return in;
  }

  /** The interior of a compute along one of its spatial axes. */
  static Interior of(Compute c, Axis axis) {
    Interior in = new Interior(axis);
    List<Stage> stages = new ArrayList<>();
    for (Stage s : c.stages()) {
      stages.add(s.outer() == c.spatial().size() ? s.with(in.without(s.body())) : s);
    }
    Expr body = in.without(c.body());
    in.compute =
        new Compute(c.name(), c.inputs(), c.output(), c.spatial(), stages, body, c.store());
    return in;
  }

  /** First point of the interior. */
  int from() {
    return from;
  }

  /** One past the last point; not after {@link #from} when there is no interior. */
  int to() {
    return to;
  }

  /** What is to be calculated there. */
  Compute compute() {
    return compute;
  }

  private Expr without(Expr e) {
    return Exprs.rewrite(
        e,
        x -> {
          if (!(x instanceof Select s) || !Exprs.uses(s.condition(), axis)) {
            return null;
          }
          Expr left = remaining(s.condition());
          Expr inside = without(s.whenTrue());
          return left == null ? inside : Expr.select(left, inside, without(s.whenFalse()));
        });
  }

  /** The condition without what always holds in the interior; null for nothing. */
  private Expr remaining(Expr condition) {
    if (!Exprs.uses(condition, axis)) {
      return condition;
    }
    if (!(condition instanceof Binary b)) {
      return condition;
    }
    if (b.op() == BinaryOp.AND) {
      Expr x = remaining(b.a());
      Expr y = remaining(b.b());
      return x == null ? y : y == null ? x : Expr.and(x, y);
    }
    boolean compares = b.op() == BinaryOp.LE || b.op() == BinaryOp.LT;
    return compares && b.a().type() == DType.I32 && narrow(b) ? null : condition;
  }

  /** Leaves out the points where {@code a <= b} or {@code a < b} may fail; false when unknown. */
  private boolean narrow(Binary b) {
    Affine room = Affine.of(Expr.sub(b.b(), b.a()));
    int step = room.coefficient(axis);
    if (!room.isPure() || step == 0) {
      return false;
    }
    long missing = (b.op() == BinaryOp.LT ? 1 : 0) - room.least();
    int points = (int) -Math.floorDiv(-missing, (long) Math.abs(step));
    if (step > 0) {
      from = Math.max(from, points);
    } else {
      to = Math.min(to, axis.extent() - points);
    }
    return true;
  }
}
