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
    Map<String, Long> resident = new ConcurrentHashMap<>();
    List<Suite.Outcome> outcomes =
        Suite.page(
            browser,
            "faults.html",
            job,
            Map.of("/made", work),
            work,
            isolated,
            Duration.ofMinutes(5),
            (json, process) -> {
              JsonObject o = JsonParser.parseString(json).getAsJsonObject();
              resident.put(o.get("mark").getAsString(), Suite.residentBytes(process.toHandle()));
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
    long grown = resident.get("after") - resident.get("before");
    System.out.println(
        kind + ": resident memory grew by " + grown / 1_000_000 + " MB in " + CYCLES + " cycles");
    assertTrue(grown < GROWTH_BYTES, "resident memory grew by " + grown + " bytes");
  }
}
