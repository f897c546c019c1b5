package org.nnjit.graph.interp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.nnjit.NodeTests;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Tensor;

/** Every ONNX node test through the reference interpreter. */
class NodeConformanceTest {
  /**
   * Tests whose expected result later versions of the specification gave up, and which ONNX Runtime
   * does not reproduce either: a resize that scales by the fractional output size, and casts to
   * bfloat16 that truncate where version 1.13 and later round to nearest.
   */
  private static final Set<String> DISPUTED =
      Set.of(
          "test_cast_FLOAT_to_BFLOAT16",
          "test_castlike_FLOAT_to_BFLOAT16",
          "test_castlike_FLOAT_to_BFLOAT16_expanded",
          "test_resize_downsample_scales_linear_align_corners");

  @Test
  void interpreterAgreesWithTheOnnxNodeTests() {
    Path dir = NodeTests.nodeDirectory();
    Assumptions.assumeTrue(dir != null, "Debian's libonnx-testdata is not installed");
    int passed = 0;
    List<String> wrong = new ArrayList<>();
    Map<String, Integer> unsupported = new TreeMap<>();
    for (NodeTests.Case c : NodeTests.in(dir)) {
      if (DISPUTED.contains(c.name())) {
        continue;
      }
      try {
        String difference = run(c);
        if (difference == null) {
          passed++;
        } else {
          wrong.add(c.name() + ": " + difference);
        }
      } catch (ModelException e) {
        unsupported.merge(e.getMessage().replaceAll("at node.*|'.*'", ""), 1, Integer::sum);
      } catch (RuntimeException e) {
        wrong.add(c.name() + ": " + e);
      }
    }
    System.out.println("node tests: " + passed + " passed, " + wrong.size() + " wrong");
    unsupported.forEach((k, v) -> System.out.println("  unsupported " + v + "x " + k));
    wrong.forEach(w -> System.out.println("  WRONG " + w));
    assertEquals(List.of(), wrong);
    assertTrue(passed >= 300, "passed " + passed);
  }

  private static String run(NodeTests.Case c) {
    Graph graph = c.graph();
    for (Path set : c.sets()) {
      Map<String, Tensor> feeds = NodeTests.feeds(graph, set);
      List<Tensor> got =
          new ArrayList<>(
              GraphInterpreter.run(
                      graph,
                      feeds,
                      s -> {
                        throw new IllegalStateException("stored " + s);
                      })
                  .values());
      List<Tensor> wanted = NodeTests.outputs(set);
      for (int i = 0; i < wanted.size(); i++) {
        String d = NodeTests.difference(wanted.get(i), got.get(i), 1e-3, 1e-7);
        if (d != null) {
          return d;
        }
      }
    }
    return null;
  }
}
