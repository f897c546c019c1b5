package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;

/**
 * Sessions on WebGPU and what goes wrong there: no adapter, a lost device, refused kernels, no
 * memory, sessions that come and go. {@link ConformanceTest} has the operators.
 */
class GpuTest {
  private static final int CYCLES = 200;

  /** A tenth of what the cycles would leave if each left its 2 MiB of weights twice. */
  private static final long GROWTH_BYTES = CYCLES * (4L << 20) / 10;

  @TempDir Path work;

  @Test
  void faultsInChromium() throws Exception {
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("good", ModelData.testCase("roberta-tiny", work));
    job.put("threads", 1);
    job.put("relative", 1e-4);
    job.put("cycles", CYCLES);
    Suite.growth(
        "WebGPU", Suite.browser("chromium"), "gpu.html", job, work, true,
        GROWTH_BYTES);
  }

  @Test
  void textInChromium() throws Exception {
    text("chromium");
  }

  @Test
  void textInFirefox() throws Exception {
    Suite.needWebGpu("firefox", work);
    text("firefox");
  }

  private void text(String kind) throws Exception {
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("models", new GenerationTest.Texts(work).models());
    job.put("threads", 1);
    job.put("cycles", CYCLES);
    List<Suite.Outcome> outcomes =
        Suite.page(
            Suite.browser(kind), "gpu-text.html", job, Map.of("/made", work), work, true,
            Duration.ofMinutes(5), (json, process) -> {});
    passed(outcomes, 17);
  }

  /** Models of true size on SwiftShader against ONNX Runtime; for {@code --full}. */
  @Test
  void fullModelsInChromium() throws Exception {
    Path cache = full();
    List<Map<String, Object>> cases = new ArrayList<>();
    for (String name : List.of("roberta-base", "resnet50", "gpt2-with-past")) {
      Model m = Models.named(name);
      Path file = ModelFiles.ensure(name, cache);
      Path dir = Files.createDirectories(work.resolve(name));
      ModelData.expected(m, dir, file, 0, 1, 16);
      if (m.takesPast()) {
        ModelData.expected(m, dir, file, 1, 1, 1, 16);
      }
      cases.add(
          BackendTests.testCase(
              name, "/cache/" + file.getFileName(), BackendTests.sets(dir, "/made/" + name)));
    }
    Map<String, Object> settings =
        Map.of(
            "threads", 1, "relative", 1e-4,
            "options", Map.of("tune", false, "executionProviders", List.of("webgpu", "wasm")));
    List<Suite.Outcome> outcomes =
        Suite.run(
            Suite.browser("chromium"), cases, settings, Map.of("/made", work, "/cache", cache),
            work, true, Duration.ofMinutes(10));
    passed(outcomes, 3);
    for (Suite.Outcome o : outcomes) {
      assertEquals("webgpu", o.line().get("provider").getAsString(), o.name());
      assertEquals(0, o.line().get("hostCalls").getAsInt(), o.name() + " has slices");
    }
  }

  /** GPT-2 of true size decodes with a cache on the GPU, token for token as ONNX Runtime. */
  @Test
  void fullTextInChromium() throws Exception {
    Path cache = full();
    Path file = ModelFiles.ensure("gpt2-with-past", cache);
    List<Long> prompt = List.of(464L, 3290L, 318L, 257L, 845L);
    List<Long> tokens = GreedyText.of(null, file, prompt, 0, 6, 1000);
    Map<String, Object> model =
        Map.of(
            "name", "gpt2", "parts", Map.of("decoder", "/cache/" + file.getFileName()),
            "config", Map.of("vocab_size", 50257, "n_positions", 64),
            "runs", List.of(Map.of("prompt", prompt, "repetitionPenalty", 1000, "tokens", tokens)));
    Map<String, Object> job =
        Map.of("models", List.of(model), "threads", 1, "cycles", 1, "only", "greedy text");
    passed(
        Suite.page(
            Suite.browser("chromium"), "gpu-text.html", job, Map.of("/cache", cache), work, true,
            Duration.ofMinutes(10), (json, process) -> {}),
        1);
  }

  /** Where models of true size are kept; the test is skipped without {@code --full}. */
  private static Path full() {
    Assumptions.assumeTrue(
        Boolean.getBoolean("nnjit.fullModels"), "models of true size take long; run with --full");
    return ModelFiles.defaultCache(Path.of("").toAbsolutePath());
  }

  private static void passed(List<Suite.Outcome> outcomes, int least) {
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(
          "WebGPU: " + o.name() + " " + o.status() + " error " + o.error() + " " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(outcomes.size() >= least, "all cases ran: " + outcomes.size());
  }
}
