package org.nnjit.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code nnjit bench}: nnJIT and onnxruntime-web in the same page, interleaved, with the
 * multiply-add ceiling measured beside them. Prints a table and writes JSON and an HTML report.
 */
@Command(
    name = "bench",
    description = "Measure against onnxruntime-web in one page, interleaved.",
    mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--models",
      split = ",",
      description = "Models (default roberta-base, resnet50, mobilenet-v2).")
  private List<String> models = List.of("roberta-base", "resnet50", "mobilenet-v2");

  @Option(names = "--threads", split = ",", description = "Thread counts (default 1,2).")
  private List<Integer> threads = List.of(1, 2);

  @Option(names = "--length", defaultValue = "128", description = "Tokens of a text (default 128).")
  private int length;

  @Option(names = "--rounds", defaultValue = "11", description = "Timed runs each (default 11).")
  private int rounds;

  @Option(names = "--out", defaultValue = "bench-report", description = "Report files, without ending.")
  private Path out;

  @Option(names = "--peers", hidden = true, required = true)
  private Path peers;

  @Override
  public Integer call() throws Exception {
    PrintWriter console = spec.commandLine().getOut();
    Path cache = ModelFiles.defaultCache(Path.of("").toAbsolutePath());
    for (String m : models) {
      console.println("model " + m + " ...");
      console.flush();
      ModelFiles.ensure(m, cache);
    }
    Browser browser =
        Browser.find("chromium").orElseThrow(() -> new Main.Missing("no chromium found"));
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, true, List.of(cache), Map.of("/peers", peers));
    JsonArray rows = new JsonArray();
    try (PageServer server = PageServer.start(options)) {
      for (int t : threads) {
        for (String m : models) {
          // A fresh browser for each row: no engine inherits the other's heap or thermal state.
          String id = "bench-" + m + "-" + t;
          String path =
              "/web/bench.html?models=" + m + "&threads=" + t + "&length=" + length + "&rounds="
                  + rounds + "&report=" + id;
          try (Browser.Running ignored = browser.open(server.uri(path), true, List.of())) {
            String json = server.awaitReport(id, Duration.ofMinutes(10));
            JsonObject report = JsonParser.parseString(json).getAsJsonObject();
            if (report.has("failure")) {
              throw new java.io.IOException(m + ": " + report.get("failure").getAsString());
            }
            JsonObject row = report.getAsJsonArray("rows").get(0).getAsJsonObject();
            rows.add(row);
            print(console, row);
          }
        }
      }
    }
    Files.writeString(Path.of(out + ".json"), rows.toString());
    Files.writeString(Path.of(out + ".html"), html(rows));
    console.println("wrote " + out + ".json and " + out + ".html");
    return 0;
  }

  private static double number(JsonObject o, String key) {
    return o.get(key).getAsDouble();
  }

  private static void print(PrintWriter console, JsonObject r) {
    JsonObject best = r.has("best") ? r.getAsJsonObject("best") : null;
    console.printf(
        "%-18s %d threads  nnJIT %8.1f ms (+-%.0f%%)  onnxruntime-web %8.1f ms (+-%.0f%%)"
            + "  ratio %.2f  first answer %.0f / %.0f ms  error %.1e%n",
        r.get("model").getAsString(), r.get("threads").getAsInt(), number(r, "nnjitMs"),
        100 * number(r, "nnjitSpread"), number(r, "ortMs"), 100 * number(r, "ortSpread"),
        number(r, "ratio"), number(r, "nnjitFirstMs"), number(r, "ortFirstMs"),
        number(r, "relativeError"));
    if (best != null) {
      console.printf(
          "%18s best kernel %s: %.1f GFLOP/s, %.0f%% of the ceiling of %.1f%n", "",
          best.get("kernel").getAsString(), number(best, "gflops"),
          100 * number(best, "gflops") / number(r, "fmaGflops"), number(r, "fmaGflops"));
    }
    console.flush();
  }

  /** A page with bars: one pair for each row. */
  private static String html(JsonArray rows) {
    double top = 1e-9;
    for (JsonElement e : rows) {
      JsonObject r = e.getAsJsonObject();
      top = Math.max(top, Math.max(number(r, "nnjitMs"), number(r, "ortMs")));
    }
    StringBuilder body = new StringBuilder();
    for (JsonElement e : rows) {
      JsonObject r = e.getAsJsonObject();
      body.append("<h2>").append(r.get("model").getAsString()).append(", ");
      body.append(r.get("threads").getAsInt()).append(" threads</h2>");
      for (String key : List.of("nnjitMs", "ortMs")) {
        String name = key.equals("nnjitMs") ? "nnJIT" : "onnxruntime-web";
        body.append("<p><span>").append(name).append("</span><i class=").append(key);
        body.append(" style='width:").append(Math.round(600 * number(r, key) / top));
        body.append("px'></i> ").append(Math.round(number(r, key) * 10) / 10.0).append(" ms</p>");
      }
    }
    return """
        <!doctype html><meta charset="utf-8"><title>nnJIT bench</title>
        <style>body{font:16px system-ui;margin:2rem;max-width:60rem}h2{font-size:1rem;margin:1.2rem 0 .2rem}
        p{margin:.15rem 0}span{display:inline-block;width:9rem}i{display:inline-block;height:.8rem;border-radius:3px}
        .nnjitMs{background:#2457d6}.ortMs{background:#9aa3b2}</style>
        <h1>nnJIT bench</h1><p>Median of interleaved runs in one page; lower is better.</p>
        """
        + body;
  }
}
