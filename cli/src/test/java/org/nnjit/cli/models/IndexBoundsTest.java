package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Indices out of bounds are errors in the interpreter and in plans, as in ONNX Runtime. */
class IndexBoundsTest {
  private static Tensor floats(int... dims) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, i);
    }
    return t;
  }

  private static Tensor indices(int rows, long... values) {
    return Tensor.ofLongs(Shape.of(rows, values.length / rows), values);
  }

  /**
   * Runs a node in ONNX Runtime, the interpreter and a plan.
   *
   * @param index what is looked at: within bounds from -5 to 4, or not
   */
  private static void check(String type, long index, Tensor... inputs) throws Exception {
    SmallModel m = new SmallModel();
    List<String> names = new ArrayList<>();
    for (Tensor t : inputs) {
      names.add(m.feed("x" + names.size(), t));
    }
    int dot = type.lastIndexOf('.');
    String domain = type.substring(0, Math.max(0, dot));
    m.node(domain, type.substring(dot + 1), Map.of(), names, List.of("y"));
    byte[] model = m.output("y", null).bytes(17);
    Map<String, Tensor> feeds = m.feeds;
    ByteSource file = ByteSource.of(model);
    Graph graph = OnnxReader.read(file).graph();
    Plan plan = PlanRunner.compiled(model, feeds).plan();
    String complaint = "";
    long result = 0;
    for (var e : PlanRunner.run(plan, feeds, file, PlanRunner.Order.values()[0]).entrySet()) {
      if (!e.getKey().equals("y") && e.getValue().getLong(0) != 0) {
        complaint = e.getKey();
        result = e.getValue().getLong(0);
      }
    }
    try (Oracle oracle = new Oracle(model)) {
      if (index >= -5 && index < 5) {
        oracle.tensors(feeds);
        GraphInterpreter.run(graph, feeds, stored -> OnnxTensors.load(file, stored));
        assertEquals("", complaint);
        return;
      }
      assertThrows(OrtException.class, () -> oracle.tensors(feeds), type);
    }
    String message =
        assertThrows(
                ModelException.class,
                () -> GraphInterpreter.run(graph, feeds, s -> OnnxTensors.load(file, s)))
            .getMessage();
    assertTrue(message.startsWith(type + " 'y'") && message.endsWith(": " + index), message);
    assertTrue(complaint.startsWith(type + " 'y'"), type + " has no complaint");
    assertEquals(index < 0 ? 1 - 2 * index : 2 * index + 2, result, complaint);
  }

  @Test
  void gathers() throws Exception {
    for (long i : new long[] {0, -5, 5, -6, 1L << 32}) {
      check("Gather", i, floats(5, 2), indices(2, 4, -5, i, 0));
      check("GatherElements", i, floats(5, 2), indices(1, i, 1));
      check("GatherND", i, floats(7, 5), indices(2, -7, 1, 6, i));
      check(
          "com.microsoft.GatherBlockQuantized", i, Tensor.zeros(DType.U8, Shape.of(5, 8)),
          indices(2, 4, -5, i, 0), floats(5, 1));
    }
  }

  @Test
  void scatters() throws Exception {
    for (long i : new long[] {0, -5, 5, -6, 1L << 32}) {
      check("ScatterElements", i, floats(5, 2), indices(1, i, 1), floats(1, 2));
      check("ScatterND", i, floats(7, 5), indices(2, -7, 1, 6, i), floats(2));
    }
  }
}
