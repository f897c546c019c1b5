package org.nnjit.graph.interp;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Longs;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Evaluates a compute point by point. Floats are doubles, rounded when stored and before they are
 * rounded to whole numbers; integers are 64-bit, wrapped to their type after every operator.
 * Layouts are ignored: tensors are dense.
 */
public final class ComputeInterpreter {
  private final Compute c;
  private final List<Tensor> args;
  private final List<Axis> axes = new ArrayList<>();
  private final int[] at;
  private final double[][] stageDoubles;
  private final long[][] stageLongs;

  private ComputeInterpreter(Compute c, List<Tensor> args) {
    this.c = c;
    this.args = args;
    axes.addAll(c.spatial());
    this.stageDoubles = new double[c.stages().size()][];
    this.stageLongs = new long[c.stages().size()][];
    for (int i = 0; i < c.stages().size(); i++) {
      Stage s = c.stages().get(i);
      axes.addAll(s.points());
      axes.addAll(s.axes());
      stageDoubles[i] = new double[(int) points(s.points())];
      stageLongs[i] = new long[stageDoubles[i].length];
    }
    this.at = new int[axes.size()];
  }

  /**
   * Calculates the compute.
   *
   * @param args one dense tensor for each input of the compute
   * @param out where the points are stored, dense, of the output's type
   */
  public static void evaluate(Compute c, List<Tensor> args, Tensor out) {
    new ComputeInterpreter(c, args).run(out);
  }

  private void run(Tensor out) {
    Evaluator[] bodies = new Evaluator[c.stages().size()];
    for (int i = 0; i < bodies.length; i++) {
      bodies[i] = compile(c.stages().get(i).body());
    }
    Evaluator body = compile(c.body());
    Evaluator[] store = new Evaluator[c.store().size()];
    for (int i = 0; i < store.length; i++) {
      store[i] = compile(c.store().get(i));
    }
    loop(0, bodies, body, store, out);
  }

  private void loop(int depth, Evaluator[] bodies, Evaluator body, Evaluator[] store, Tensor out) {
    for (int i = 0; i < bodies.length; i++) {
      if (c.stages().get(i).outer() == depth) {
        reduce(i, bodies[i]);
      }
    }
    if (depth < c.spatial().size()) {
      int extent = c.spatial().get(depth).extent();
      for (int i = 0; i < extent; i++) {
        at[depth] = i;
        loop(depth + 1, bodies, body, store, out);
      }
      return;
    }
    Shape shape = out.shape();
    int flat = 0;
    for (int d = 0; d < store.length; d++) {
      int i = (int) store[d].asLong();
      check(i, shape.dim(d), "store", d);
      flat = flat * shape.dim(d) + i;
    }
    if (out.dtype().isFloat()) {
      out.setDouble(flat, body.asDouble());
    } else {
      out.setLong(flat, body.asLong());
    }
  }

  private void reduce(int index, Evaluator body) {
    Stage s = c.stages().get(index);
    start(s.points());
    for (int p = 0; p < stageDoubles[index].length; p++) {
      if (s.axes().isEmpty()) {
        stageDoubles[index][p] = s.body().type().isFloat() ? body.asDouble() : 0;
        stageLongs[index][p] = s.body().type().isFloat() ? 0 : body.asLong();
      } else {
        join(s, index, p, body);
      }
      step(s.points());
    }
  }

  private void join(Stage s, int index, int point, Evaluator body) {
    DType type = s.body().type();
    boolean floats = type.isFloat();
    double d = floatIdentity(s.combiner());
    long l = longIdentity(s.combiner(), type);
    long points = points(s.axes());
    start(s.axes());
    for (long p = 0; p < points; p++) {
      if (floats) {
        d = Scalars.binary(s.combiner().op(), d, body.asDouble());
      } else {
        l = Scalars.wrap(type, Scalars.binary(s.combiner().op(), l, body.asLong(), type));
      }
      step(s.axes());
    }
    stageDoubles[index][point] = d;
    stageLongs[index][point] = l;
  }

  private static long points(List<Axis> of) {
    long points = 1;
    for (Axis a : of) {
      points *= a.extent();
    }
    return points;
  }

  /** Sets axes, which are neighbours in {@code axes}, to their first point. */
  private void start(List<Axis> of) {
    for (Axis a : of) {
      at[axes.indexOf(a)] = 0;
    }
  }

  /** Takes axes to their next point, the last axis fastest. */
  private void step(List<Axis> of) {
    int first = of.isEmpty() ? 0 : axes.indexOf(of.get(0));
    for (int i = of.size() - 1; i >= 0; i--) {
      if (++at[first + i] < of.get(i).extent()) {
        return;
      }
      at[first + i] = 0;
    }
  }

  private static double floatIdentity(Combiner c) {
    return switch (c) {
      case SUM -> 0;
      case PROD -> 1;
      case MAX -> Double.NEGATIVE_INFINITY;
      case MIN -> Double.POSITIVE_INFINITY;
    };
  }

  private static long longIdentity(Combiner c, DType t) {
    int bits = t.bytes() * 8;
    return switch (c) {
      case SUM -> 0;
      case PROD -> 1;
      case MAX -> t.isUnsigned() ? 0 : -1L << (bits - 1);
      case MIN ->
          t == DType.BOOL
              ? 1
              : t.isUnsigned() ? (bits == 64 ? -1L : (1L << bits) - 1) : ~(-1L << (bits - 1));
    };
  }

  private void check(int index, int extent, String what, int dim) {
    if (index < 0 || index >= extent) {
      throw new IllegalStateException(
          c.name() + ": " + what + " index " + index + " of dimension " + dim
              + " lies outside " + extent);
    }
  }

  /** A node of the expression, ready to run. */
  private abstract static class Evaluator {
    double asDouble() {
      return asLong();
    }

    long asLong() {
      return Longs.of(asDouble());
    }
  }

  private Evaluator compile(Expr e) {
    return switch (e) {
      case Expr.IntConst k ->
          new Evaluator() {
            @Override
            long asLong() {
              return k.value();
            }
          };
      case Expr.FloatConst k ->
          new Evaluator() {
            @Override
            double asDouble() {
              return k.value();
            }
          };
      case Expr.Var v -> {
        int slot = axes.indexOf(v.axis());
        if (slot < 0) {
          throw new IllegalStateException(c.name() + ": axis " + v.axis() + " is not declared");
        }
        yield new Evaluator() {
          @Override
          long asLong() {
            return at[slot];
          }
        };
      }
      case Expr.StageValue s -> stage(s);
      case Expr.Read r -> {
        Evaluator[] index = new Evaluator[r.index().size()];
        for (int i = 0; i < index.length; i++) {
          index[i] = compile(r.index().get(i));
        }
        yield read(r.arg(), index);
      }
      case Expr.ReadFlat r -> flat(r.arg(), compile(r.index()));
      case Expr.Unary u -> unary(u, compile(u.x()));
      case Expr.Binary b -> binary(b, compile(b.a()), compile(b.b()));
      case Expr.Select s -> select(compile(s.condition()), compile(s.whenTrue()),
          compile(s.whenFalse()));
      case Expr.Cast k -> cast(k, compile(k.x()));
    };
  }

  private Evaluator stage(Expr.StageValue value) {
    int stage = value.stage();
    List<Axis> points = c.stages().get(stage).points();
    Evaluator[] index = new Evaluator[value.index().size()];
    for (int i = 0; i < index.length; i++) {
      index[i] = compile(value.index().get(i));
    }
    boolean floats = c.stages().get(stage).body().type().isFloat();
    return new Evaluator() {
      private int position() {
        int flat = 0;
        for (int d = 0; d < index.length; d++) {
          int i = (int) index[d].asLong();
          check(i, points.get(d).extent(), "stage " + stage, d);
          flat = flat * points.get(d).extent() + i;
        }
        return flat;
      }

      @Override
      double asDouble() {
        return floats ? stageDoubles[stage][position()] : stageLongs[stage][position()];
      }

      @Override
      long asLong() {
        return stageLongs[stage][position()];
      }
    };
  }

  private Evaluator read(int arg, Evaluator[] index) {
    Tensor t = args.get(arg);
    int[] dims = t.shape().dims();
    return new Evaluator() {
      private int position() {
        int flat = 0;
        for (int d = 0; d < index.length; d++) {
          int i = (int) index[d].asLong();
          check(i, dims[d], "argument " + arg, d);
          flat = flat * dims[d] + i;
        }
        return flat;
      }

      @Override
      double asDouble() {
        return t.getDouble(position());
      }

      @Override
      long asLong() {
        return t.getLong(position());
      }
    };
  }

  private Evaluator flat(int arg, Evaluator index) {
    Tensor t = args.get(arg);
    return new Evaluator() {
      private int position() {
        int i = (int) index.asLong();
        check(i, t.elements(), "flat argument " + arg, 0);
        return i;
      }

      @Override
      double asDouble() {
        return t.getDouble(position());
      }

      @Override
      long asLong() {
        return t.getLong(position());
      }
    };
  }

  /** True for functions that may tell a value from its rounding to the operand's type. */
  private static boolean jumps(UnaryOp op) {
    return op == UnaryOp.CEIL
        || op == UnaryOp.FLOOR
        || op == UnaryOp.ROUND
        || op == UnaryOp.TRUNC;
  }

  private static Evaluator unary(Expr.Unary u, Evaluator x) {
    DType type = u.x().type();
    return new Evaluator() {
      @Override
      double asDouble() {
        if (u.op() == UnaryOp.FROM_BITS) {
          return Float.intBitsToFloat((int) x.asLong());
        }
        if (!type.isFloat() || !u.type().isFloat()) {
          return asLong();
        }
        double v = x.asDouble();
        return Scalars.unary(u.op(), jumps(u.op()) ? Scalars.round(type, v) : v);
      }

      @Override
      long asLong() {
        if (u.op() == UnaryOp.BITS_OF) {
          return Float.floatToRawIntBits((float) x.asDouble());
        }
        if (type.isFloat()) {
          return Scalars.test(u.op(), x.asDouble()) ? 1 : 0;
        }
        return Scalars.wrap(type, Scalars.unary(u.op(), x.asLong()));
      }
    };
  }

  private static Evaluator binary(Expr.Binary b, Evaluator x, Evaluator y) {
    DType type = b.a().type();
    boolean compares = b.op().isComparison();
    return new Evaluator() {
      @Override
      double asDouble() {
        return type.isFloat() && !compares
            ? Scalars.binary(b.op(), x.asDouble(), y.asDouble())
            : asLong();
      }

      @Override
      long asLong() {
        if (compares) {
          boolean holds =
              type.isFloat()
                  ? Scalars.compare(b.op(), x.asDouble(), y.asDouble())
                  : Scalars.compare(b.op(), x.asLong(), y.asLong(), type);
          return holds ? 1 : 0;
        }
        return Scalars.wrap(type, Scalars.binary(b.op(), x.asLong(), y.asLong(), type));
      }
    };
  }

  private static Evaluator select(Evaluator condition, Evaluator whenTrue, Evaluator whenFalse) {
    return new Evaluator() {
      @Override
      double asDouble() {
        return condition.asLong() != 0 ? whenTrue.asDouble() : whenFalse.asDouble();
      }

      @Override
      long asLong() {
        return condition.asLong() != 0 ? whenTrue.asLong() : whenFalse.asLong();
      }
    };
  }

  private static Evaluator cast(Expr.Cast k, Evaluator x) {
    DType from = k.x().type();
    DType to = k.type();
    return new Evaluator() {
      @Override
      double asDouble() {
        if (!to.isFloat()) {
          return asLong();
        }
        double v = from.isFloat() ? x.asDouble() : Scalars.toDouble(from, x.asLong());
        return Scalars.round(to, v);
      }

      @Override
      long asLong() {
        if (to == DType.BOOL) {
          return (from.isFloat() ? x.asDouble() != 0 : x.asLong() != 0) ? 1 : 0;
        }
        return Scalars.wrap(to, from.isFloat() ? Longs.of(x.asDouble()) : x.asLong());
      }
    };
  }
}
