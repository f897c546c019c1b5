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
 * The first k of a long last axis of floats, found block by block. A row of n is taken for a matrix
 * of m columns, each of which is a block; a block stands where its first best element does. What is
 * sought lies in the k blocks whose best elements go first, so those are cut into {@link #PARTS} of
 * which again the best k are taken, until blocks are elements. Between infinities and NaN there is
 * no order but their places'.
 *
 * <p>Where m does not divide n, the last row of the matrix is the last m elements, of which the
 * first {@code gap} have been there before. A place is its row times m and its column.
 */
final class TopKBlocks {
  private static final int PARTS = 4;

  /** So many blocks, or the parts of k of them if those are more, are compared each with each. */
  private static final int BLOCKS = 256;

  /** Pairs compared, at most: the host takes as long. */
  private static final long MOST = 1 << 23;

  /** A place that stands for none. */
  private static final Expr NOWHERE = Expr.i32(Integer.MAX_VALUE);

  private final OpContext c;
  private final Shape shape;
  private final int axis;
  private final int n;
  private final int k;
  private final boolean largest;
  private int rows = 1;
  private final int m;
  private final int wholeRows;
  private final int gap;
  private final List<Lowering.Call> calls = new ArrayList<>();
  private int temps = 2;

  private TopKBlocks(OpContext c, int k, boolean largest) {
    this.c = c;
    this.shape = c.shape(0);
    this.axis = shape.rank() - 1;
    this.n = shape.dim(axis);
    this.k = k;
    this.largest = largest;
    while ((n + rows - 1) / rows > Math.max(BLOCKS, PARTS * k)) {
      rows *= PARTS;
    }
    m = (n + rows - 1) / rows;
    wholeRows = n / m;
    gap = n % m == 0 ? 0 : m - n % m;
  }

  /** The lowering, or null where it does not pay. */
  static Lowering lower(OpContext c, int k, boolean largest) {
    TopKBlocks t = new TopKBlocks(c, k, largest);
    long pairs = (long) t.m * t.m;
    for (int size = t.rows; size > 1; size /= PARTS) {
      pairs += (long) PARTS * k * PARTS * k;
    }
    return !c.dtype(0).isFloat() || t.shape.elements() / t.n * pairs > MOST ? null : t.lower();
  }

  private Lowering lower() {
    Lowering.Operand places = blocks();
    for (int size = rows; size > 1; size /= PARTS) {
      places = parts(first(places, size == rows ? m : PARTS * k, null), size);
    }
    Lowering.Operand where = Build.result(c, 1);
    first(places, rows == 1 ? m : PARTS * k, where);
    if (Build.wants(c, 0)) {
      TensorType out = TensorType.of(c.dtype(0), shape.with(axis, k));
      List<Axis> axes = Compute.axes(out);
      Expr at = Expr.cast(DType.I32, Expr.read(1, DType.I64, Compute.vars(axes)));
      Expr body = Expr.read(0, c.dtype(0), Build.along(axes, axis, inside(at)));
      call(
          Compute.of(
              "topk", List.of(c.input(0), TensorType.of(DType.I64, out.shape())), out, axes,
              List.of(), body),
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

  private Expr inside(Expr index) {
    return Expr.max(Expr.i32(0), Expr.min(index, Expr.i32(n - 1)));
  }

  /** What is compared: an element, negative where the smallest are sought. */
  private Expr key(List<Axis> axes, Expr index) {
    Expr x = Build.wide(Expr.read(0, c.dtype(0), Build.along(axes, axis, index)));
    Expr nan = Expr.unary(UnaryOp.IS_NAN, x);
    Expr key = largest ? x : Expr.unary(UnaryOp.NEG, x);
    return Expr.select(nan, infinity(largest ? 1 : -1), key);
  }

  private Expr infinity(int sign) {
    return Build.number(Build.working(c.dtype(0)), sign * Double.POSITIVE_INFINITY);
  }

  /** Index of the element at a place. */
  private Expr index(Expr place) {
    Expr last = Expr.lt(Expr.i32(wholeRows * m - 1), place);
    return gap == 0 ? place : Expr.sub(place, Expr.select(last, Expr.i32(gap), Expr.i32(0)));
  }

  /** Places of the columns' best elements: i32 [.., m]. */
  private Lowering.Operand blocks() {
    List<Axis> axes = Compute.axes(ints(m));
    Expr b = Expr.var(axes.get(axis));
    Axis r = new Axis("r", wholeRows);
    Axis q = new Axis("q", wholeRows);
    Expr place = Expr.add(Expr.mul(Expr.var(q), Expr.i32(m)), b);
    Expr other = Expr.add(Expr.mul(Expr.var(r), Expr.i32(m)), b);
    Stage best = new Stage(axes.size(), Combiner.MAX, List.of(r), key(axes, other));
    Expr most = new Expr.StageValue(0, best.body().type());
    Expr lastRow = null;
    if (gap > 0) {
      Expr there = key(axes, Expr.add(b, Expr.i32(n - m)));
      lastRow = Expr.select(Expr.lt(b, Expr.i32(gap)), infinity(-1), there);
      most = Expr.max(most, lastRow);
    }
    Expr found = Expr.select(Build.eq(key(axes, place), most), place, NOWHERE);
    Stage at = new Stage(axes.size(), Combiner.MIN, List.of(q), found);
    Expr body = new Expr.StageValue(1, DType.I32);
    if (gap > 0) {
      Expr below = Expr.add(b, Expr.i32(wholeRows * m));
      body = Expr.min(body, Expr.select(Build.eq(lastRow, most), below, NOWHERE));
    }
    return call(
        Compute.of(
            "topk_blocks", List.of(c.input(0)), ints(m), axes, List.of(best, at), body),
        new Lowering.Temp(temps++), new Lowering.Input(0));
  }

  /**
   * Of so many places the k that go first, in order: i32 [.., k]; or, where there is a result, the
   * indices of their elements.
   */
  private Lowering.Operand first(Lowering.Operand places, int count, Lowering.Operand result) {
    List<Axis> axes = Compute.axes(ints(count));
    Expr place = Expr.read(1, DType.I32, Compute.vars(axes));
    Expr key =
        Expr.select(
            Expr.lt(place, NOWHERE), key(axes, inside(index(place))), infinity(-1));
    TensorType keyed = TensorType.of(key.type(), ints(count).shape());
    Lowering.Operand keys =
        call(
            Compute.of(
                "topk_keys", List.of(c.input(0), ints(count)), keyed, axes, List.of(), key),
            new Lowering.Temp(temps++), new Lowering.Input(0), places);
    Lowering.Operand ranks =
        call(rank(keyed), new Lowering.Temp(temps++), keys, places);
    TensorType out = result == null ? ints(k) : TensorType.of(DType.I64, ints(k).shape());
    List<Axis> chosen = Compute.axes(out);
    Axis i = new Axis("i", count);
    List<Expr> at = Build.along(chosen, axis, Expr.var(i));
    Expr hit = Build.eq(Expr.read(0, DType.I32, at), Expr.var(chosen.get(axis)));
    Expr mine = Expr.select(hit, Expr.read(1, DType.I32, at), Expr.i32(0));
    Stage found = new Stage(chosen.size(), Combiner.MAX, List.of(i), mine);
    Expr body = new Expr.StageValue(0, DType.I32);
    body = result == null ? body : Expr.cast(DType.I64, index(body));
    Compute where =
        Compute.of(
            "topk_where", List.of(ints(count), ints(count)), out, chosen, List.of(found), body);
    return call(where, result == null ? new Lowering.Temp(temps++) : result, ranks, places);
  }

  /** How many go before each, by key (input 0) and then by place (input 1). */
  private Compute rank(TensorType keyed) {
    TensorType ranks = ints(keyed.shape().dim(axis));
    List<Axis> axes = Compute.axes(ranks);
    Axis j = new Axis("j", axes.get(axis).extent());
    List<Expr> there = Build.along(axes, axis, Expr.var(j));
    Expr own = Expr.read(0, keyed.dtype(), Compute.vars(axes));
    Expr other = Expr.read(0, keyed.dtype(), there);
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
        "topk_rank", List.of(keyed, ranks), ranks, axes, List.of(count),
        new Expr.StageValue(0, DType.I32));
  }

  /** Places of the best elements of the parts of k blocks of so many rows: i32 [.., 4 k]. */
  private Lowering.Operand parts(Lowering.Operand blocks, int size) {
    TensorType out = ints(PARTS * k);
    List<Axis> axes = Compute.axes(out);
    Expr q = Expr.var(axes.get(axis));
    Expr block = Expr.binary(BinaryOp.DIV, q, Expr.i32(PARTS));
    Expr place = Expr.read(1, DType.I32, Build.along(axes, axis, block));
    Expr part = Expr.binary(BinaryOp.REM, q, Expr.i32(PARTS));
    Expr row = Expr.binary(BinaryOp.DIV, place, Expr.i32(m * size));
    int step = size / PARTS;
    Expr top = Expr.add(Expr.mul(row, Expr.i32(size)), Expr.mul(part, Expr.i32(step)));
    Expr column = Expr.binary(BinaryOp.REM, place, Expr.i32(m));
    Axis r = new Axis("r", step);
    Axis s = new Axis("s", step);
    Stage best =
        new Stage(axes.size(), Combiner.MAX, List.of(r), keyAt(axes, at(top, column, r)));
    Expr here = at(top, column, s);
    Expr same = Build.eq(keyAt(axes, here), new Expr.StageValue(0, best.body().type()));
    Expr mine = Expr.select(Expr.and(same, exists(here)), here, NOWHERE);
    Stage found = new Stage(axes.size(), Combiner.MIN, List.of(s), mine);
    return call(
        Compute.of(
            "topk_parts", List.of(c.input(0), ints(k)), out, axes, List.of(best, found),
            new Expr.StageValue(1, DType.I32)),
        new Lowering.Temp(temps++), new Lowering.Input(0), blocks);
  }

  private Expr at(Expr top, Expr column, Axis row) {
    return Expr.add(Expr.mul(Expr.add(top, Expr.var(row)), Expr.i32(m)), column);
  }

  private Expr keyAt(List<Axis> axes, Expr place) {
    return Expr.select(exists(place), key(axes, inside(index(place))), infinity(-1));
  }

  /** True for the places of a row that is whole, and of the last row those that are new. */
  private Expr exists(Expr place) {
    int whole = wholeRows * m;
    Expr first = Expr.lt(place, Expr.i32(whole));
    Expr second =
        Expr.and(
            Expr.lt(Expr.i32(whole + gap - 1), place), Expr.lt(place, Expr.i32(whole + m)));
    return gap == 0 ? first : Expr.binary(BinaryOp.OR, first, second);
  }
}
