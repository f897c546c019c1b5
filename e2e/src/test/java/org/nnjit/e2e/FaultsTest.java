package org.nnjit.e2e;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What goes wrong in a page: damaged models, wrong feeds, no memory, workers that end. Each fault
 * must say what it is, and after each a good model must answer as ONNX Runtime does.
 */
class FaultsTest {
  private static final int CYCLES = 100;

  /** A tenth of what the cycles would leave if each left its 16 MiB. */
  private static final long GROWTH_BYTES = CYCLES * (16L << 20) / 10;

  @TempDir Path work;

  @Test
  void faultsInChromiumOnTwoThreads() throws Exception {
    check("chromium", 2, true);
  }

  @Test
  void faultsInChromiumWithoutIsolation() throws Exception {
    check("chromium", 1, false);
  }

  @Test
  void faultsInFirefoxOnTwoThreads() throws Exception {
    check("firefox", 2, true);
  }

  private void check(String kind, int threads, boolean isolated) throws Exception {
    var browser = Suite.browser(kind);
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("good", ModelData.testCase("roberta-tiny", work));
    job.put("large", ModelData.testCase("mobilenet-v2", work));
    job.put("threads", threads);
    job.put("relative", 1e-4);
    job.put("cycles", CYCLES);
    Suite.growth(
        kind + " " + threads + " threads", browser, "faults.html", job, work, isolated,
        GROWTH_BYTES);
  }
}
