package org.nnjit.e2e;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;

/** Runs a list of cases in a browser through the page suite.html. */
final class Suite {
  private Suite() {}

  /**
   * Flags for Chromium: WebGPU without a graphics card, by SwiftShader on the CPU, and memory that
   * is measured at once instead of with some later garbage collection, for which a page waits up to
   * half a minute.
   */
  private static final List<String> CHROMIUM =
      List.of("--enable-unsafe-webgpu", "--enable-blink-features=ForceEagerMeasureMemory");

  /**
   * One result line of the page.
   *
   * @param line all that the page said of it
   */
  record Outcome(String name, String status, String message, double error, JsonObject line) {}

  /** The browser of this kind; the test is skipped without it, and fails in CI. */
  static Browser browser(String kind) {
    boolean wanted = Boolean.parseBoolean(System.getProperty("nnjit.browsers", "true"));
    Assumptions.assumeTrue(wanted, "browser suites are switched off (--quick)");
    Optional<Browser> found = Browser.find(kind);
    if (found.isEmpty() && Boolean.getBoolean("nnjit.requireBrowsers")) {
      Assertions.fail(kind + " is not installed, and CI requires the browser suites");
    }
    Assumptions.assumeTrue(found.isPresent(), kind + " is not installed");
    return found.get();
  }

  /**
   * Skips the test, with the reason, where this browser has no WebGPU or finds no adapter. Whatever
   * else is wrong with its WebGPU is for the test to find.
   *
   * @param work folder for a model and the job file
   */
  static void needWebGpu(String kind, Path work) throws Exception {
    Browser browser = browser(kind);
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("cases", List.of(ModelData.testCase("roberta-tiny", work)));
    job.put("threads", 1);
    job.put("relative", 1e-3);
    job.put("options", Map.of("executionProviders", List.of("webgpu")));
    Outcome o =
        page(
                browser, "suite.html", job, Map.of("/made", work), work, true,
                Duration.ofMinutes(2), (mark, process) -> {})
            .get(0);
    boolean absent =
        o.message().contains("gives no adapter") || o.message().contains("does not have it");
    Assumptions.assumeFalse(absent, kind + ": " + o.message());
  }

  /**
   * Runs cases and returns what the page reports.
   *
   * @param directories folders to serve, by path
   * @param work folder for the job file, served too
   */
  static List<Outcome> run(
      Browser browser,
      List<Map<String, Object>> cases,
      Map<String, Object> settings,
      Map<String, Path> directories,
      Path work,
      boolean isolated,
      Duration timeout)
      throws Exception {
    Map<String, Object> job = new LinkedHashMap<>(settings);
    job.put("cases", cases);
    return page(
        browser, "suite.html", job, directories, work, isolated, timeout, (mark, process) -> {});
  }

  /** What a page says on its way. */
  interface Watch {
    void progress(String json, Process browser);
  }

  /**
   * Opens a page below {@code /web/} with a job and returns what it reports.
   *
   * @param directories folders to serve, by path
   * @param work folder for the job file, served too
   */
  static List<Outcome> page(
      Browser browser,
      String page,
      Map<String, Object> job,
      Map<String, Path> directories,
      Path work,
      boolean isolated,
      Duration timeout,
      Watch watch)
      throws Exception {
    Files.writeString(work.resolve("job.json"), new Gson().toJson(job));
    Map<String, Path> served = new LinkedHashMap<>(directories);
    served.put("/job", work);
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, isolated, List.of(), served);
    try (PageServer server = PageServer.start(options);
        Browser.Running running =
            browser.open(
                server.uri("/web/" + page + "?report=suite&job=/job/job.json"),
                true,
                browser.kind().equals("chromium") ? CHROMIUM : List.of())) {
      server.onProgress("suite", json -> watch.progress(json, running.process()));
      String json = server.awaitReport("suite", timeout);
      JsonObject report = JsonParser.parseString(json).getAsJsonObject();
      if (report.has("failure")) {
        Assertions.fail("the page failed: " + report.get("failure").getAsString());
      }
      JsonArray results = report.getAsJsonArray("results");
      List<Outcome> out = new ArrayList<>();
      for (JsonElement e : results) {
        JsonObject r = e.getAsJsonObject();
        String message = r.has("message") ? r.get("message").getAsString() : "";
        double error = r.has("error") && !r.get("error").isJsonNull() ? r.get("error").getAsDouble() : 0;
        out.add(
            new Outcome(
                r.get("name").getAsString(), r.get("status").getAsString(), message, error, r));
      }
      return out;
    }
  }

  /** How long a browser may take to give back what nobody needs: it collects garbage when it likes. */
  private static final Duration SETTLING = Duration.ofSeconds(20);

  /**
   * Opens a page of cases, all of which must pass, that posts progress at two moments: {@code before}
   * and {@code after} something that shall leave nothing behind, and checks that it does not.
   *
   * @param label printed before each outcome
   * @param made folder for the job file, served at {@code /made} too
   * @param allowed the browser's memory must have grown by fewer bytes between the two
   */
  static void growth(
      String label,
      Browser browser,
      String page,
      Map<String, Object> job,
      Path made,
      boolean isolated,
      long allowed)
      throws Exception {
    Map<String, Long> resident = new ConcurrentHashMap<>();
    List<Outcome> outcomes =
        page(
            browser,
            page,
            job,
            Map.of("/made", made),
            made,
            isolated,
            Duration.ofMinutes(5),
            (json, process) -> {
              String mark = JsonParser.parseString(json).getAsJsonObject().get("mark").getAsString();
              resident.put(
                  mark,
                  mark.equals("after")
                      ? settledBytes(process.toHandle(), resident.get("before") + allowed)
                      : residentBytes(process.toHandle()));
            });
    List<String> wrong = new ArrayList<>();
    for (Outcome o : outcomes) {
      System.out.println(label + ": " + o.name() + " " + o.status() + ": " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    Assertions.assertEquals(List.of(), wrong);
    Assertions.assertFalse(outcomes.isEmpty(), "the page has no cases");
    long grown = resident.get("after") - resident.get("before");
    System.out.println(label + ": resident memory grew by " + grown / 1_000_000 + " MB");
    Assertions.assertTrue(grown < allowed, "resident memory grew by " + grown + " bytes");
  }

  /** Resident memory as soon as it is less than wanted, or the least of {@link #SETTLING}, in bytes. */
  private static long settledBytes(ProcessHandle root, long wanted) {
    long end = System.nanoTime() + SETTLING.toNanos();
    long least = residentBytes(root);
    while (least >= wanted && System.nanoTime() < end) {
      LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
      least = Math.min(least, residentBytes(root));
    }
    return least;
  }

  /**
   * Resident memory of a process and all below it, in bytes, where pages that several share count
   * once: a browser starts empty processes in advance, which have 75 MB each and share 60 of them. 0
   * where {@code /proc} is missing.
   */
  private static long residentBytes(ProcessHandle root) {
    return Stream.concat(Stream.of(root), root.descendants())
        .mapToLong(
            p -> {
              Long shared = bytes(p, "smaps_rollup", "Pss:");
              // Of a process in a sandbox only root may read more than its status.
              Long all = shared != null ? shared : bytes(p, "status", "VmRSS:");
              return all == null ? 0 : all;
            })
        .sum();
  }

  /** A number of a process's file; null where the file, or the process, is not there or cannot be read. */
  private static Long bytes(ProcessHandle p, String file, String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + p.pid() + "/" + file))) {
        if (line.startsWith(name)) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
        }
      }
    } catch (IOException e) {
      // The process has ended meanwhile, or is not to be looked at, or this is no Linux.
    }
    return null;
  }
}
