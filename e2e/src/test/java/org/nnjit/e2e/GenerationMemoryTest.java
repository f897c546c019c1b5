package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

  /** What generators may leave in resident memory when they come and go: not one worker's heap. */
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
    Map<String, Long> resident = new ConcurrentHashMap<>();
    List<Suite.Outcome> outcomes =
        Suite.page(
            browser,
            "generation-memory.html",
            job,
            Map.of("/made", work),
            work,
            isolated,
            Duration.ofMinutes(5),
            (json, process) -> {
              JsonObject o = JsonParser.parseString(json).getAsJsonObject();
              resident.put(
                  o.get("mark").getAsString(), Suite.residentBytes(process.toHandle()));
            });
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(
          kind + " " + threads + " threads: " + o.name() + " " + o.status() + ": " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(5, outcomes.size());
    long grown = resident.get("after") - resident.get("before");
    System.out.println(
        kind + ": resident memory grew by " + grown / 1_000_000 + " MB in " + CYCLES
            + " generators");
    assertTrue(grown < GROWTH_BYTES, "resident memory grew by " + grown + " bytes");
  }
}
