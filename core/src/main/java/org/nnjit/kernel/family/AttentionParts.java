package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A compute of {@code fuse.FuseAttention} seen as attention, {@code softmax(f(Q K^T)) V} row by row, its seven stages in order:
 * products (a point for each key), scores, their maximum, exponentials, their sum, then either the
 * factor that the sum gives the result or the weight of each key, and the products with V. The
 * scores of some rows lie in scratch, {@code stride} elements a row, the keys first and the factor
 * after them.
 *
 * @param compute the collapsed compute
 * @param scores scratch {@code [row, key]} from Q and K; its first batch axis is {@code shift}
 * @param values the result from scratch and V; its first batch axis is {@code shift}
 * @param row axis of rows
 * @param shift stands for the element of scratch where row 0 would lie
 * @param keys number of keys
 * @param stride elements from row to row of scratch
 */
record AttentionParts(
    Compute compute,
    Contraction scores,
    Contraction values,
    Axis row,
    Axis shift,
    int keys,
    int stride) {
  static final int SCORE = 1;
  static final int MAX = 2;
  static final int EXP = 3;
  static final int SUM = 4;
  static final int LAST = 5;
  private static final int RESULT = 6;

  /** Scratch is addressed by element; how much there is only the schedule knows. */
  static final TensorType SCRATCH = TensorType.of(DType.F32, 1 << 20);

  /** The buffers of a kernel with its scratch after the inputs. */
  static Buffer[] with(Buffer scratch, int inputs, Buffer[] buffers) {
    List<Buffer> all = new ArrayList<>(List.of(buffers));
    all.add(inputs, scratch);
    return all.toArray(new Buffer[0]);
  }

  /** The same for their types. */
  static TensorType[] with(int inputs, TensorType[] types) {
    List<TensorType> all = new ArrayList<>(List.of(types));
    all.add(inputs, SCRATCH);
    return all.toArray(new TensorType[0]);
  }

  /** The attention that a compute is, or null. */
  static AttentionParts of(Compute original) {
    if (original.stages().isEmpty() || original.stages().get(0).points().isEmpty()) {
      return null;
    }
    LoopBuilder plain =
        new LoopBuilder(MapReduceFamily.buffers(original), MapReduceFamily.types(original));
    Compute c = Collapse.apply(original, plain);
    Binary dot = (Binary) c.stages().get(0).body();
    Binary product = (Binary) c.stages().get(RESULT).body();
    Stage result = c.stages().get(RESULT);
    boolean floats = Exprs.isRead(dot.a()) && Exprs.isRead(dot.b()) && Exprs.isRead(product.b());
    if (!floats || c.stages().get(0).axes().size() != 1 || result.axes().size() != 1) {
      return null;
    }
    Axis column = c.spatial().get(c.spatial().size() - 1);
    Axis key = c.stages().get(SCORE).points().get(0);
    int keys = key.extent();
    Affine a = plain.address(dot.a());
    Affine b = plain.address(dot.b());
    Affine v = plain.address(product.b());
    Affine out = plain.address(c.inputs().size(), c.store());
    Axis dotKey = c.stages().get(0).points().get(0);
    boolean swap = a.coefficient(dotKey) != 0;
    Affine q = swap ? b : a;
    Affine k = swap ? a : b;
    Axis row = row(c, q, k, v);
    if (row == null
        || !q.isPure() || !k.isPure() || !v.isPure() || !out.isPure()
        || q.coefficient(dotKey) != 0
        || q.coefficient(c.stages().get(0).axes().get(0)) < 0
        || k.coefficient(c.stages().get(0).axes().get(0)) < 0
        || v.coefficient(result.axes().get(0)) < 0) {
      return null;
    }
    List<Axis> batch = new ArrayList<>();
    Axis shift = new Axis("shift", 1 << 20);
    batch.add(shift);
    for (Axis axis : c.spatial()) {
      if (axis != row && axis != column) {
        batch.add(axis);
      }
    }
    int stride = (keys + 3) / 4 * 4 + 4;
    Expr rowStart = Expr.add(Expr.var(shift), Expr.mul(Expr.var(row), Expr.i32(stride)));
    Map<Axis, Expr> toKey = Map.of(dotKey, Expr.var(key));
    Contraction scores =
        scores(
            c, batch, row, key, rowStart, Exprs.substitute(swap ? dot.b() : dot.a(), toKey),
            Exprs.substitute(swap ? dot.a() : dot.b(), toKey));
    Contraction values = values(c, batch, row, column, rowStart, keys, product.b());
    return new AttentionParts(c, scores, values, row, shift, keys, stride);
  }

  /**
   * Where the keys end: beyond, scores are minus infinity; null when all count or rows end at keys
   * of their own.
   */
  static Expr end(Compute c) {
    Axis point = c.stages().get(SCORE).points().get(0);
    if (!(c.stages().get(SCORE).body() instanceof Select s)
        || !(s.whenFalse() instanceof FloatConst f && f.value() == Double.NEGATIVE_INFINITY)
        || !(s.condition() instanceof Binary less && less.op() == BinaryOp.LT)
        || !(less.a() instanceof Var v && v.axis() == point)
        || Exprs.uses(less.b(), point)) {
      return null;
    }
    for (Axis a : c.spatial()) {
      if (Exprs.uses(less.b(), a)) {
        return null;
      }
    }
    return less.b();
  }

  /** The longest axis that Q alone has. */
  private static Axis row(Compute c, Affine q, Affine k, Affine v) {
    Axis best = null;
    for (Axis axis : c.spatial()) {
      if (q.coefficient(axis) > 0
          && k.coefficient(axis) == 0
          && v.coefficient(axis) == 0
          && (best == null || axis.extent() > best.extent())) {
        best = axis;
      }
    }
    return best;
  }

  private static Contraction scores(
      Compute c, List<Axis> batch, Axis row, Axis key, Expr rowStart, Expr q, Expr k) {
    List<Axis> spatial = new ArrayList<>(batch);
    spatial.add(row);
    spatial.add(key);
    List<Axis> depth = c.stages().get(0).axes();
    Stage sum = new Stage(spatial.size(), Combiner.SUM, depth, Expr.mul(q, k));
    Expr body = plain(c.stages().get(SCORE).body(), 0, 0);
    Compute compute =
        new Compute(
            c.name(), c.inputs(), SCRATCH, spatial, List.of(sum), body,
            List.of(Expr.add(rowStart, Expr.var(key))));
    return new Contraction(compute, q, k, batch, row, key, depth);
  }

  private static Contraction values(
      Compute c, List<Axis> batch, Axis row, Axis column, Expr rowStart, int keys, Expr v) {
    List<Axis> spatial = new ArrayList<>(batch);
    spatial.add(row);
    spatial.add(column);
    List<TensorType> inputs = new ArrayList<>(c.inputs());
    inputs.add(SCRATCH);
    int w = c.inputs().size();
    Axis key = c.stages().get(RESULT).axes().get(0);
    Expr weight = Expr.read(w, DType.F32, Expr.add(rowStart, Expr.var(key)));
    Stage sum = new Stage(spatial.size(), Combiner.SUM, List.of(key), Expr.mul(weight, v));
    Expr factor = Expr.read(w, DType.F32, Expr.add(rowStart, Expr.i32((keys + 3) / 4 * 4)));
    Expr body =
        Exprs.rewrite(
            plain(c.body(), RESULT, 0),
            e -> e instanceof StageValue s && s.stage() == LAST ? factor : null);
    Compute compute =
        new Compute(c.name(), inputs, c.output(), spatial, List.of(sum), body, c.store());
    return new Contraction(compute, weight, v, batch, row, column, List.of(key));
  }

  /** The stage of that number as a stage without points. */
  private static Expr plain(Expr e, int stage, int to) {
    Map<Integer, Expr> by = new HashMap<>();
    by.put(stage, new StageValue(to, DType.F32));
    return Exprs.rewrite(e, x -> x instanceof StageValue s ? by.get(s.stage()) : null);
  }
}
