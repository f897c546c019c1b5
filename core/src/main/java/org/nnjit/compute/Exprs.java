package org.nnjit.compute;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Expr.Var;
import org.nnjit.tensor.TensorType;

/** Walks over expressions. */
public final class Exprs {
  private Exprs() {}

  /** A rewrite of leaves; returning null keeps the node and goes on into its operands. */
  public interface Rewrite {
    Expr apply(Expr e);
  }

  /** Rebuilds a tree top-down, with what {@code rewrite} returns in place of nodes. */
  public static Expr rewrite(Expr e, Rewrite rewrite) {
    Expr r = rewrite.apply(e);
    if (r != null) {
      return r;
    }
    return switch (e) {
      case IntConst c -> c;
      case FloatConst c -> c;
      case Var v -> v;
      case StageValue s ->
          s.index().isEmpty()
              ? s
              : new StageValue(s.stage(), s.type(), rewrite(s.index(), rewrite));
      case Read x -> new Read(x.arg(), x.type(), rewrite(x.index(), rewrite));
      case ReadFlat x -> new ReadFlat(x.arg(), x.type(), rewrite(x.index(), rewrite));
      case Unary u -> new Unary(u.op(), rewrite(u.x(), rewrite));
      case Binary b -> Expr.binary(b.op(), rewrite(b.a(), rewrite), rewrite(b.b(), rewrite));
      case Select s ->
          Expr.select(
              rewrite(s.condition(), rewrite),
              rewrite(s.whenTrue(), rewrite),
              rewrite(s.whenFalse(), rewrite));
      case Cast c -> Expr.cast(c.type(), rewrite(c.x(), rewrite));
    };
  }

  public static List<Expr> rewrite(List<Expr> list, Rewrite rewrite) {
    List<Expr> out = new ArrayList<>(list.size());
    for (Expr e : list) {
      out.add(rewrite(e, rewrite));
    }
    return out;
  }

  /** Puts expressions in place of axes. */
  public static Expr substitute(Expr e, Map<Axis, Expr> axes) {
    return rewrite(e, x -> x instanceof Var v ? axes.get(v.axis()) : null);
  }

  public static List<Expr> substitute(List<Expr> list, Map<Axis, Expr> axes) {
    return rewrite(list, x -> x instanceof Var v ? axes.get(v.axis()) : null);
  }

  /** Operands of a node, index expressions included. */
  public static List<Expr> operands(Expr e) {
    return switch (e) {
      case Read r -> r.index();
      case ReadFlat r -> List.of(r.index());
      case Unary u -> List.of(u.x());
      case Binary b -> List.of(b.a(), b.b());
      case Select s -> List.of(s.condition(), s.whenTrue(), s.whenFalse());
      case Cast c -> List.of(c.x());
      case IntConst c -> List.of();
      case FloatConst c -> List.of();
      case Var v -> List.of();
      case StageValue s -> s.index();
    };
  }

  /** True when the tree holds this axis. */
  public static boolean uses(Expr e, Axis axis) {
    if (e instanceof Var v) {
      return v.axis() == axis;
    }
    for (Expr o : operands(e)) {
      if (uses(o, axis)) {
        return true;
      }
    }
    return false;
  }

  private static void collectReads(Expr e, List<Expr> into) {
    for (Expr o : operands(e)) {
      collectReads(o, into);
    }
    if (isRead(e)) {
      into.add(e);
    }
  }

  /** True for a Read or ReadFlat. */
  public static boolean isRead(Expr e) {
    return e instanceof Read || e instanceof ReadFlat;
  }

  /** Argument a Read or ReadFlat reads. */
  public static int argOf(Expr read) {
    return read instanceof Read r ? r.arg() : ((ReadFlat) read).arg();
  }

  /** Position in its buffer of the element that a Read or ReadFlat reads, in elements. */
  public static Affine address(List<TensorType> inputs, Expr read) {
    TensorType t = inputs.get(argOf(read));
    List<Expr> index;
    if (read instanceof Read r) {
      index = r.index();
    } else {
      Expr flat = ((ReadFlat) read).index();
      if (t.isRowMajor()) {
        return Affine.of(flat);
      }
      index = Affine.delinearise(flat, t.shape().dims());
    }
    return Affine.sum(t.layout().offset(), index, t.layout().strides());
  }

  /** Number of operators in a tree; elementary functions such as exp count 20. */
  public static int cost(Expr e) {
    int cost =
        switch (e) {
          case Unary u ->
              switch (u.op()) {
                case NEG, ABS, NOT, BIT_NOT, FLOOR, CEIL, TRUNC, ROUND -> 1;
                case SQRT, RSQRT -> 6;
                default -> 20;
              };
          case Binary b -> b.op() == BinaryOp.POW ? 40 : b.op() == BinaryOp.DIV ? 4 : 1;
          case Select s -> 1;
          case Cast c -> 1;
          default -> 0;
        };
    if (isRead(e) || e instanceof StageValue) {
      return cost;
    }
    for (Expr o : operands(e)) {
      cost += cost(o);
    }
    return cost;
  }

  /** Every Read and ReadFlat of a tree, inner ones of index expressions too. */
  public static List<Expr> reads(Expr e) {
    List<Expr> reads = new ArrayList<>();
    collectReads(e, reads);
    return reads;
  }

  /** Every Read and ReadFlat of a compute. */
  public static List<Expr> reads(Compute c) {
    List<Expr> reads = new ArrayList<>();
    for (Stage s : c.stages()) {
      collectReads(s.body(), reads);
    }
    collectReads(c.body(), reads);
    return reads;
  }

  /** Row-major position of a logical index. */
  public static Expr linear(List<Expr> index, int[] dims) {
    Expr flat = Expr.i32(0);
    for (int i = 0; i < dims.length; i++) {
      flat = Expr.add(Expr.mul(flat, Expr.i32(dims[i])), index.get(i));
    }
    return Affine.of(flat).toExpr();
  }

  /** Whether a node of an expression, the whole included, is as wanted. */
  public static boolean any(Expr e, Predicate<Expr> wanted) {
    if (wanted.test(e)) {
      return true;
    }
    for (Expr o : operands(e)) {
      if (any(o, wanted)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a stage's value is in it, which may be a vector of lanes itself. */
  public static boolean hasStage(Expr e) {
    return any(e, o -> o instanceof StageValue);
  }
}
