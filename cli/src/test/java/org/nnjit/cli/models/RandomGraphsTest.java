package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import onnx.Onnx.ModelProto;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Graph;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.GpuPlan;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.Tensor;

/**
 * Random graphs: the graph interpreter and the compiled plan, its kernels run by the loop
 * interpreter, agree with ONNX Runtime; so does the plan for a GPU in the interpreter of grids.
 *
 * <p>{@code -Dnnjit.fuzz.seed=N} takes another seed, {@code -Dnnjit.fuzz.graphs=N} another number of
 * graphs. Graph {@code i} of seed {@code s} is graph 0 of seed {@code s + i}.
 */
class RandomGraphsTest {
  private static final long SEED = Long.getLong("nnjit.fuzz.seed", 1);
  private static final int GRAPHS = Integer.getInteger("nnjit.fuzz.graphs", 200);

  /** Of the greatest magnitude in a tensor: sums of a few hundred products round this far. */
  private static final double TOLERANCE = 2e-5;

  /** Graphs that were compiled wrong once, each by another mistake. */
  private static final long[] ONCE_WRONG = {
    27, 396, 453, 1697, 2572, 3430, 3520, 3596, 3985, 4635, 6005, 14567
  };

  @Test
  void planAndInterpreterAgreeWithOnnxRuntime() {
    for (int i = 0; i < GRAPHS; i++) {
      check(SEED + i, new RandomGraph(SEED + i));
    }
  }

  @Test
  void whatWasWrongOnceStaysRight() {
    for (long seed : ONCE_WRONG) {
      check(seed, new RandomGraph(seed));
    }
  }

  @Test
  void attentionAgreesWithOnnxRuntime() {
    int graphs = GRAPHS / 2;
    int fused = 0;
    for (int i = 0; i < graphs; i++) {
      fused += check(SEED + i, RandomGraph.attention(SEED + i));
    }
    assertTrue(fused > graphs / 2, fused + " attentions of " + graphs + " are one call");
  }

  /** Attentions that became one call. */
  private static int check(long seed, RandomGraph random) {
    ModelProto model = random.model();
    try {
      return check(model.toByteArray(), random.feeds());
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          e.getMessage()
              + "\nrepeat with -Dnnjit.fuzz.graphs=1 -Dnnjit.fuzz.seed="
              + seed
              + "\nfeeds "
              + random.feeds()
              + "\n"
              + String.join("\n", nodes(model)),
          e);
    }
  }

  private static List<String> nodes(ModelProto model) {
    Graph graph = OnnxReader.read(ByteSource.of(model.toByteArray())).graph();
    return graph.nodes().stream().map(Object::toString).toList();
  }

  static int check(byte[] model, Map<String, Tensor> feeds) throws Exception {
    Map<String, Tensor> wanted;
    try (Oracle oracle = new Oracle(model)) {
      wanted = oracle.tensors(feeds);
    }
    ByteSource file = ByteSource.of(model);
    Graph graph = OnnxReader.read(file).graph();
    agree(
        "interpreter",
        wanted,
        GraphInterpreter.run(graph, feeds, stored -> OnnxTensors.load(file, stored)));
    Compiler.Compiled compiled = PlanRunner.compiled(model, feeds);
    for (PlanRunner.Order order : PlanRunner.Order.values()) {
      agree(
          "plan, parts " + order, wanted, PlanRunner.run(compiled.plan(), feeds, file, order));
    }
    for (GpuTarget target : List.of(GpuTarget.least(), GpuTarget.least().inSoftware())) {
      GpuPlan onGpu = GpuPlanRunner.compiled(model, feeds, target);
      agree("plan for " + target, wanted, GpuPlanRunner.run(onGpu, feeds, file));
    }
    return AttentionTest.fused(compiled);
  }

  static void agree(String who, Map<String, Tensor> wanted, Map<String, Tensor> got) {
    for (Map.Entry<String, Tensor> e : wanted.entrySet()) {
      Tensor w = e.getValue();
      Tensor g = got.get(e.getKey());
      if (g == null || !w.type().equals(g.type())) {
        throw new AssertionError(who + ", " + e.getKey() + ": wanted " + w + ", got " + g);
      }
      double scale = 1;
      for (int i = 0; i < w.elements(); i++) {
        double size = Math.abs(w.getDouble(i));
        scale = size > scale ? size : scale; // of NaN there is no size
      }
      double tolerance = w.dtype().isFloat() ? TOLERANCE * scale : 0;
      for (int i = 0; i < w.elements(); i++) {
        double a = w.getDouble(i);
        double b = g.getDouble(i);
        if (a != b && !(Double.isNaN(a) && Double.isNaN(b)) && !(Math.abs(a - b) <= tolerance)) {
          throw new AssertionError(
              who + ", " + e.getKey() + " " + w.type() + " element " + i + ": wanted " + a
                  + ", got " + b);
        }
      }
    }
  }
}
