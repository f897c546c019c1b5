package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nnjit.cli.models.SmallModel.random;
import static org.nnjit.cli.models.SmallModel.scalar;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.schedule.Target;
import org.nnjit.session.Session;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** If, Loop and Scan: interpreter and plan agree with ONNX Runtime. */
class ControlFlowTest {
  private static final long SEED = Long.getLong("nnjit.fuzz.seed", 1);
  private static final TensorType ROW = TensorType.of(DType.F32, Shape.of(3));
  private static final TensorType FLAG = TensorType.of(DType.BOOL, Shape.SCALAR);
  private static final TensorType COUNT = TensorType.of(DType.I64, Shape.SCALAR);

  private static void check(SmallModel model) throws Exception {
    RandomGraphsTest.check(model.bytes(13), model.feeds);
  }

  /** Branches that read outer values, hold weights of one name, and another If. */
  private static SmallModel branches(boolean first, boolean second) {
    Random random = new Random(SEED);
    SmallModel inner = new SmallModel();
    inner.output(inner.node("Neg", "x"), null);
    SmallModel otherwise = new SmallModel();
    otherwise.output(otherwise.node("Mul", otherwise.weight("w", random(random, 3)), "x"), null);
    SmallModel then = new SmallModel();
    String w = then.weight("w", random(random, 2, 3));
    String chosen =
        then.node("If", Map.of("then_branch", inner, "else_branch", otherwise), "second");
    then.output(then.node("MatMul", w, then.node("Add", chosen, "x")), null);
    SmallModel bare = new SmallModel();
    bare.output(bare.node("Exp", "x"), null);
    SmallModel model = new SmallModel();
    model.feed("x", random(random, 3));
    model.feed("first", scalar(DType.BOOL, first ? 1 : 0));
    model.feed("second", scalar(DType.BOOL, second ? 1 : 0));
    String y = model.node("If", Map.of("then_branch", then, "else_branch", bare), "first");
    return model.output(model.node("Add", y, y), null).output(y, null);
  }

  @Test
  void branchesByTheValueOfFeeds() throws Exception {
    for (int i = 0; i < 4; i++) {
      check(branches(i > 1, i % 2 > 0));
    }
  }

  @Test
  void eachBranchHasAPlan() {
    byte[] bytes = branches(true, true).bytes(13);
    DoubleSupplier clock = () -> 0;
    Session session =
        new Session(OnnxReader.read(ByteSource.of(bytes)), Target.common(), false, clock);
    int[] plans = {plan(session, bytes, true), plan(session, bytes, false)};
    assertTrue(plans[0] != plans[1], "one plan for two branches");
    assertEquals(plans[0], plan(session, bytes, true));
    assertEquals(Set.of("first", "second"), session.plan(plans[0]).valueInputs());
    assertEquals(Set.of("first"), session.plan(plans[1]).valueInputs());
  }

  private static int plan(Session session, byte[] bytes, boolean first) {
    Map<String, Tensor> feeds = branches(first, true).feeds;
    Map<String, TensorType> types = new LinkedHashMap<>();
    feeds.forEach((name, t) -> types.put(name, t.type()));
    ByteSource file = ByteSource.of(bytes);
    return session.prepare(
        types, Specialiser.Values.of(feeds, c -> OnnxTensors.load(file, c)));
  }

  /** As torch writes squeeze: the dimension is dropped where it is 1. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void branchByAShape(int dim) throws Exception {
    SmallModel squeezed = new SmallModel();
    String axis = squeezed.weight("axis", Tensor.ofLongs(Shape.of(1), 1));
    squeezed.output(squeezed.node("Squeeze", "x", axis), null);
    SmallModel same = new SmallModel();
    same.output(same.node("Identity", "x"), null);
    SmallModel model = new SmallModel();
    model.feedOfAnyShape("x", random(new Random(SEED), 2, dim, 3));
    String one = model.weight("one", scalar(DType.I64, 1));
    String own = model.node("Gather", model.node("Shape", "x"), one);
    String is = model.node("Equal", own, one);
    String y = model.node("If", Map.of("then_branch", squeezed, "else_branch", same), is);
    check(model.output(model.node("Relu", y), null));
  }

  /**
   * A state that grows by the step's number and an outer value, and a row of its square.
   *
   * @param limit steps end when the sum of the state passes it
   */
  private static SmallModel body(double limit) {
    SmallModel body = new SmallModel();
    body.input("step", COUNT);
    body.input("before", FLAG);
    body.input("state", ROW);
    String step = body.node("Cast", Map.of("to", 1), "step");
    String next = body.node("Add", body.node("Add", "state", step), "x");
    String row = body.node("Mul", next, next);
    Tensor greatest = Tensor.scalar(DType.F32, limit);
    String sum = body.node("ReduceSum", Map.of("keepdims", 0), next);
    String more = body.node("Less", sum, body.weight("limit", greatest));
    return body.output(more, FLAG).output(next, ROW).output(row, ROW);
  }

  private static SmallModel loop(SmallModel body, Tensor steps, Tensor more) {
    SmallModel model = new SmallModel();
    Tensor x = Tensor.ofFloats(Shape.of(3), 0.5f, 0.25f, 1f);
    List<String> in =
        List.of(model.feed("steps", steps), model.feed("more", more), model.feed("x", x));
    model.node("", "Loop", Map.of("body", body), in, List.of("last", "rows"));
    String twice = model.node("Add", "last", "last");
    return model.output("last", null).output("rows", null).output(twice, null);
  }

  @Test
  void loopsByCount() throws Exception {
    for (int steps = 0; steps < 6; steps++) {
      check(loop(body(1e9), scalar(DType.I64, steps), null));
      check(loop(body(1e9), scalar(DType.I64, steps), scalar(DType.BOOL, 1)));
    }
    check(loop(body(1e9), scalar(DType.I64, 3), scalar(DType.BOOL, 0)));
  }

  @Test
  void loopsByCondition() throws Exception {
    check(loop(body(40), null, scalar(DType.BOOL, 1)));
    check(loop(body(40), scalar(DType.I64, 3), scalar(DType.BOOL, 1)));
    check(loop(body(40), scalar(DType.I64, 30), scalar(DType.BOOL, 1)));
  }

  @Test
  void loopInALoop() throws Exception {
    SmallModel inner = new SmallModel();
    inner.input("k", COUNT);
    inner.input("go", FLAG);
    inner.input("own", ROW);
    inner.output(inner.node("Identity", "go"), FLAG);
    inner.output(inner.node("Sin", inner.node("Add", "own", "state")), ROW);
    SmallModel outer = new SmallModel();
    outer.input("step", COUNT);
    outer.input("before", FLAG);
    outer.input("state", ROW);
    String next = outer.node("Loop", Map.of("body", inner), "step", "", "x");
    SmallModel even = new SmallModel();
    even.output(even.node("Neg", next), ROW);
    SmallModel odd = new SmallModel();
    odd.output(odd.node("Add", next, "state"), ROW);
    String two = outer.weight("two", scalar(DType.I64, 2));
    String is = outer.node("Equal", outer.node("Mod", "step", two),
        outer.weight("zero", scalar(DType.I64, 0)));
    String chosen = outer.node("If", Map.of("then_branch", even, "else_branch", odd), is);
    outer.output(outer.node("Identity", "before"), FLAG).output(chosen, ROW).output(next, ROW);
    check(loop(outer, scalar(DType.I64, 5), null));
  }

  @Test
  void scansAlongAnyAxisEitherWay() throws Exception {
    for (int i = 0; i < 30; i++) {
      Random random = new Random(SEED + i);
      int steps = 1 + random.nextInt(5);
      SmallModel body = new SmallModel();
      TensorType row = TensorType.of(DType.F32, Shape.of(2, 3));
      body.input("state", row);
      body.input("a", row);
      body.input("b", TensorType.of(DType.F32, Shape.of(3)));
      String next = body.node("Tanh", body.node("Add", body.node("Mul", "state", "a"), "b"));
      body.output(next, row).output(body.node("Sub", next, "shift"), row);
      body.output(body.node("ReduceSum", Map.of("keepdims", 0), "a"),
          TensorType.of(DType.F32, Shape.SCALAR));
      int[] axes = {random.nextInt(6) - 3, random.nextInt(4) - 2};
      int[] outAxes = {random.nextInt(6) - 3, random.nextInt(2) - 1};
      SmallModel model = new SmallModel();
      List<String> in =
          List.of(
              model.feed("first", random(random, 2, 3)),
              model.feed("as", random(random, with(axes[0], steps, 2, 3))),
              model.feed("bs", random(random, with(axes[1], steps, 3))));
      model.feed("shift", random(random, 3));
      int[] ways = {random.nextInt(2), random.nextInt(2)};
      int[] outWays = {random.nextInt(2), random.nextInt(2)};
      Map<String, Object> attributes =
          Map.of(
              "body", body, "num_scan_inputs", 2, "scan_input_axes", axes,
              "scan_output_axes", outAxes, "scan_input_directions", ways,
              "scan_output_directions", outWays);
      model.node("", "Scan", attributes, in, List.of("last", "rows", "sums"));
      check(model.output("last", null).output("rows", null).output("sums", null));
    }
  }

  /** The dimensions with one more at an axis. */
  private static int[] with(int axis, int extent, int... dims) {
    int[] all = new int[dims.length + 1];
    int at = axis < 0 ? axis + all.length : axis;
    for (int i = 0; i < all.length; i++) {
      all[i] = i == at ? extent : dims[i < at ? i : i - 1];
    }
    return all;
  }

  @Test
  void aLoopWithoutEndIsRefused() {
    SmallModel model = loop(body(1e30), null, scalar(DType.BOOL, 1));
    ModelException e =
        assertThrows(
            ModelException.class,
            () -> {
              Map<String, TensorType> types = new LinkedHashMap<>();
              model.feeds.forEach((name, t) -> types.put(name, t.type()));
              Specialiser.specialise(
                  OnnxReader.read(ByteSource.of(model.bytes(13))).graph(),
                  types,
                  Specialiser.Values.of(model.feeds, c -> null));
            });
    assertTrue(
        e.getMessage().contains("Loop 'last': nnJIT unrolls its steps, of 6 nodes each, up to"),
        e.getMessage());
  }
}
