package org.nnjit.fuse;

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
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A product of one row with a weight, estimated: the weight as codes of 8 bits with a scale for each
 * block of k, the row in each run as codes of 16 bits with scales of the same blocks. It reads a
 * quarter of the bytes. Codes are made of the weight's panels, which are in memory already.
 */
public final class DraftProduct {
  /** Smaller weights are near anyway. */
  private static final int LEAST_ELEMENTS = 1 << 14;

  private static final int[] BLOCKS = {64, 32, 16};

  /** The greatest code of weights, where these count from, and the greatest of rows. */
  private static final int MOST = 127;

  private static final int ZERO = 128;
  private static final int MOST_OF_ROW = 32767;

  private final ComputeCall call;
  private final Compute c;
  private final String panels;
  private final TensorType type;
  private final Expr row;
  private final Expr column;
  private final Axis k;
  private final int block;
  private final Map<String, TensorType> types;
  private final List<ComputeCall> calls = new ArrayList<>();

  private DraftProduct(
      ComputeCall call,
      String panels,
      TensorType type,
      Expr row,
      Expr column,
      int block,
      Map<String, TensorType> types) {
    this.call = call;
    this.c = call.compute();
    this.panels = panels;
    this.type = type;
    this.row = row;
    this.column = column;
    this.k = c.stages().get(0).axes().get(0);
    this.block = block;
    this.types = types;
  }

  /**
   * The calls that estimate a product, the last being the product itself; null where it is none of
   * a row with a weight.
   *
   * @param weight the argument that is the weight, a matrix
   * @param panels the weight packed, f32 {@code [ceil(n / width), k, width]}; or by heads, in a dimension
   *     before, that whole panels fill
   * @param types gets the types of new values
   */
  public static List<ComputeCall> of(
      ComputeCall call, int weight, String panels, Map<String, TensorType> types) {
    Compute c = call.compute();
    TensorType type = flat(types.get(panels));
    if (c.stages().size() != 1
        || c.stages().get(0).axes().size() != 1
        || !(c.stages().get(0).body() instanceof Binary product)
        || product.op() != BinaryOp.MUL
        || !Exprs.isRead(product.a())
        || !Exprs.isRead(product.b())
        || type.dtype() != DType.F32
        || type.shape().elements() < LEAST_ELEMENTS) {
      return null;
    }
    boolean swapped = Exprs.argOf(product.a()) == weight;
    Expr b = swapped ? product.a() : product.b();
    Expr a = swapped ? product.b() : product.a();
    Axis k = c.stages().get(0).axes().get(0);
    Expr column = b instanceof Read r && r.index().size() == 2 ? otherThan(k, r) : null;
    int block = 0;
    for (int size : BLOCKS) {
      block = block == 0 && k.extent() % size == 0 ? size : block;
    }
    boolean draws =
        column != null
            && block > 0
            && Exprs.argOf(b) == weight
            && type.shape().dim(1) == k.extent()
            && (types.get(panels).shape().rank() == 3
                || type.shape().elements() == c.inputs().get(weight).shape().elements())
            && isRow(c, a, k);
    if (!draws) {
      return null;
    }
    DraftProduct d = new DraftProduct(call, panels, type, a, column, block, types);
    d.make();
    return d.calls;
  }

  /** All panels in one dimension. */
  private static TensorType flat(TensorType panels) {
    int rank = panels.shape().rank();
    int width = panels.shape().dim(rank - 1);
    int rows = rank < 3 ? 1 : panels.shape().dim(rank - 2);
    return TensorType.of(
        panels.dtype(), (int) (panels.shape().elements() / rows / width), rows, width);
  }

  /** The index that is not k, where the other is k alone; else null. */
  private static Expr otherThan(Axis k, Read r) {
    int at = r.index().get(0).equals(Expr.var(k)) ? 0 : 1;
    Expr other = r.index().get(1 - at);
    return r.index().get(at).equals(Expr.var(k)) && !Exprs.uses(other, k) ? other : null;
  }

  /** Whether a read walks all of an argument along k. */
  private static boolean isRow(Compute c, Expr a, Axis k) {
    TensorType t = c.inputs().get(Exprs.argOf(a));
    Affine at = Exprs.address(c.inputs(), a);
    boolean row = t.isRowMajor() && t.shape().elements() == k.extent() && at.constant() == 0;
    for (int i = 0; row && i < at.terms(); i++) {
      row = at.term(i) instanceof Var v && (v.axis() == k || v.axis().extent() == 1);
    }
    return row && at.coefficient(k) == 1;
  }

  private void make() {
    int blocks = k.extent() / block;
    int panelCount = type.shape().dim(0);
    int width = type.shape().dim(2);
    String scales = add(panels, "scales" + block, TensorType.of(DType.F32, panelCount, blocks, width));
    String codes = add(panels, "codes" + block, TensorType.of(DType.U8, type.shape()));
    String x = call.args().get(Exprs.argOf(row));
    String rowScales = add(x, "scales" + block, TensorType.of(DType.F32, blocks));
    String rowCodes = add(x, "codes" + block, TensorType.of(DType.I16, k.extent()));
    calls.add(scales(panels, scales, true));
    calls.add(codes(panels, scales, codes, true));
    calls.add(scales(x, rowScales, false));
    calls.add(codes(x, rowScales, rowCodes, false));
    product(scales, codes, rowScales, rowCodes);
  }

  private String add(String of, String what, TensorType t) {
    String name = of + "#draft " + what;
    types.put(name, t);
    return name;
  }

  /** An element of the panels or the row: axes are those of what is made, k is given. */
  private Expr element(String value, List<Axis> axes, Expr at) {
    if (!value.equals(panels)) {
      return new ReadFlat(0, DType.F32, at);
    }
    Expr line = Expr.add(Expr.mul(Expr.var(axes.get(0)), Expr.i32(k.extent())), at);
    Expr from = Expr.mul(line, Expr.i32(type.shape().dim(2)));
    return new ReadFlat(0, DType.F32, Expr.add(from, Expr.var(axes.get(2))));
  }

  /** Of each block the greatest magnitude by the greatest code. */
  private ComputeCall scales(String of, String result, boolean inPanels) {
    List<Axis> axes = Compute.axes(types.get(result));
    Axis i = new Axis("i", block);
    Expr number = Expr.var(axes.get(inPanels ? 1 : 0));
    Expr at = Expr.add(Expr.mul(number, Expr.i32(block)), Expr.var(i));
    Expr magnitude = Expr.unary(UnaryOp.ABS, element(of, axes, at));
    Stage most = new Stage(axes.size(), Combiner.MAX, List.of(i), magnitude);
    Expr last = Expr.constant(DType.F32, inPanels ? MOST : MOST_OF_ROW);
    Expr body = Expr.div(new StageValue(0, DType.F32), last);
    return new ComputeCall(
        call.label(),
        Compute.of(
            "quantize_scale", List.of(types.get(of)), types.get(result), axes, List.of(most), body),
        List.of(of), result);
  }

  /** Elements by their block's scale, rounded. */
  private ComputeCall codes(String of, String scales, String result, boolean inPanels) {
    List<Axis> axes = Compute.axes(types.get(result));
    Expr at = Expr.var(axes.get(inPanels ? 1 : 0));
    Expr number = Expr.binary(BinaryOp.DIV, at, Expr.i32(block));
    Expr scale =
        inPanels
            ? Expr.read(1, DType.F32, Expr.var(axes.get(0)), number, Expr.var(axes.get(2)))
            : Expr.read(1, DType.F32, number);
    Expr zero = Expr.constant(DType.F32, 0);
    Expr inverse =
        Expr.select(Expr.lt(zero, scale), Expr.div(Expr.constant(DType.F32, 1), scale), zero);
    Expr whole = Expr.unary(UnaryOp.ROUND, Expr.mul(element(of, axes, at), inverse));
    Expr code =
        inPanels
            ? Expr.cast(DType.U8, Expr.add(whole, Expr.constant(DType.F32, ZERO)))
            : Expr.cast(DType.I16, whole);
    return new ComputeCall(
        call.label(),
        Compute.of(
            "quantize", List.of(types.get(of), types.get(scales)), types.get(result), axes,
            List.of(), code),
        List.of(of, scales), result);
  }

  private void product(String scales, String codes, String rowScales, String rowCodes) {
    List<String> args = new ArrayList<>(call.args());
    List<TensorType> inputs = new ArrayList<>(c.inputs());
    Map<String, Integer> number = new HashMap<>();
    for (String v : List.of(rowCodes, rowScales, codes, scales)) {
      number.put(v, args.size());
      args.add(v);
      inputs.add(types.get(v));
    }
    Expr at = Expr.var(k);
    Expr there = Expr.binary(BinaryOp.DIV, at, Expr.i32(block));
    Expr rowCode = Expr.cast(DType.F32, Expr.read(number.get(rowCodes), DType.I16, at));
    Expr x = Expr.mul(rowCode, Expr.read(number.get(rowScales), DType.F32, there));
    Expr code = inPanel(number.get(codes), DType.U8, at, k.extent());
    Expr whole =
        Expr.cast(DType.F32, Expr.sub(Expr.cast(DType.I32, code), Expr.i32(ZERO)));
    Expr scale = inPanel(number.get(scales), DType.F32, there, k.extent() / block);
    Stage sum = c.stages().get(0).with(Expr.mul(x, Expr.mul(whole, scale)));
    Compute product =
        new Compute(
            c.name() + "_draft", inputs, c.output(), c.spatial(), List.of(sum), c.body(), c.store());
    calls.add(Inline.dropUnused(new ComputeCall(call.label(), product, args, call.result())));
  }

  /** The element of a column in panels that have so many rows. */
  private Expr inPanel(int argument, DType dtype, Expr at, int rows) {
    Expr width = Expr.i32(type.shape().dim(2));
    Expr panel = Expr.binary(BinaryOp.DIV, column, width);
    Expr lane = Expr.binary(BinaryOp.REM, column, width);
    Expr line = Expr.add(Expr.mul(panel, Expr.i32(rows)), at);
    return new ReadFlat(argument, dtype, Expr.add(Expr.mul(line, width), lane));
  }
}
