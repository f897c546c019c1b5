package org.nnjit.e2e;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.GgufLlama;
import org.nnjit.cli.models.GgufType;

/**
 * Memory of text generation in browsers: 2,000 tokens take no more than their keys and values, and
 * what is aborted or released leaves nothing.
 */
class GenerationMemoryTest {
  private static final int TOKENS = 2000;
  private static final int CYCLES = 40;

  /** What generators may leave in resident memory when they come and go: 2.5 MB each. */
  private static final long GROWTH_BYTES = 100L << 20;

  @TempDir Path work;

  @Test
  void memoryInChromiumOnTwoThreads() throws Exception {
    check("chromium", 2, true);
  }

  @Test
  void memoryInChromiumWithoutIsolation() throws Exception {
    check("chromium", 1, false);
  }

  @Test
  void memoryInFirefoxOnTwoThreads() throws Exception {
    check("firefox", 2, true);
  }

  private void check(String kind, int threads, boolean isolated) throws Exception {
    var browser = Suite.browser(kind);
    GgufLlama llama = GgufLlama.tiny(GgufType.F32, GgufType.F32, false);
    llama.gguf().write(work.resolve("llama.gguf"));
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("model", "/made/llama.gguf");
    job.put("vocabulary", llama.vocabulary());
    job.put("rowBytes", llama.rowBytes());
    job.put("tokens", TOKENS);
    job.put("cycles", CYCLES);
    job.put("threads", threads);
    Suite.growth(
        kind + " " + threads + " threads", browser, "generation-memory.html", job, work, isolated,
        GROWTH_BYTES);
  }
}
