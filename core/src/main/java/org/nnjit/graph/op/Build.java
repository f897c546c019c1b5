package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Expressions that several operators need. */
final class Build {
  private Build() {}

  /** Reads an argument at the axes of a broadcast result. */
  static Expr broadcast(int arg, TensorType type, List<Axis> axes) {
    int rank = type.shape().rank();
    List<Expr> index = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      Axis a = axes.get(axes.size() - rank + i);
      index.add(type.shape().dim(i) == 1 ? Expr.i32(0) : Expr.var(a));
    }
    return Expr.read(arg, type.dtype(), index);
  }

  /** Half-precision floats are calculated in f32. */
  static DType working(DType t) {
    return t == DType.F16 || t == DType.BF16 ? DType.F32 : t;
  }

  /** A read in the working precision. */
  static Expr wide(Expr e) {
    return Expr.cast(working(e.type()), e);
  }

  static Expr number(DType t, double v) {
    return Expr.constant(t, v);
  }

  static Expr le(Expr a, Expr b) {
    return Expr.binary(BinaryOp.LE, a, b);
  }

  static Expr eq(Expr a, Expr b) {
    return Expr.binary(BinaryOp.EQ, a, b);
  }

  /** A bool's negation. */
  static Expr not(Expr a) {
    return Expr.unary(UnaryOp.NOT, a);
  }

  /** A float that is not negative to a power; by products and roots where they will do. */
  static Expr power(Expr x, double exponent) {
    if (exponent == 1) {
      return x;
    }
    if (exponent == 2) {
      return Expr.mul(x, x);
    }
    if (exponent == 0.5 || exponent == 0.75) {
      Expr root = Expr.unary(UnaryOp.SQRT, x);
      return exponent == 0.5 ? root : Expr.mul(root, Expr.unary(UnaryOp.SQRT, root));
    }
    return Expr.binary(BinaryOp.POW, x, number(x.type(), exponent));
  }

  /** The axes as index, with another position along one of them. */
  static List<Expr> along(List<Axis> axes, int axis, Expr position) {
    List<Expr> index = new ArrayList<>(Compute.vars(axes));
    index.set(axis, position);
    return index;
  }

  /** An index tensor's element as i32, negative ones counted from the end, kept in bounds. */
  static Expr index(Expr raw, int extent) {
    Expr i = Expr.cast(DType.I32, raw);
    Expr zero = Expr.i32(0);
    Expr wrapped = Expr.select(Expr.lt(i, zero), Expr.add(i, Expr.i32(extent)), i);
    return Expr.max(zero, Expr.min(wrapped, Expr.i32(extent - 1)));
  }

  /**
   * A lowering with checks that the elements of the index tensor, input 1, lie in bounds; ones that
   * are known are checked now. Where there are several extents the elements are tuples.
   *
   * @throws ModelException when a known index lies out of bounds
   */
  static Lowering checked(OpContext c, Lowering lowering, int... extents) {
    List<Lowering.Call> calls = new ArrayList<>(lowering.calls());
    Tensor known = c.valueOrNull(1);
    for (int k = 0; k < extents.length; k++) {
      int extent = extents[k];
      String which = extents.length > 1 ? "index " + k + " of a tuple" : "an index";
      String complaint =
          which + " lies out of bounds, wanted " + -extent + " to " + (extent - 1) + ": ";
      if (known == null) {
        calls.add(
            new Lowering.Call(
                outOfBounds(c.input(1), k, extents.length, extent),
                List.of(new Lowering.Input(1)),
                new Lowering.Check(complaint)));
        continue;
      }
      for (int i = k; i < known.elements(); i += extents.length) {
        long index = known.getLong(i);
        if (index < -extent || index >= extent) {
          throw c.error(complaint + index);
        }
      }
    }
    return new Lowering(calls);
  }

  /** What {@link Lowering.Check} holds, for every {@code step}th index from the {@code first}. */
  private static Compute outOfBounds(TensorType indices, int first, int step, int extent) {
    DType t = DType.I64;
    Axis r = new Axis("r", (int) (indices.shape().elements() / step));
    Expr at = Expr.add(Expr.mul(Expr.var(r), Expr.i32(step)), Expr.i32(first));
    Expr raw = Expr.cast(t, new Expr.ReadFlat(0, indices.dtype(), at));
    // Twice the index must not wrap.
    Expr far = new Expr.IntConst(t, 1L << 60);
    Expr i = Expr.max(Expr.min(raw, far), Expr.sub(new Expr.IntConst(t, 0), far));
    Expr two = new Expr.IntConst(t, 2);
    Expr above = Expr.mul(two, Expr.add(i, new Expr.IntConst(t, 1)));
    Expr below = Expr.sub(new Expr.IntConst(t, 1), Expr.mul(two, i));
    Expr none = new Expr.IntConst(t, 0);
    Expr wrong =
        Expr.select(
            Expr.lt(i, new Expr.IntConst(t, -extent)),
            below,
            Expr.select(Expr.lt(i, new Expr.IntConst(t, extent)), none, above));
    Stage worst = new Stage(0, Combiner.MAX, List.of(r), wrong);
    return Compute.of(
        "bounds", List.of(indices), TensorType.of(t, Shape.SCALAR), List.of(), List.of(worst),
        Expr.max(new Expr.StageValue(0, t), none));
  }

  /** Elementwise compute over broadcast inputs, one expression of the reads. */
  static Lowering map(
      OpContext c, String name, TensorType out, List<Axis> axes, Expr body, int inputs) {
    List<TensorType> types = new ArrayList<>();
    for (int i = 0; i < inputs; i++) {
      types.add(c.input(i));
    }
    return Lowering.of(
        Compute.of(name, types, out, axes, List.of(), Expr.cast(out.dtype(), body)));
  }

  /** Shape of all inputs broadcast together. */
  static Shape broadcastShape(OpContext c, int inputs) {
    Shape s = c.shape(0);
    for (int i = 1; i < inputs; i++) {
      Shape next = Shape.broadcast(s, c.shape(i));
      if (next == null) {
        throw c.error(
            "inputs " + s + " and " + c.shape(i)
                + " do not broadcast: each pair of dimensions must be equal or hold a 1");
      }
      s = next;
    }
    return s;
  }

  /** Output i where the node names it, else a temporary of that number. */
  static Lowering.Operand result(OpContext c, int i) {
    return wants(c, i) ? new Lowering.Output(i) : new Lowering.Temp(i);
  }

  /** True when the node names output i. */
  static boolean wants(OpContext c, int i) {
    List<String> names = c.node().outputs();
    return i < names.size() && !names.get(i).isEmpty();
  }

  /** Axes from an attribute or an optional input, brought into range; null when absent. */
  static int[] axes(OpContext c, int input, int rank) {
    int[] axes = c.attributes().getInts("axes", (int[]) null);
    if (axes == null && c.has(input)) {
      axes = c.ints(input);
    }
    if (axes == null) {
      return null;
    }
    int[] out = new int[axes.length];
    for (int i = 0; i < axes.length; i++) {
      out[i] = c.axis(axes[i], rank);
    }
    return out;
  }

  /** An attribute of n integers, all {@code otherwise} when it is absent. */
  static int[] ints(OpContext c, String name, int n, int otherwise) {
    int[] given = c.attributes().getInts(name, (int[]) null);
    if (given == null) {
      given = new int[n];
      Arrays.fill(given, otherwise);
    }
    if (given.length != n) {
      throw c.error(name + " has " + given.length + " entries, wanted " + n + " for input "
          + c.shape(0));
    }
    return given;
  }

  static boolean contains(int[] list, int v) {
    for (int x : list) {
      if (x == v) {
        return true;
      }
    }
    return false;
  }
}
