package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.Constant;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Matrices of f16 that become f32 when they are loaded are multiplied by a power of two, and by its
 * inverse. A kernel that keeps them as f16 puts the first factor into its copy: then nearly none of
 * the elements are subnormal there, and their bits become floats by a shift (a multiply-add of a subnormal
 * float takes some processors 150 cycles). The copy is exact, as all f16 are multiples of the
 * least and the factor is 1 or more. An infinity or NaN among the elements makes all of them NaN.
 */
public final class ScaleHalves {
  /** Bits of an f16 but for its sign, and its exponent for what is no number. */
  private static final int MAGNITUDE = 0x7fff;

  private static final int LAST = 31;

  /** Bits of an f32: its exponent, and a NaN. */
  private static final int EXPONENT = 0x7f800000;

  private static final int NAN = 0x7fc00000;

  private ScaleHalves() {}

  /** The program with these steps at load. */
  public static Program apply(Program program) {
    List<Call> calls = new ArrayList<>();
    Map<String, TensorType> types = new LinkedHashMap<>(program.types());
    Set<String> made = new HashSet<>();
    Map<String, List<Call>> readers = new HashMap<>();
    for (Call call : program.calls()) {
      for (String a : call.args()) {
        readers.computeIfAbsent(a, k -> new ArrayList<>(1)).add(call);
      }
    }
    for (Call call : program.calls()) {
      boolean scales =
          call instanceof ComputeCall c
              && isWidened(program, c)
              && multiplies(c.result(), readers, program)
              && made.add(c.args().get(0));
      if (scales) {
        ComputeCall c = (ComputeCall) call;
        scaled(c, calls, types);
      } else {
        calls.add(call);
      }
    }
    return new Program(program.inputs(), program.outputs(), types, program.constants(), calls);
  }

  /** Whether products alone, and what picks rows for others, read a value or views of it. */
  private static boolean multiplies(
      String value, Map<String, List<Call>> readers, Program program) {
    boolean product = false;
    for (Call call : readers.getOrDefault(value, List.of())) {
      if (!(call instanceof ComputeCall c) || program.outputs().contains(value)) {
        return false;
      }
      if (InlineMap.isProduct(c.compute())
          || InlineView.isView(c.compute()) && multiplies(c.result(), readers, program)) {
        product = true;
      } else if (!InlineCodes.picks(c, value)) {
        return false;
      }
    }
    return product;
  }

  private static boolean isWidened(Program program, ComputeCall c) {
    Compute p = c.compute();
    Constant weight = c.args().size() == 1 ? program.constants().get(c.args().get(0)) : null;
    return weight != null
        && p.body() instanceof Cast cast
        && cast.type() == DType.F32
        && cast.x() instanceof Read r
        && r.type() == DType.F16
        && r.index().equals(Compute.vars(p.spatial()))
        && Inline.isPlainMap(p)
        && p.output().shape().rank() == 2;
  }

  private static void scaled(ComputeCall c, List<Call> into, Map<String, TensorType> types) {
    String name = c.args().get(0);
    TensorType half = c.compute().inputs().get(0);
    Shape shape = half.shape();
    TensorType one = TensorType.of(DType.F32, 1);
    String found = name + "#largest";
    TensorType columns = TensorType.of(DType.I32, shape.dim(1));
    into.add(new ComputeCall(c.label(), largest(shape, columns), List.of(name), found));
    types.put(found, columns);
    String by = name + "#power";
    into.add(new ComputeCall(c.label(), power(columns, one), List.of(found), by));
    types.put(by, one);
    List<Axis> axes = Compute.axes(c.compute().output());
    Expr number = Expr.cast(DType.F32, Expr.read(0, DType.F16, Compute.vars(axes)));
    Expr given = Expr.read(1, DType.F32, Expr.i32(0));
    // Whatever is given, the factor is a power of two; what is no number stays none.
    Expr bits = Expr.and(Expr.unary(UnaryOp.BITS_OF, given), Expr.i32(EXPONENT));
    Expr factor = Expr.unary(UnaryOp.FROM_BITS, bits);
    Expr inverse = Expr.div(given, Expr.mul(given, factor));
    Compute widened =
        Compute.of(
            c.compute().name(), List.of(half, one), c.compute().output(), axes, List.of(),
            Expr.mul(Expr.mul(number, factor), inverse));
    into.add(new ComputeCall(c.label(), widened, List.of(name, by), c.result()));
  }

  /** Of each column the bits of the largest magnitude. */
  private static Compute largest(Shape shape, TensorType columns) {
    TensorType bits = TensorType.of(DType.U16, shape);
    List<Axis> axes = Compute.axes(columns);
    Axis row = new Axis("row", shape.dim(0));
    Expr own = Expr.read(0, DType.U16, Expr.var(row), Expr.var(axes.get(0)));
    Expr magnitude = Expr.and(Expr.cast(DType.I32, own), Expr.i32(MAGNITUDE));
    Stage most = new Stage(axes.size(), Combiner.MAX, List.of(row), magnitude);
    return Compute.of(
        "largest", List.of(bits), columns, axes, List.of(most), new StageValue(0, DType.I32));
  }

  /** The power of two that makes the exponent of the largest element the last one but one. */
  private static Compute power(TensorType columns, TensorType one) {
    List<Axis> axes = Compute.axes(one);
    Axis column = new Axis("column", columns.shape().dim(0));
    Expr own = Expr.read(0, DType.I32, Expr.var(column));
    Stage most = new Stage(axes.size(), Combiner.MAX, List.of(column), own);
    Expr exponent = Expr.binary(BinaryOp.SHR, new StageValue(0, DType.I32), Expr.i32(10));
    Expr up = Expr.sub(Expr.i32(LAST - 1), Expr.max(exponent, Expr.i32(1)));
    Expr bits = Expr.binary(BinaryOp.SHL, Expr.add(up, Expr.i32(127)), Expr.i32(23));
    Expr isNumber = Expr.lt(exponent, Expr.i32(LAST));
    Expr factor = Expr.select(isNumber, bits, Expr.i32(NAN));
    return Compute.of(
        "power", List.of(columns), one, axes, List.of(most), Expr.unary(UnaryOp.FROM_BITS, factor));
  }
}
