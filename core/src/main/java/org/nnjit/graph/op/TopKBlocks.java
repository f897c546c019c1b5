package org.nnjit.graph.op;

import java.util.ArrayList;
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
import org.nnjit.tensor.TensorType;

/**
 * The first k of a long last axis of floats, found block by block. What is compared, the keys, lies
 * in a matrix of m columns, filled up with what goes last; its columns are the blocks, and a block
 * stands where its first best key does. What is sought lies in the k blocks whose best keys go
 * first, so those are cut into {@link #PARTS} of which again the best k are taken, until blocks are
 * single keys. A NaN has the key of infinity.
 */
final class TopKBlocks {
  private static final int PARTS = 4;

  /** So many blocks, or the parts of k of them if those are more, are compared each with each. */
  private static final int BLOCKS = 256;

  /** Pairs compared, at most: the host takes as long. */
  private static final long MOST = 1 << 23;

  private final OpContext c;
  private final Shape shape;
  private final int axis;
  private final int n;
  private final int k;
  private final DType type;
  private int rows = 1;
  private final int m;
  private final Lowering.Operand keys = new Lowering.Temp(2);
  private final List<Lowering.Call> calls = new ArrayList<>();
  private int temps = 3;

  private TopKBlocks(OpContext c, int k) {
    this.c = c;
    this.shape = c.shape(0);
    this.axis = shape.rank() - 1;
    this.n = shape.dim(axis);
    this.k = k;
    this.type = Build.working(c.dtype(0));
    while ((n + rows - 1) / rows > Math.max(BLOCKS, PARTS * k)) {
      rows *= PARTS;
    }
    m = (n + rows - 1) / rows;
  }

  /** The lowering, or null where it does not pay. */
  static Lowering lower(OpContext c, int k, boolean largest) {
    TopKBlocks t = new TopKBlocks(c, k);
    long pairs = (long) t.m * t.m;
    for (int size = t.rows; size > 1; size /= PARTS) {
      pairs += (long) PARTS * k * PARTS * k;
    }
    return !t.type.isFloat() || t.shape.elements() / t.n * pairs > MOST
        ? null
        : t.lower(largest);
  }

  private Lowering lower(boolean largest) {
    Expr last = Build.number(type, Double.NEGATIVE_INFINITY);
    List<Axis> axes = Compute.axes(c.input(0));
    Expr x = Build.wide(Expr.read(0, c.dtype(0), Compute.vars(axes)));
    Expr infinite = largest ? Build.number(type, Double.POSITIVE_INFINITY) : last;
    Expr key =
        Expr.select(
            Expr.unary(UnaryOp.IS_NAN, x), infinite,
            largest ? x : Expr.unary(UnaryOp.NEG, x));
    fill(axes, 0, key, new Lowering.Input(0));
    if (m * rows > n) {
      fill(Compute.axes(TensorType.of(type, shape.with(axis, m * rows - n))), n, last);
    }
    Lowering.Operand places = best(m, rows, null);
    int count = m;
    for (int size = rows; size > 1 && k > 1; size /= PARTS) {
      places = best(PARTS * k, size / PARTS, first(places, count, null));
      count = PARTS * k;
    }
    Lowering.Operand where = Build.result(c, 1);
    first(places, count, where);
    if (Build.wants(c, 0)) {
      TensorType out = TensorType.of(c.dtype(0), shape.with(axis, k));
      List<Axis> at = Compute.axes(out);
      Expr index = Build.index(Expr.read(1, DType.I64, Compute.vars(at)), n);
      Expr body = Expr.read(0, c.dtype(0), Build.along(at, axis, index));
      TensorType indices = TensorType.of(DType.I64, out.shape());
      call(
          Compute.of("topk", List.of(c.input(0), indices), out, at, List.of(), body),
          new Lowering.Output(0), new Lowering.Input(0), where);
    }
    return new Lowering(calls);
  }

  private Lowering.Operand call(
      Compute compute, Lowering.Operand result, Lowering.Operand... args) {
    calls.add(new Lowering.Call(compute, List.of(args), result));
    return result;
  }

  private TensorType ints(int extent) {
    return TensorType.of(DType.I32, shape.with(axis, extent));
  }

  private TensorType keyed() {
    return TensorType.of(type, shape.with(axis, m * rows));
  }

  /** Writes the keys from one on. */
  private void fill(List<Axis> axes, int from, Expr key, Lowering.Operand... args) {
    Expr at = Expr.add(Expr.var(axes.get(axis)), Expr.i32(from));
    List<TensorType> inputs = args.length == 0 ? List.of() : List.of(c.input(0));
    call(
        new Compute(
            "topk_keys", inputs, keyed(), axes, List.of(), key, Build.along(axes, axis, at)),
        keys, args);
  }

  private Expr key(List<Axis> axes, Expr place) {
    return Expr.read(0, type, Build.along(axes, axis, place));
  }

  /**
   * Places of the best keys of so many blocks: i32 [.., count].
   *
   * @param size rows of each
   * @param cut places of blocks, of which these are parts; null for the columns
   */
  private Lowering.Operand best(int count, int size, Lowering.Operand cut) {
    List<Axis> axes = Compute.axes(ints(count));
    Expr start = Expr.var(axes.get(axis));
    if (cut != null) {
      Expr part = Expr.mul(rest(start, PARTS), Expr.i32(size * m));
      Expr place = Expr.read(1, DType.I32, Build.along(axes, axis, over(start, PARTS)));
      int whole = size * PARTS * m;
      Expr row = Expr.mul(over(place, whole), Expr.i32(whole));
      start = Expr.add(Expr.add(row, part), rest(place, m));
    }
    Axis r = new Axis("r", size);
    Axis q = new Axis("q", size);
    Expr first = Expr.add(start, Expr.mul(Expr.var(r), Expr.i32(m)));
    Expr again = Expr.add(start, Expr.mul(Expr.var(q), Expr.i32(m)));
    Stage most = new Stage(axes.size(), Combiner.MAX, List.of(r), key(axes, first));
    Expr hit = Build.eq(key(axes, again), new Expr.StageValue(0, type));
    Expr mine = Expr.select(hit, again, Expr.i32(m * rows - 1));
    Stage at = new Stage(axes.size(), Combiner.MIN, List.of(q), mine);
    List<TensorType> inputs = cut == null ? List.of(keyed()) : List.of(keyed(), ints(k));
    Compute best =
        Compute.of(
            "topk_blocks", inputs, ints(count), axes, List.of(most, at),
            new Expr.StageValue(1, DType.I32));
    Lowering.Operand result = new Lowering.Temp(temps++);
    return cut == null ? call(best, result, keys) : call(best, result, keys, cut);
  }

  private static Expr over(Expr a, int by) {
    return Expr.binary(BinaryOp.DIV, a, Expr.i32(by));
  }

  private static Expr rest(Expr a, int by) {
    return Expr.binary(BinaryOp.REM, a, Expr.i32(by));
  }

  /**
   * Of so many places the k that go first, in order: i32 [.., k], or i64 where there is a result.
   */
  private Lowering.Operand first(Lowering.Operand places, int count, Lowering.Operand result) {
    TensorType all = ints(count);
    List<Axis> axes = Compute.axes(all);
    Expr place = Expr.read(1, DType.I32, Compute.vars(axes));
    TensorType values = TensorType.of(type, all.shape());
    Compute gather =
        Compute.of(
            "topk_values", List.of(keyed(), all), values, axes, List.of(), key(axes, place));
    Lowering.Operand gathered = call(gather, new Lowering.Temp(temps++), keys, places);
    TensorType out =
        TensorType.of(result == null ? DType.I32 : DType.I64, shape.with(axis, k));
    List<Axis> chosen = Compute.axes(out);
    Axis i = new Axis("i", count);
    List<Expr> at = Build.along(chosen, axis, Expr.var(i));
    Lowering.Operand by = gathered;
    List<Stage> stages = new ArrayList<>();
    Expr hit;
    if (k == 1) {
      stages.add(new Stage(chosen.size(), Combiner.MAX, List.of(i), Expr.read(0, type, at)));
      Axis j = new Axis("j", count);
      at = Build.along(chosen, axis, Expr.var(j));
      i = j;
      hit = Build.eq(Expr.read(0, type, at), new Expr.StageValue(0, type));
    } else {
      by = call(rank(values), new Lowering.Temp(temps++), gathered, places);
      hit = Build.eq(Expr.read(0, DType.I32, at), Expr.var(chosen.get(axis)));
    }
    Expr mine = Expr.select(hit, Expr.read(1, DType.I32, at), Expr.i32(m * rows - 1));
    stages.add(new Stage(chosen.size(), Combiner.MIN, List.of(i), mine));
    Expr body = Expr.cast(out.dtype(), new Expr.StageValue(stages.size() - 1, DType.I32));
    Compute where =
        Compute.of(
            "topk_where", List.of(k == 1 ? values : all, all), out, chosen, stages, body);
    return call(where, result == null ? new Lowering.Temp(temps++) : result, by, places);
  }

  /** How many go before each, by key (input 0) and then by place (input 1). */
  private Compute rank(TensorType values) {
    TensorType ranks = ints(values.shape().dim(axis));
    List<Axis> axes = Compute.axes(ranks);
    Axis j = new Axis("j", axes.get(axis).extent());
    List<Expr> there = Build.along(axes, axis, Expr.var(j));
    Expr own = Expr.read(0, type, Compute.vars(axes));
    Expr other = Expr.read(0, type, there);
    Expr left =
        Expr.lt(
            Expr.read(1, DType.I32, there), Expr.read(1, DType.I32, Compute.vars(axes)));
    Expr before =
        Expr.binary(
            BinaryOp.OR, Expr.lt(own, other), Expr.and(Build.eq(own, other), left));
    Stage count =
        new Stage(
            axes.size(), Combiner.SUM, List.of(j),
            Expr.select(before, Expr.i32(1), Expr.i32(0)));
    return Compute.of(
        "topk_rank", List.of(values, ranks), ranks, axes, List.of(count),
        new Expr.StageValue(0, DType.I32));
  }
}
