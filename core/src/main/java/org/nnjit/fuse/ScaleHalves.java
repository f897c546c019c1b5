package org.nnjit.fuse;

import java.util.ArrayList;
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
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.graph.Constant;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Matrices of f16 that become f32 when they are loaded are multiplied by a power of two before, and
 * divided by it after: then nearly none of their elements are subnormal, and kernels may turn their
 * bits into floats by a shift (a multiply-add of a subnormal float takes some processors 150
 * cycles). The product is exact, as all f16 are multiples of the least and the factor is 1 or more.
 * An infinity or NaN among the elements makes all of them NaN.
 */
public final class ScaleHalves {
  /** Smaller ones are f32 soon enough. */
  private static final int LEAST_ELEMENTS = 4096;

  /** The largest element comes to lie between this and its half, where it can be reached. */
  private static final double MOST = 0x1p15;

  private ScaleHalves() {}

  /** The program with these steps at load. */
  public static Program apply(Program program) {
    List<Call> calls = new ArrayList<>();
    Map<String, TensorType> types = new LinkedHashMap<>(program.types());
    Set<String> made = new HashSet<>();
    for (Call call : program.calls()) {
      if (call instanceof ComputeCall c && isWidened(program, c) && made.add(c.args().get(0))) {
        scaled(c, calls, types);
      } else {
        calls.add(call);
      }
    }
    return new Program(program.inputs(), program.outputs(), types, program.constants(), calls);
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
        && p.output().shape().rank() == 2
        && p.output().shape().elements() >= LEAST_ELEMENTS;
  }

  private static Expr f32(double value) {
    return Expr.constant(DType.F32, value);
  }

  private static void scaled(ComputeCall c, List<Call> into, Map<String, TensorType> types) {
    String name = c.args().get(0);
    TensorType half = c.compute().inputs().get(0);
    TensorType one = TensorType.of(DType.F32, 1);
    Shape shape = c.compute().output().shape();

    List<Axis> own = Compute.axes(one);
    List<Axis> all = Compute.axes(c.compute().output());
    Expr magnitude = Expr.unary(UnaryOp.ABS, Expr.cast(DType.F32, Expr.read(0, DType.F16, Compute.vars(all))));
    Stage most = new Stage(own.size(), Combiner.MAX, all, magnitude);
    Compute largest =
        Compute.of("largest", List.of(half), one, own, List.of(most), new Expr.StageValue(0, DType.F32));
    String found = name + "#largest";
    into.add(new ComputeCall(c.label(), largest, List.of(name), found));
    types.put(found, one);

    List<Axis> factorAxes = Compute.axes(one);
    Expr x = Expr.read(0, DType.F32, Compute.vars(factorAxes));
    Expr factor = f32(1);
    for (int by = 16; by >= 1; by /= 2) {
      double power = Math.scalb(1.0, by);
      Expr fits = Expr.lt(Expr.mul(x, factor), f32(MOST / power));
      factor = Expr.mul(factor, Expr.select(fits, f32(power), f32(1)));
    }
    Expr isNumber = Expr.lt(x, f32(Double.POSITIVE_INFINITY));
    Compute power =
        Compute.of(
            "power", List.of(one), one, factorAxes, List.of(),
            Expr.select(isNumber, factor, f32(Double.NaN)));
    String by = name + "#power";
    into.add(new ComputeCall(c.label(), power, List.of(found), by));
    types.put(by, one);

    List<Axis> axes = Compute.axes(c.compute().output());
    List<Expr> at = Compute.vars(axes);
    Expr wide = Expr.cast(DType.F32, Expr.read(0, DType.F16, at));
    Expr times = Expr.mul(wide, Expr.read(1, DType.F32, Expr.i32(0)));
    TensorType up = TensorType.of(DType.F16, shape.dims());
    Compute shift =
        Compute.of("shift", List.of(half, one), up, axes, List.of(), Expr.cast(DType.F16, times));
    String shifted = name + "#shifted";
    into.add(new ComputeCall(c.label(), shift, List.of(name, by), shifted));
    types.put(shifted, up);

    List<Axis> last = Compute.axes(c.compute().output());
    Expr number = Expr.cast(DType.F32, Expr.read(0, DType.F16, Compute.vars(last)));
    Expr back = Expr.binary(BinaryOp.DIV, f32(1), Expr.read(1, DType.F32, Expr.i32(0)));
    Compute widened =
        Compute.of(
            c.compute().name(), List.of(up, one), c.compute().output(), last, List.of(),
            Expr.mul(number, back));
    into.add(new ComputeCall(c.label(), widened, List.of(shifted, by), c.result()));
  }
}
