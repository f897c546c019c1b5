package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Convolutions of 3x3 as products of transformed tiles (Winograd's F(m x m, 3x3), after Lavin and
 * Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): (m + 2)^2 multiplications make
 * m^2 results instead of 9 m^2. Each becomes a transform of the weight at load, a transform of the
 * image, (m + 2)^2 matrix products and a transform back, whose body is the convolution's own.
 */
final class Winograd {
  /** Where the tiles' polynomials are evaluated, besides infinity: m + 1 of them. */
  private static final int[] POINTS = {0, 1, -1, 2, -2};

  /** Fewer channels, and the transforms cost more than the products save. */
  private static final int FEWEST_CHANNELS = 16;

  /** Filters (in times out) that stay small when transformed: 2.25 MiB at most. */
  private static final int SMALL_FILTERS = 128 * 128;

  private static final int MOST_FILTERS = 512 * 512;

  /** Tiles of 4 from which small filters, any, and any made four times as large pay. */
  private static final int FEWEST_TILES = 4;

  private static final int SOME_TILES = 16;
  private static final int MANY_TILES = 32;

  /** Elements of all transformed tiles and products: 64 MiB. */
  private static final long MOST_ELEMENTS = 1 << 24;

  private final ComputeCall call;
  private final Compute c;
  private final int m;
  private final List<Call> calls;
  private final Map<String, TensorType> types;

  private Winograd(ComputeCall call, int m, List<Call> calls, Map<String, TensorType> types) {
    this.call = call;
    this.c = call.compute();
    this.m = m;
    this.calls = calls;
    this.types = types;
  }

  /** Tiles of m along an axis of so many results. */
  private static int tiles(Axis axis, int m) {
    return (axis.extent() + m - 1) / m;
  }

  /** How far past the last result's own window tiles of m along an axis of results read. */
  static int overhang(Axis axis, int m) {
    return tiles(axis, m) * m - axis.extent();
  }

  /**
   * Rows and columns of a tile of results by which a convolution is best made, 0 for none. Measured
   * from 5x5 to 224x224 and from 16 to 512 channels, tiles of 4 take a quarter to nine tenths of
   * the time of sums over windows. Tiles of 2 take longer, but not where tiles are few, and weights
   * grow to 1.8 times their size, not to 4. What time a larger weight saves goes with the tiles.
   */
  static int tile(Compute c, Read image, Read weight) {
    if (!isThreeByThree(c, image, weight)) {
      return 0;
    }
    int in = c.stages().get(0).axes().get(0).extent();
    int out = c.spatial().get(2).extent();
    long count = count(c, 4);
    long filters = (long) in * out;
    boolean small = filters <= SMALL_FILTERS;
    int m = small || count >= MANY_TILES && filters <= MOST_FILTERS ? 4 : 2;
    return in % 4 == 0
            && out % 4 == 0
            && Math.min(in, out) >= FEWEST_CHANNELS
            && count >= (small ? FEWEST_TILES : SOME_TILES)
            && count(c, m) * (m + 2) * (m + 2) * (in + out) <= MOST_ELEMENTS
        ? m
        : 0;
  }

  private static long count(Compute c, int m) {
    List<Axis> axes = c.spatial();
    return (long) axes.get(0).extent() * tiles(axes.get(3), m) * tiles(axes.get(4), m);
  }

  private static boolean isThreeByThree(Compute c, Read image, Read weight) {
    List<Axis> at = c.spatial();
    List<Axis> over = c.stages().get(0).axes();
    return at.size() == 5
        && over.size() == 3
        && at.get(1).extent() == 1
        && over.get(1).extent() == 3
        && over.get(2).extent() == 3
        && weight.index().size() == 4
        && weight.type() == DType.F32
        && image.type() == DType.F32
        && c.output().dtype() == DType.F32
        && is(weight, 0, c, at.get(2), null)
        && is(weight, 1, c, over.get(0), null)
        && is(weight, 2, c, over.get(1), null)
        && is(weight, 3, c, over.get(2), null)
        && is(image, 0, c, at.get(0), null)
        && is(image, 1, c, over.get(0), null)
        && is(image, 2, c, at.get(3), over.get(1))
        && is(image, 3, c, at.get(4), over.get(2));
  }

  /** Whether an index is an axis, or a place in a window: the sum of two axes and a constant. */
  private static boolean is(Read read, int dim, Compute c, Axis axis, Axis window) {
    Affine a = Affine.of(read.index().get(dim));
    int others = a.coefficient(c.spatial().get(1)) != 0 ? 1 : 0;
    return a.coefficient(axis) == 1
        && (window == null ? a.constant() == 0 : a.coefficient(window) == 1)
        && a.terms() == others + (window == null ? 1 : 2);
  }

  /**
   * The program with some convolutions made by tiles.
   *
   * @param tiled rows of the tiles by the value that the convolution writes
   */
  static Program apply(Program program, Map<String, Integer> tiled) {
    Map<String, TensorType> types = new LinkedHashMap<>(program.types());
    List<Call> calls = new ArrayList<>();
    for (Call call : program.calls()) {
      if (call instanceof ComputeCall c && tiled.containsKey(c.result())) {
        new Winograd(c, tiled.get(c.result()), calls, types).split();
      } else {
        calls.add(call);
      }
    }
    return new Program(program.inputs(), program.outputs(), types, program.constants(), calls);
  }

  private void split() {
    Binary p = (Binary) c.stages().get(0).body();
    Read image = (Read) p.a();
    Read weight = (Read) p.b();
    Axis n = c.spatial().get(0);
    Axis out = c.spatial().get(2);
    Axis y = c.spatial().get(3);
    Axis x = c.spatial().get(4);
    Axis in = c.stages().get(0).axes().get(0);
    int t = m + 2;
    Axis rows = new Axis("y", tiles(y, m) * t);
    Axis columns = new Axis("x", tiles(x, m) * t);
    Axis u = new Axis("u", t);
    Axis v = new Axis("v", t);
    int count = (int) count(c, m);

    // w: [out, in, 3, 3] to [t * t, in, out].
    TensorType filters = TensorType.of(DType.F32, t * t, in.extent(), out.extent());
    String w = call.args().get(weight.arg());
    String filtersName = w + "#tiles" + m;
    if (!types.containsKey(filtersName)) {
      List<Axis> place = List.of(in, new Axis("y", t), new Axis("x", t), out);
      List<Axis> over = List.of(new Axis("u", 3), new Axis("v", 3));
      List<Expr> from = List.of(var(out), var(in), var(over.get(0)), var(over.get(1)));
      List<Expr> to = List.of(place(place.get(1), place.get(2)), var(in), var(out));
      List<TensorType> type = List.of(c.inputs().get(weight.arg()));
      Expr read = Expr.read(0, DType.F32, from);
      add(
          transform("weight", type, filters, place, over, weight(m), read, sum(), to),
          List.of(w),
          filtersName);
    }

    // x: [batch, in, rows, columns] to [t * t, tiles, in].
    TensorType tiles = TensorType.of(DType.F32, t * t, count, in.extent());
    String tilesName = call.result() + "#tiles";
    List<Expr> from =
        List.of(var(n), var(in), from(image, 2, rows, u), from(image, 3, columns, v));
    List<Expr> to = List.of(place(rows, columns), number(rows, columns, t), var(in));
    List<TensorType> type = List.of(c.inputs().get(image.arg()));
    List<Axis> over = List.of(u, v);
    Expr read = Expr.read(0, DType.F32, from);
    List<Axis> at = List.of(n, rows, columns, in);
    add(
        transform("image", type, tiles, at, over, image(m), read, sum(), to),
        List.of(call.args().get(image.arg())),
        tilesName);

    TensorType products = TensorType.of(DType.F32, t * t, count, out.extent());
    String productsName = call.result() + "#products";
    List<Axis> axes = Compute.axes(products);
    List<Expr> i = Compute.vars(axes);
    Expr a = Expr.read(0, DType.F32, i.get(0), i.get(1), var(in));
    Expr b = Expr.read(1, DType.F32, i.get(0), var(in), i.get(2));
    Stage product = new Stage(3, Combiner.SUM, List.of(in), Expr.mul(a, b));
    add(
        Compute.of(
            "tiles_product", List.of(tiles, filters), products, axes, List.of(product), sum()),
        List.of(tilesName, filtersName),
        productsName);

    // The convolution itself, its sum taken from products, the last argument.
    List<String> args = new ArrayList<>(call.args());
    List<TensorType> inputs = new ArrayList<>(c.inputs());
    args.add(productsName);
    inputs.add(products);
    Expr place = Expr.add(Expr.mul(var(u), Expr.i32(t)), var(v));
    read = Expr.read(args.size() - 1, DType.F32, place, number(y, x, m), var(out));
    Map<Axis, Expr> group = Map.of(c.spatial().get(1), Expr.i32(0));
    Expr body = Exprs.substitute(c.body(), group);
    at = List.of(n, y, x, out);
    to = Exprs.substitute(c.store(), group);
    Compute result =
        transform(c.name(), inputs, c.output(), at, over, result(m), read, body, to);
    calls.add(Inline.dropUnused(new ComputeCall(call.label(), result, args, call.result())));
  }

  private void add(Compute compute, List<String> args, String result) {
    types.put(result, compute.output());
    calls.add(new ComputeCall(call.label(), compute, args, result));
  }

  /** Row or column of the image that a tile's own row or column {@code in} reads. */
  private Expr from(Read image, int dim, Axis axis, Axis in) {
    Expr first = Expr.i32(Affine.of(image.index().get(dim)).constant());
    Expr tile = Expr.mul(split(BinaryOp.DIV, axis, m + 2), Expr.i32(m));
    return Expr.add(Expr.add(tile, var(in)), first);
  }

  private static Expr var(Axis axis) {
    return Expr.var(axis);
  }

  /** The only stage's value. */
  private static Expr sum() {
    return new Expr.StageValue(0, DType.F32);
  }

  private static Expr split(BinaryOp op, Axis axis, int by) {
    return Expr.binary(op, var(axis), Expr.i32(by));
  }

  /** Place in its tile of the element at a row and column of transformed tiles. */
  private Expr place(Axis row, Axis column) {
    int t = m + 2;
    Expr before = Expr.mul(split(BinaryOp.REM, row, t), Expr.i32(t));
    return Expr.add(before, split(BinaryOp.REM, column, t));
  }

  /** The tile that holds a row and column of an image in tiles of {@code size}. */
  private Expr number(Axis y, Axis x, int size) {
    Expr n = Expr.mul(var(c.spatial().get(0)), Expr.i32(tiles(y, size)));
    Expr row = Expr.add(n, split(BinaryOp.DIV, y, size));
    Expr before = Expr.mul(row, Expr.i32(tiles(x, size)));
    return Expr.add(before, split(BinaryOp.DIV, x, size));
  }

  /**
   * {@code T X T^t} of tiles X, which {@code read} gives by the axes {@code over}. The place of the
   * second and third spatial axis in their tile chooses the row of T.
   */
  private static Compute transform(
      String name,
      List<TensorType> inputs,
      TensorType output,
      List<Axis> spatial,
      List<Axis> over,
      double[][] table,
      Expr read,
      Expr body,
      List<Expr> store) {
    Expr factor =
        Expr.mul(
            entry(table, spatial.get(1), over.get(0)), entry(table, spatial.get(2), over.get(1)));
    Stage sum = new Stage(4, Combiner.SUM, over, Expr.mul(factor, read));
    return new Compute("tiles_" + name, inputs, output, spatial, List.of(sum), body, store);
  }

  /** {@code table[axis % rows][column]} as choices, which fold away where both are known. */
  private static Expr entry(double[][] table, Axis axis, Axis column) {
    Expr row = split(BinaryOp.REM, axis, table.length);
    Expr value = Expr.constant(DType.F32, 0);
    for (int r = table.length - 1; r >= 0; r--) {
      Expr inRow = Expr.constant(DType.F32, 0);
      for (int k = table[r].length - 1; k >= 0; k--) {
        if (table[r][k] != 0) {
          inRow = choose(var(column), k, Expr.constant(DType.F32, table[r][k]), inRow);
        }
      }
      value = choose(row, r, inRow, value);
    }
    return value;
  }

  private static Expr choose(Expr e, int value, Expr then, Expr otherwise) {
    return Expr.select(Expr.binary(BinaryOp.EQ, e, Expr.i32(value)), then, otherwise);
  }

  // --- the matrices of F(m x m, 3x3), as Toom and Cook give them ---

  /** [m + 2, m + 2]: a row has the coefficients of the product of x - p for all points but one. */
  private static double[][] image(int m) {
    double[][] rows = new double[m + 2][];
    for (int k = 0; k < m + 2; k++) {
      rows[k] = new double[m + 2];
      rows[k][0] = 1;
      for (int l = 0; l <= m; l++) {
        for (int j = m + 1; l != k && j >= 0; j--) {
          rows[k][j] = (j > 0 ? rows[k][j - 1] : 0) - POINTS[l] * rows[k][j];
        }
      }
    }
    return rows;
  }

  /** [m + 2, 3]: powers of a point, over its distances from the others. */
  private static double[][] weight(int m) {
    double[][] rows = powers(m, 3);
    for (int k = 0; k <= m; k++) {
      double norm = 1;
      for (int l = 0; l <= m; l++) {
        norm *= l == k ? 1 : POINTS[k] - POINTS[l];
      }
      for (int j = 0; j < 3; j++) {
        rows[k][j] /= norm;
      }
    }
    return rows;
  }

  /** [m, m + 2]: powers of the points. */
  private static double[][] result(int m) {
    double[][] powers = powers(m, m);
    double[][] rows = new double[m][m + 2];
    for (int k = 0; k < m + 2; k++) {
      for (int j = 0; j < m; j++) {
        rows[j][k] = powers[k][j];
      }
    }
    return rows;
  }

  /** [m + 2, count]: powers 0, 1, ... of each point; of infinity only the highest. */
  private static double[][] powers(int m, int count) {
    double[][] rows = new double[m + 2][count];
    for (int k = 0; k <= m; k++) {
      rows[k][0] = 1;
      for (int j = 1; j < count; j++) {
        rows[k][j] = rows[k][j - 1] * POINTS[k];
      }
    }
    rows[m + 1][count - 1] = 1;
    return rows;
  }
}
