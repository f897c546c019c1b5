package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A compute seen as {@code C[batch, m, n] = sum over k of A[batch, m, k] * B[batch, k, n]}: MatMul,
 * Gemm, batched products of attention, and convolution over a channel-last input, where m are
 * pixels, n output channels and k the window and input channels.
 *
 * @param compute the collapsed compute
 * @param a read of the operand that varies with m; its elements are splatted
 * @param b read of the operand that varies with n; its elements are loaded as vectors. Nothing else
 *     reads its argument, so that this may be a packed copy
 * @param batch spatial axes in both operands or in neither that are not m or n, outermost first
 * @param m axis of rows of a tile, or null when there is one row
 * @param n axis of columns
 * @param k reduced axes in the order they are walked: largest step of A first
 * @param half what B is where it is of 16 bits (then {@link HalfProduct} says how it is read), or null
 */
record Contraction(
    Compute compute,
    Expr a,
    Expr b,
    List<Axis> batch,
    Axis m,
    Axis n,
    List<Axis> k,
    Half half) {
  /**
   * A weight of 16-bit floats.
   *
   * @param type f16 or bf16
   * @param factor as of {@link HalfProduct}
   */
  record Half(DType type, Expr factor) {
    /** Arguments that the factor reads. */
    List<Integer> others() {
      List<Integer> all = new ArrayList<>();
      for (Expr r : factor == null ? List.<Expr>of() : Exprs.reads(factor)) {
        all.add(Exprs.argOf(r));
      }
      return all;
    }
  }

  Contraction(
      Compute compute, Expr a, Expr b, List<Axis> batch, Axis m, Axis n, List<Axis> k) {
    this(compute, a, b, batch, m, n, k, null);
  }

  /**
   * The contraction of two f32, or of f32 and a weight of 16-bit floats with one axis to sum over, that
   * a compute is; or null.
   */
  static Contraction withHalves(Compute original) {
    HalfProduct h = HalfProduct.of(original);
    if (h == null) {
      return of(original);
    }
    Contraction c = of(h.compute());
    boolean suits =
        c != null && c.argB() == h.argument() && c.k.size() == 1;
    return suits
        ? new Contraction(
            c.compute, c.a, c.b, c.batch, c.m, c.n, c.k, new Half(h.type(), h.factor()))
        : null;
  }

  /** The same with one more argument. */
  Contraction with(TensorType argument) {
    List<TensorType> inputs = new ArrayList<>(compute.inputs());
    inputs.add(argument);
    Compute more =
        new Compute(
            compute.name(), inputs, compute.output(), compute.spatial(), compute.stages(),
            compute.body(), compute.store());
    return new Contraction(more, a, b, batch, m, n, k, half);
  }

  /** The contraction that a compute is, or null. */
  static Contraction of(Compute original) {
    if (original.stages().size() != 1
        || original.stages().get(0).combiner() != Combiner.SUM
        || original.stages().get(0).outer() != original.spatial().size()
        || !(original.stages().get(0).body() instanceof Binary p)
        || p.op() != BinaryOp.MUL
        || !Exprs.isRead(p.a())
        || !Exprs.isRead(p.b())
        || p.type() != DType.F32
        || original.output().dtype() != DType.F32) {
      return null;
    }
    LoopBuilder addresses =
        new LoopBuilder(MapReduceFamily.buffers(original), MapReduceFamily.types(original));
    Compute c = Collapse.apply(original, addresses);
    Stage stage = c.stages().get(0);
    Binary product = (Binary) stage.body();
    Affine x = addresses.address(product.a());
    Affine y = addresses.address(product.b());
    Affine out = addresses.address(c.inputs().size(), c.store());
    if (!x.isPure() || !y.isPure() || !out.isPure() || c.spatial().isEmpty()) {
      return null;
    }
    // B is the operand whose own axis is dense in the output; a weight is the other choice.
    int direct = score(c, x, y, out);
    int swapped = score(c, y, x, out);
    if (direct < 0 && swapped < 0) {
      return null;
    }
    boolean swap = swapped > direct;
    Affine fa = swap ? y : x;
    Affine fb = swap ? x : y;
    Axis n = column(c, fa, fb, out);
    Axis m = null;
    List<Axis> batch = new ArrayList<>();
    for (Axis axis : c.spatial()) {
      if (axis != n && fb.coefficient(axis) == 0 && fa.coefficient(axis) > 0
          && (m == null || rowRank(axis, fa) > rowRank(m, fa))) {
        m = axis;
      }
    }
    if (m == null && (out.coefficient(n) != 1 || slides(c.stages().get(0), fb, n))) {
      // One row at a time (depthwise convolution): no tile to gain from.
      return null;
    }
    for (Axis axis : c.spatial()) {
      if (axis != n && axis != m) {
        batch.add(axis);
      }
    }
    List<Axis> k = new ArrayList<>(stage.axes());
    for (int i = 1; i < k.size(); i++) {
      for (int j = i; j > 0 && fa.coefficient(k.get(j - 1)) < fa.coefficient(k.get(j)); j--) {
        Axis t = k.get(j);
        k.set(j, k.get(j - 1));
        k.set(j - 1, t);
      }
    }
    for (Axis axis : k) {
      if (fa.coefficient(axis) < 0 || fb.coefficient(axis) < 0) {
        return null;
      }
    }
    Expr ea = swap ? product.b() : product.a();
    Expr eb = swap ? product.a() : product.b();
    int argB = Exprs.argOf(eb);
    for (Expr r : Exprs.reads(c)) {
      if (Exprs.argOf(r) == argB && r != eb) {
        return null;
      }
    }
    return new Contraction(c, ea, eb, batch, m, n, k);
  }

  /** Whether a small window moves along the columns: then rows of windows share what they load. */
  private static boolean slides(Stage window, Affine b, Axis n) {
    boolean moves = false;
    for (Axis axis : window.axes()) {
      moves |= axis.extent() > 1 && b.coefficient(axis) == b.coefficient(n);
    }
    return moves && Reductions.points(window.axes()) <= Reductions.UNROLL_POINTS;
  }

  /** A long axis makes good tiles; among long ones the innermost does. */
  private static int rowRank(Axis axis, Affine a) {
    return Math.min(axis.extent(), 12) * 16 + (a.coefficient(axis) < 1 << 20 ? 1 : 0);
  }

  private static Axis column(Compute c, Affine a, Affine b, Affine out) {
    Axis best = null;
    for (Axis axis : c.spatial()) {
      if (a.coefficient(axis) == 0 && b.coefficient(axis) > 0) {
        boolean dense = out.coefficient(axis) == 1;
        boolean bestDense = best != null && out.coefficient(best) == 1;
        if (best == null || (dense && !bestDense)
            || (dense == bestDense && axis.extent() > best.extent())) {
          best = axis;
        }
      }
    }
    return best;
  }

  /** How well B suits as the vector operand; negative when it cannot be. */
  private static int score(Compute c, Affine a, Affine b, Affine out) {
    Axis n = column(c, a, b, out);
    if (n == null) {
      return -1;
    }
    return (out.coefficient(n) == 1 ? 4 : 0) + (n.extent() >= 4 ? 2 : 0)
        + (b.coefficient(n) == 1 ? 1 : 0);
  }

  int argA() {
    return Exprs.argOf(a);
  }

  int argB() {
    return Exprs.argOf(b);
  }

  int rows() {
    return m == null ? 1 : m.extent();
  }

  int columns() {
    return n.extent();
  }

  int depth() {
    int d = 1;
    for (Axis axis : k) {
      d *= axis.extent();
    }
    return d;
  }

  /** Words of a column of packed halves. */
  int pairs() {
    return (depth() + 1) / 2;
  }

  /** How many steps of k, the last ones, move A by the same amount. */
  int run(Affine fa) {
    int steps = 1;
    for (int i = k.size() - 1; i >= 0; i--) {
      Axis axis = k.get(i);
      if (steps > 1 && fa.coefficient(axis) != steps * fa.coefficient(k.get(k.size() - 1))) {
        break;
      }
      steps *= axis.extent();
    }
    return steps;
  }

  /** Batch axes that B varies with, in order. */
  List<Axis> batchOfB(LoopBuilder addresses) {
    Affine fb = addresses.address(b);
    List<Axis> axes = new ArrayList<>();
    for (Axis axis : batch) {
      if (fb.coefficient(axis) != 0) {
        axes.add(axis);
      }
    }
    return axes;
  }
}
