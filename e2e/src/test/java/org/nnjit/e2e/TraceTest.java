package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;

/** Traces of runs: every command, on the right threads, one after the other. */
class TraceTest {
  @TempDir Path work;

  @Test
  void tracesInChromiumOnTwoThreads() throws Exception {
    check("chromium", 2, true);
  }

  @Test
  void tracesInChromiumWithoutIsolation() throws Exception {
    check("chromium", 1, false);
  }

  @Test
  void tracesInFirefoxOnTwoThreads() throws Exception {
    check("firefox", 2, true);
  }

  private void check(String kind, int threads, boolean isolated) throws Exception {
    var browser = Suite.browser(kind);
    Model m = Models.named("vit-tiny");
    Path file = ModelFiles.write(m, work, ModelFiles.DEFAULT_SEED, bytes -> {});
    ModelData.expected(m, work, file, 0, 1, 16);
    Map<String, Object> job = new LinkedHashMap<>();
    job.put(
        "model",
        BackendTests.testCase(
            m.name(), "/made/" + file.getFileName(), BackendTests.sets(work, "/made")));
    job.put("threads", threads);
    List<Suite.Outcome> outcomes =
        Suite.page(
            browser,
            "traces.html",
            job,
            Map.of("/made", work),
            Files.createDirectories(work.resolve("job")),
            isolated,
            Duration.ofMinutes(2),
            (json, process) -> {});
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(kind + " " + threads + " threads: " + o.name() + ": " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(2, outcomes.size());
  }
}
