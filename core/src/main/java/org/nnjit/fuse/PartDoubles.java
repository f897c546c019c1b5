package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * For targets without f64: a reduction of other types whose result goes on in f64 is parted from
 * what follows, so that only that is done elsewhere.
 */
public final class PartDoubles {
  private PartDoubles() {}

  /** The program with such calls in two. */
  public static Program apply(Program program) {
    Map<String, TensorType> types = new LinkedHashMap<>(program.types());
    List<Call> calls = new ArrayList<>();
    for (Call call : program.calls()) {
      if (call instanceof ComputeCall c && isMixed(c.compute())) {
        part(c, types, calls);
      } else {
        calls.add(call);
      }
    }
    return new Program(
        program.inputs(), program.outputs(), types, program.constants(), calls);
  }

  private static boolean isMixed(Compute c) {
    return c.stages().size() == 1
        && c.stages().get(0).points().isEmpty()
        && c.stages().get(0).outer() == c.spatial().size()
        && !c.stages().get(0).axes().isEmpty()
        && !hasDoubles(c.stages().get(0).body())
        && hasDoubles(c.body());
  }

  private static boolean hasDoubles(Expr e) {
    return Exprs.any(e, o -> o.type() == DType.F64);
  }

  private static void part(ComputeCall call, Map<String, TensorType> types, List<Call> calls) {
    Compute c = call.compute();
    Stage stage = c.stages().get(0);
    int[] dims = new int[c.spatial().size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = c.spatial().get(i).extent();
    }
    TensorType type = TensorType.of(stage.body().type(), dims);
    String value = call.result() + ":sum" + calls.size();
    types.put(value, type);
    Compute sum =
        Compute.of(
            c.name(), c.inputs(), type, c.spatial(), c.stages(),
            new StageValue(0, stage.body().type()));
    calls.add(Inline.dropUnused(new ComputeCall(call.label(), sum, call.args(), value)));
    List<TensorType> inputs = new ArrayList<>(c.inputs());
    inputs.add(type);
    List<String> args = new ArrayList<>(call.args());
    args.add(value);
    Expr read = Expr.read(c.inputs().size(), type.dtype(), Compute.vars(c.spatial()));
    Expr body = Exprs.rewrite(c.body(), e -> e instanceof StageValue ? read : null);
    Compute map =
        new Compute("map", inputs, c.output(), c.spatial(), List.of(), body, c.store());
    calls.add(Inline.dropUnused(new ComputeCall(call.label(), map, args, call.result())));
  }
}
