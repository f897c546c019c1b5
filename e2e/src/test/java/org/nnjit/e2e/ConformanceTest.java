package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.server.Browser;

/** Every ONNX node test of Debian's libonnx-testdata through generated kernels in browsers. */
class ConformanceTest {
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

  private static final int LEAST_ON_GPU = 700;

  @TempDir Path work;

  @Test
  void nodeTestsPassInChromium() throws Exception {
    check("chromium", "WebAssembly", Map.of());
  }

  /** On SwiftShader; what no GPU kernel can do runs in WebAssembly. */
  @Test
  void nodeTestsPassOnWebGpu() throws Exception {
    onWebGpu("chromium");
  }

  /** On what Vulkan finds: without a driver of the system Firefox gives no adapter. */
  @Test
  void nodeTestsPassOnWebGpuInFirefox() throws Exception {
    Suite.needWebGpu("firefox", work);
    onWebGpu("firefox");
  }

  private void onWebGpu(String kind) throws Exception {
    List<String> elsewhere = new ArrayList<>();
    int whole = 0;
    int mixed = 0;
    Map<String, Object> options = Map.of("executionProviders", List.of("webgpu", "wasm"));
    for (Suite.Outcome o : check(kind, "WebGPU", options)) {
      JsonObject line = o.line();
      if (!line.get("provider").getAsString().equals("webgpu")) {
        elsewhere.add(o.name() + ": " + line.get("notes"));
      } else if (line.get("hostCalls").getAsInt() > 0) {
        mixed++;
      } else {
        whole++;
      }
    }
    System.out.println("on the GPU alone " + whole + ", with slices in WebAssembly " + mixed);
    assertEquals(List.of(), elsewhere, "sessions that went to WebAssembly");
    assertTrue(whole >= LEAST_ON_GPU, whole + " node tests run on the GPU alone, wanted at least " + LEAST_ON_GPU);
  }

  /** Those that passed. */
  private List<Suite.Outcome> check(String kind, String title, Map<String, Object> options)
      throws Exception {
    Browser browser = Suite.browser(kind);
    Assumptions.assumeTrue(Files.isDirectory(BackendTests.NODES), "libonnx-testdata is not installed");
    List<Map<String, Object>> cases =
        BackendTests.cases(BackendTests.NODES, "/node").stream()
            .filter(c -> !DISPUTED.contains(c.get("name")))
            .toList();
    List<Suite.Outcome> outcomes =
        Suite.run(
            browser,
            cases,
            Map.of("threads", 1, "rtol", 1e-3, "atol", 1e-6, "options", options),
            Map.of("/node", BackendTests.NODES),
            work,
            true,
            Duration.ofMinutes(25));
    List<Suite.Outcome> passed = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    Map<String, Integer> unsupported = new TreeMap<>();
    for (Suite.Outcome o : outcomes) {
      switch (o.status()) {
        case "passed" -> passed.add(o);
        case "unsupported" ->
            unsupported.merge(
                o.message().replaceAll(" at node.*|'[^']*'", ""), 1, Integer::sum);
        default -> wrong.add(o.name() + ": " + o.message());
      }
    }
    System.out.println(
        "conformance in " + kind + ", " + title + ": " + passed.size() + " passed, " + wrong.size()
            + " wrong, " + (outcomes.size() - passed.size() - wrong.size()) + " unsupported");
    unsupported.forEach((k, v) -> System.out.println("  unsupported " + v + "x " + k));
    wrong.forEach(w -> System.out.println("  WRONG " + w));
    assertEquals(List.of(), wrong);
    assertTrue(passed.size() >= 300, passed.size() + " node tests pass, wanted at least 300");
    return passed;
  }
}
