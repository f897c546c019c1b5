package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import java.util.LinkedHashMap;
import java.util.Map;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.ByteSource;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

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

  private static ValueInfoProto port(String name, TensorType type) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (int d : type.shape().dims()) {
      dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    TypeProto.Tensor tensor =
        TypeProto.Tensor.newBuilder()
            .setElemType(type.dtype().onnxCode())
            .setShape(dims)
            .build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static byte[] model(String type, Map<String, Tensor> feeds) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("g");
    NodeProto.Builder node = NodeProto.newBuilder().setOpType(type).setName("n").addOutput("y");
    feeds.forEach(
        (name, t) -> {
          node.addInput(name);
          graph.addInput(port(name, t.type()));
        });
    graph.addNode(node).addOutput(ValueInfoProto.newBuilder().setName("y"));
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  /**
   * Runs a node in ONNX Runtime, the interpreter and a plan.
   *
   * @param index what is looked at: within bounds from -5 to 4, or not
   */
  private static void check(String type, long index, Tensor... inputs) throws Exception {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    for (Tensor t : inputs) {
      feeds.put("x" + feeds.size(), t);
    }
    Map<String, TensorType> types = new LinkedHashMap<>();
    feeds.forEach((name, t) -> types.put(name, t.type()));
    byte[] model = model(type, feeds);
    ByteSource file = ByteSource.of(model);
    Graph graph = OnnxReader.read(file).graph();
    Specialiser.Values values =
        Specialiser.Values.of(feeds, constant -> OnnxTensors.load(file, constant));
    Plan plan =
        Compiler.compile(graph, types, values, PlanContext.plain(Target.common())).plan();
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
    assertTrue(message.startsWith(type + " 'n'") && message.endsWith(": " + index), message);
    assertTrue(complaint.startsWith(type + " 'n'"), type + " has no complaint");
    assertEquals(index < 0 ? 1 - 2 * index : 2 * index + 2, result, complaint);
  }

  @Test
  void gathers() throws Exception {
    for (long i : new long[] {0, -5, 5, -6, 1L << 32}) {
      check("Gather", i, floats(5, 2), indices(2, 4, -5, i, 0));
      check("GatherElements", i, floats(5, 2), indices(1, i, 1));
      check("GatherND", i, floats(7, 5), indices(2, -7, 1, 6, i));
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
