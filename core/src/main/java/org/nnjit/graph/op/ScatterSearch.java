package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Scattering as a compute: each element of the data (input 0) looks for the updates (input 2) that
 * are meant for it, in the order in which they are given. Pays while few updates are looked at.
 */
final class ScatterSearch {
  /** Updates looked at by all elements together, at most: the host takes as long. */
  private static final int MOST = 1 << 17;

  private ScatterSearch() {}

  /** An expression of the update's number. */
  interface OfUpdate {
    Expr at(Expr number);
  }

  /** True when the data's elements may look at so many updates each. */
  static boolean pays(OpContext c, int updates) {
    return updates > 0 && c.shape(0).elements() * updates <= MOST;
  }

  /**
   * The result.
   *
   * @param axes of the data
   * @param updates how many updates an element looks at
   * @param meant true when the update is for the element
   * @param value the update's value, in the working precision
   */
  static Lowering lower(
      OpContext c, List<Axis> axes, int updates, OfUpdate meant, OfUpdate value) {
    TensorType out = TensorType.of(c.dtype(0), c.shape(0));
    Expr data = Build.wide(Expr.read(0, c.dtype(0), Compute.vars(axes)));
    DType t = data.type();
    Axis u = new Axis("u", updates);
    Expr number = Expr.var(u);
    String how = c.attributes().getString("reduction", "none");
    Combiner combiner =
        switch (how) {
          case "none", "max" -> Combiner.MAX;
          case "add" -> Combiner.SUM;
          case "mul" -> Combiner.PROD;
          case "min" -> Combiner.MIN;
          default -> throw c.error("reduction '" + how + "', wanted none, add, mul, max or min");
        };
    Expr joined;
    Expr result;
    if (how.equals("none")) {
      // The number of the last update for this element, which the others do not matter to.
      Expr last = new Expr.StageValue(0, DType.I32);
      joined = Expr.select(meant.at(number), number, Expr.i32(-1));
      result = Expr.select(Expr.lt(last, Expr.i32(0)), data, value.at(last));
    } else {
      Expr neutral =
          switch (combiner) {
            case SUM -> Build.number(t, 0);
            case PROD -> Build.number(t, 1);
            default -> data;
          };
      joined = Expr.select(meant.at(number), value.at(number), neutral);
      result = Expr.binary(combiner.op(), data, new Expr.StageValue(0, t));
    }
    List<TensorType> inputs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      inputs.add(c.input(i));
    }
    Stage search = new Stage(axes.size(), combiner, List.of(u), joined);
    return Lowering.of(
        Compute.of(
            "scatter", inputs, out, axes, List.of(search), Expr.cast(out.dtype(), result)));
  }

  /** True where an element of the indices (input 1), negative ones from the end, names a place. */
  static Expr names(Expr raw, int extent, Axis place) {
    Expr i = Expr.cast(DType.I32, raw);
    Expr wrapped =
        Expr.select(Expr.lt(i, Expr.i32(0)), Expr.add(i, Expr.i32(extent)), i);
    return Build.eq(wrapped, Expr.var(place));
  }
}
