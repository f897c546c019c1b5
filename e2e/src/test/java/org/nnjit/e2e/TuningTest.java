package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tuning in browsers: answers stay those of ONNX Runtime, whatever is tried. */
class TuningTest {
  @TempDir Path work;

  @Test
  void tuningInChromium() throws Exception {
    check("chromium", 2);
  }

  @Test
  void tuningInFirefox() throws Exception {
    check("firefox", 1);
  }

  private void check(String kind, int threads) throws Exception {
    var browser = Suite.browser(kind);
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("good", ModelData.testCase("roberta-tiny", work));
    job.put("threads", threads);
    job.put("relative", 1e-4);
    List<Suite.Outcome> outcomes =
        Suite.page(
            browser,
            "tuning.html",
            job,
            Map.of("/made", work),
            work,
            true,
            Duration.ofMinutes(3),
            (json, process) -> {});
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(kind + ": " + o.name() + " " + o.status() + ": " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
  }
}
