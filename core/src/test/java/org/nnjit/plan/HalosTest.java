package org.nnjit.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Layout;
import org.nnjit.tensor.TensorType;

/** Values with a halo share a buffer when they have one layout and are not live together. */
final class HalosTest {
  private final TensorType narrow =
      TensorType.of(DType.F32, 1, 4, 3, 3).withLayout(Layout.of(24, 100, 1, 20, 4));
  private final TensorType wide =
      TensorType.of(DType.F32, 1, 4, 3, 3).withLayout(Layout.of(56, 196, 1, 28, 4));

  private static Planner.Step step(TensorType type, String from, String to, boolean once) {
    List<Axis> axes = Compute.axes(type);
    Compute copy =
        Compute.of(
            "copy", List.of(type), type, axes, List.of(),
            Expr.read(0, DType.F32, Compute.vars(axes)));
    return new Planner.Step(
        new ComputeCall(to, copy, List.of(from), to), null, List.of(from), once);
  }

  @Test
  void onlyValuesThatAreNotLiveTogetherShare() {
    List<Planner.Step> steps =
        List.of(
            step(narrow, "w", "fixed", true),
            step(narrow, "x", "a", false),
            step(narrow, "a", "b", false),
            step(narrow, "b", "c", false),
            step(wide, "c", "d", false),
            step(narrow, "d", "e", false),
            step(narrow, "b", "f", false));
    Map<String, TensorType> types = new HashMap<>();
    for (Planner.Step s : steps) {
      types.put(s.call().results().get(0), ((ComputeCall) s.call()).compute().output());
    }
    Map<String, String> keys = Halos.keys(steps, types.keySet(), types);
    assertEquals(keys.get("a"), keys.get("c"));
    assertEquals(keys.get("a"), keys.get("e"));
    // b is read by the last step, which writes f.
    assertNotEquals(keys.get("b"), keys.get("a"));
    assertNotEquals(keys.get("b"), keys.get("f"));
    assertEquals(keys.get("a"), keys.get("f"));
    for (String v : List.of("a", "b")) {
      assertNotEquals(keys.get("fixed"), keys.get(v));
      assertNotEquals(keys.get("d"), keys.get(v));
    }
  }
}
