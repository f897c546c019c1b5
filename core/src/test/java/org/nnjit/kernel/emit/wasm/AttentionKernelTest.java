package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.NoValues;

/** Attention's Wasm, with and without relaxed SIMD, agrees with its loops. */
class AttentionKernelTest {
  private static final long SEED = 3;

  private final Random random = new Random(SEED);

  @Test
  void wasmAgreesWithLoops() {
    Batch batch = new Batch();
    for (int rows : new int[] {16, 17, 40}) {
      for (int keys : new int[] {4, 9, 33}) {
        add(batch, rows, keys, keys == 9 ? 5 : 12);
      }
    }
    assertEquals(18, batch.size());
    batch.check("seed " + SEED);
  }

  private void add(Batch batch, int rows, int keys, int columns) {
    Map<String, TensorType> feeds = new LinkedHashMap<>();
    feeds.put("q", TensorType.of(DType.F32, 2, rows, 6));
    feeds.put("k", TensorType.of(DType.F32, 2, keys, 6));
    feeds.put("v", TensorType.of(DType.F32, 2, keys, columns));
    List<Port> ports = new ArrayList<>();
    feeds.forEach(
        (name, t) -> {
          List<Dim> dims = new ArrayList<>();
          for (int d : t.shape().dims()) {
            dims.add(Dim.of(d));
          }
          ports.add(new Port(name, t.dtype(), dims));
        });
    List<Node> nodes =
        List.of(
            node("Transpose", Map.of("perm", new long[] {0, 2, 1}), "t", "k"),
            node("MatMul", Map.of(), "s", "q", "t"),
            node("Softmax", Map.of(), "p", "s"),
            node("MatMul", Map.of(), "y", "p", "v"));
    Graph graph =
        new Graph("attention", ports, List.of(new Port("y", null, null)), nodes, Map.of());
    Plan plan =
        Compiler.compile(graph, feeds, new NoValues(), PlanContext.plain(Target.common())).plan();
    for (Plan.KernelInfo k : plan.kernels()) {
      if (k.schedule().family().equals("attention")) {
        KernelSpace space = Families.of(k.workload().compute(), Target.common());
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(floats(feeds.get("q").shape()));
        for (KernelSpace.Packing p : space.packings(k.schedule())) {
          tensors.add(floats(p.compute().output().shape()));
        }
        tensors.add(floats(Shape.of(k.loops().scratch())));
        tensors.add(floats(k.workload().compute().output().shape()));
        batch.add(k.loops(), Maps.SIMD, tensors, k.loops().blocks(), 2e-6, 1);
        batch.add(k.loops(), Maps.RELAXED, tensors, k.loops().blocks(), 2e-6, 1);
      }
    }
  }

  private static Node node(String type, Map<String, Object> attributes, String out, String... in) {
    return new Node(out, "", type, 17, List.of(in), List.of(out), Attributes.of(attributes));
  }

  private Tensor floats(Shape shape) {
    Tensor t = Tensor.zeros(DType.F32, shape);
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }
}
