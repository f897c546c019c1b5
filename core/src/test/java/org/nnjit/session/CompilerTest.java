package org.nnjit.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.NoValues;
import org.nnjit.wasm.WasmVerifier;

/** Small graphs through every stage of the compiler on the JVM. */
class CompilerTest {
  private static final Specialiser.Values NO_VALUES = new NoValues();

  private static Node node(String type, List<String> in, String out) {
    return new Node(out, "", type, 17, in, List.of(out), Attributes.NONE);
  }

  /** y = relu(x w + b) + x. */
  private static Graph block() {
    Tensor w = Tensor.zeros(DType.F32, Shape.of(32, 32));
    Tensor b = Tensor.zeros(DType.F32, Shape.of(32));
    return new Graph(
        "block",
        List.of(new Port("x", DType.F32, List.of(Dim.symbolic("rows"), Dim.of(32)))),
        List.of(new Port("y", DType.F32, null)),
        List.of(
            node("MatMul", List.of("x", "w"), "xw"),
            node("Add", List.of("xw", "b"), "biased"),
            node("Relu", List.of("biased"), "active"),
            node("Add", List.of("active", "x"), "y")),
        Map.of("w", new Constant.Inline(w), "b", new Constant.Inline(b)));
  }

  private static Compiler.Compiled compile(Graph g, int rows) {
    return Compiler.compile(
        g,
        Map.of("x", TensorType.of(DType.F32, rows, 32)),
        NO_VALUES,
        PlanContext.plain(Target.common()));
  }

  @Test
  void biasActivationAndResidualBecomeOneKernel() {
    Plan plan = compile(block(), 24).plan();
    assertEquals(1, plan.commands().size());
    assertEquals("contraction", plan.kernels().get(plan.commands().get(0).kernel()).family());
  }

  @Test
  void modulesAreValid() {
    for (int rows : new int[] {1, 2, 5, 6, 7, 13, 36, 41}) {
      WasmVerifier.verify(compile(block(), rows).plan().module());
    }
  }

  @Test
  void wrongFeedsAreNamed() {
    Graph g = block();
    assertEquals(
        "missing feed 'x', wanted float32[rows,32]",
        assertThrows(ModelException.class, () -> Specialiser.checkFeeds(g, Map.of()))
            .getMessage());
    assertEquals(
        "input 'x': got shape [3,31], wanted float32[rows,32]",
        assertThrows(
                ModelException.class,
                () ->
                    Specialiser.checkFeeds(g, Map.of("x", TensorType.of(DType.F32, 3, 31))))
            .getMessage());
    assertEquals(
        "input 'x': got int64, wanted float32",
        assertThrows(
                ModelException.class,
                () ->
                    Specialiser.checkFeeds(g, Map.of("x", TensorType.of(DType.I64, 3, 32))))
            .getMessage());
  }

  @Test
  void unknownOperatorIsNamedWithItsNode() {
    Graph g =
        new Graph(
            "odd",
            List.of(new Port("x", DType.F32, List.of(Dim.of(1), Dim.of(32)))),
            List.of(new Port("y", DType.F32, null)),
            List.of(node("Frobnicate", List.of("x"), "y")),
            Map.of());
    String message =
        assertThrows(ModelException.class, () -> compile(g, 1)).getMessage();
    assertTrue(message.startsWith("unsupported operator Frobnicate (opset 17) at node"), message);
  }

  @Test
  void scheduleTextParsesBack() {
    Schedule s = Schedule.of("contraction").with("mr", 6).with("nr", 8).with("kc", 256);
    assertEquals("contraction mr=6 nr=8 kc=256", s.toString());
    assertEquals(s, Schedule.parse(s.toString()));
    assertThrows(IllegalArgumentException.class, () -> Schedule.parse("contraction mr"));
  }
}
