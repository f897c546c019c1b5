package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/**
 * Loops of one transform: tiles are the parallel parts, lanes the inner loop. The compute's spatial
 * axes are {@code n}, rows, columns and lanes; it sums, over rows and columns of a tile X, a factor
 * by the row's place in its tile times one by the column's times an element of X.
 */
final class TransformLowering {

  /** Rows or columns: which tile, and where in it. */
  private static final class Side {
    private final Axis axis;
    private final Axis tile;
    private final Axis place;

    Side(Axis axis, int period) {
      this.axis = axis;
      this.tile = new Axis("tile", (axis.extent() + period - 1) / period);
      this.place = new Axis("place", period);
    }

    /** An expression with the tile and the place instead of the axis. */
    Expr in(Expr e) {
      return Exprs.rewrite(
          e,
          x -> {
            if (x instanceof Binary b && isAxis(b.a())
                && (b.op() == BinaryOp.DIV || b.op() == BinaryOp.REM)
                && b.b().equals(Expr.i32(place.extent()))) {
              return Expr.var(b.op() == BinaryOp.DIV ? tile : place);
            }
            return isAxis(x)
                ? Expr.add(Expr.mul(Expr.var(tile), Expr.i32(place.extent())), Expr.var(place))
                : null;
          });
    }

    private boolean isAxis(Expr e) {
      return e instanceof Var v && v.axis() == axis;
    }

    /** Whether a place lies in the axis, or null when it does in every tile. */
    Value inside(int at, LoopBuilder b) {
      int last = tile.extent() - 1;
      return last * place.extent() + at < axis.extent()
          ? null
          : new Value.Binary(BinaryOp.LT, DType.I32, b.axisValue(tile), Value.i32(last));
    }
  }

  private final Compute c;
  private final Buffer[] buffers;
  private final LoopBuilder b;
  private final Axis lanes;
  private final Side rows;
  private final Side columns;
  private final double[][] table;
  private final boolean wide;
  private final List<Value.FloatConst> factors = new ArrayList<>();
  private final List<Local> kept = new ArrayList<>();

  TransformLowering(Compute c) {
    this.c = c;
    this.buffers = MapReduceFamily.buffers(c);
    this.b = new LoopBuilder(buffers, MapReduceFamily.types(c));
    this.lanes = c.spatial().get(3);
    Stage sum = c.stages().get(0);
    Expr factor = ((Binary) ((Binary) sum.body()).a()).a();
    // A factor begins with the choice of the table's first row.
    Expr row = ((Binary) ((Expr.Select) factor).condition()).a();
    int period = (int) ((Expr.IntConst) ((Binary) row).b()).value();
    this.rows = new Side(c.spatial().get(1), period);
    this.columns = new Side(c.spatial().get(2), period);
    this.table = new double[period][sum.axes().get(0).extent()];
    for (int r = 0; r < period; r++) {
      for (int k = 0; k < table[r].length; k++) {
        Map<Axis, Expr> at = Map.of(rows.place, Expr.i32(r), sum.axes().get(0), Expr.i32(k));
        table[r][k] = ((FloatConst) Exprs.substitute(rows.in(factor), at)).value();
      }
    }
    this.wide =
        lanes.extent() % 4 == 0
            && b.address(c.inputs().size(), c.store()).coefficient(lanes) == 1
            && Vectors.allows(in(c.body()), lanes, b);
  }

  private Expr in(Expr e) {
    return columns.in(rows.in(e));
  }

  LoopNest lower() {
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    b.open();
    Local block = Local.of("block", LType.I32);
    Value rest = Value.get(block);
    int blocks = 1;
    for (Axis axis : List.of(columns.tile, rows.tile, c.spatial().get(0))) {
      blocks *= axis.extent();
      Digits digits = Digits.of(rest, axis.extent(), "i", b::emit);
      b.bind(axis, digits.lowest());
      rest = digits.above();
    }
    Local var = b.beginFor(lanes);
    b.vectorise(wide ? lanes : null);
    tile();
    b.vectorise(null);
    b.endFor(var, Value.i32(0), Value.i32(lanes.extent()), wide ? 4 : 1);
    Stmt body = b.close();
    // Factors stay in locals outside all loops: an engine forms a vector constant at every use.
    for (int i = 0; i < kept.size(); i++) {
      b.emit(Stmt.let(kept.get(i), factors.get(i)));
    }
    b.emit(new Stmt.For(block, Value.get(begin), Value.get(end), 1, body));
    return new LoopNest(c.name(), List.of(buffers), blocks, begin, end, b.close());
  }

  /** Columns of the tile first, then rows of what they give. */
  private void tile() {
    Stage sum = c.stages().get(0);
    Expr read = in(((Binary) sum.body()).b());
    int size = table[0].length;
    Value[][] x = new Value[size][size];
    for (int v = 0; v < size; v++) {
      for (int u = 0; u < size; u++) {
        b.bind(sum.axes().get(0), Value.i32(u));
        b.bind(sum.axes().get(1), Value.i32(v));
        x[v][u] = b.keep("x", wide ? b.lowerVector(read) : b.lower(read));
      }
      x[v] = times(x[v]);
    }
    Expr body = in(c.body());
    List<Expr> store = new ArrayList<>();
    for (Expr e : c.store()) {
      store.add(in(e));
    }
    for (int r = 0; r < table.length; r++) {
      Value[] row = new Value[size];
      for (int v = 0; v < size; v++) {
        row[v] = x[v][r];
      }
      Value[] results = times(row);
      for (int k = 0; k < results.length; k++) {
        result(r, k, results[k], body, store);
      }
    }
  }

  /** Stores a result, if it lies in the output. */
  private void result(int row, int column, Value sum, Expr body, List<Expr> store) {
    Value inside = rows.inside(row, b);
    Value across = columns.inside(column, b);
    if (inside == null || across == null) {
      inside = inside == null ? across : inside;
    } else {
      inside = new Value.Binary(BinaryOp.AND, DType.I32, inside, across);
    }
    b.open();
    b.bind(rows.place, Value.i32(row));
    b.bind(columns.place, Value.i32(column));
    b.setStage(0, sum);
    Value v = wide ? b.lowerVector(body) : b.lower(body);
    LoopBuilder.Place at = b.storePlace(store);
    b.emit(new Stmt.Store(at.pointer(), at.offset(), v, wide ? 4 : 1));
    Stmt done = b.close();
    b.emit(inside == null ? done : new Stmt.If(inside, done, null));
  }

  // --- the matrix times a vector ---

  /** {@code table x}, with what neighbouring columns or rows share calculated once. */
  private Value[] times(Value[] x) {
    double[][] byColumn = transposed(table);
    Value[] in = x.clone();
    for (int k = 0; k + 1 < in.length; k++) {
      double[][] parts = parts(byColumn[k], byColumn[k + 1]);
      if (parts != null) {
        Value first = in[k];
        byColumn[k] = parts[0];
        in[k] = b.keep("t", binary(BinaryOp.ADD, first, in[k + 1]));
        byColumn[k + 1] = parts[1];
        in[k + 1] = b.keep("t", binary(BinaryOp.SUB, first, in[k + 1]));
        k++;
      }
    }
    double[][] byRow = transposed(byColumn);
    Value[] out = new Value[byRow.length];
    for (int r = 0; r < out.length; r++) {
      double[][] parts = r + 1 < out.length ? parts(byRow[r], byRow[r + 1]) : null;
      if (parts == null) {
        out[r] = sum(byRow[r], in);
        continue;
      }
      Value even = sum(parts[0], in);
      Value odd = sum(parts[1], in);
      out[r] = b.keep("t", binary(BinaryOp.ADD, even, odd));
      out[++r] = b.keep("t", binary(BinaryOp.SUB, even, odd));
    }
    return out;
  }

  private static double[][] transposed(double[][] a) {
    double[][] t = new double[a[0].length][a.length];
    for (int i = 0; i < t.length; i++) {
      for (int j = 0; j < a.length; j++) {
        t[i][j] = a[j][i];
      }
    }
    return t;
  }

  /** Half the sum and half the difference where every element is in one of them only, or null. */
  private static double[][] parts(double[] a, double[] b) {
    double[][] parts = new double[2][a.length];
    boolean[] any = new boolean[2];
    for (int i = 0; i < a.length; i++) {
      parts[0][i] = (a[i] + b[i]) / 2;
      parts[1][i] = (a[i] - b[i]) / 2;
      if (parts[0][i] != 0 && parts[1][i] != 0) {
        return null;
      }
      any[0] |= parts[0][i] != 0;
      any[1] |= parts[1][i] != 0;
    }
    return any[0] && any[1] ? parts : null;
  }

  private Value sum(double[] factors, Value[] x) {
    Value sum = null;
    // Ones first: what follows is a multiply-add each.
    for (int pass = 0; pass < 2; pass++) {
      for (int k = 0; k < factors.length; k++) {
        double f = factors[k];
        if (f == 0 || (f == 1) == (pass == 1)) {
          continue;
        }
        if (sum == null) {
          sum = f == 1 ? x[k] : binary(BinaryOp.MUL, x[k], factor(f));
        } else if (f == 1) {
          sum = binary(BinaryOp.ADD, sum, x[k]);
        } else if (f == -1) {
          sum = binary(BinaryOp.SUB, sum, x[k]);
        } else {
          sum = new Value.MulAdd(x[k], factor(f), sum);
        }
      }
    }
    return b.keep("t", sum);
  }

  private Value factor(double f) {
    Value.FloatConst value = new Value.FloatConst(wide ? LType.F32X4 : LType.F32, f);
    int i = factors.indexOf(value);
    if (i < 0) {
      i = factors.size();
      factors.add(value);
      kept.add(Local.of("f", value.type()));
    }
    return Value.get(kept.get(i));
  }

  private static Value binary(BinaryOp op, Value x, Value y) {
    return new Value.Binary(op, DType.F32, x, y);
  }
}
