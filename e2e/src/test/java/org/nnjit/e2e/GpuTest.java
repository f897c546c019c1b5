package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    long grown =
        Suite.growth(
            "WebGPU", Suite.browser("chromium"), "gpu.html", job, work, true);
    assertTrue(grown < GROWTH_BYTES, "resident memory grew by " + grown + " bytes");
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
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println("WebGPU, " + kind + ": " + o.name() + " " + o.status() + " " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(outcomes.size() >= 17, "all cases ran: " + outcomes.size());
  }
}
