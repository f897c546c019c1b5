package org.nnjit.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
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
 * {@code nnjit bench}: nnJIT and its peers in the same page, interleaved, with the ceilings of
 * multiply-adds and of reading measured beside them. Prints tables and writes JSON and an HTML
 * report.
 */
@Command(
    name = "bench",
    description = "Measure against onnxruntime-web, TensorFlow.js and the machine's ceilings.",
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

  @Option(
      names = "--kernels",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Single kernels too (default).")
  private boolean kernels;

  private PrintWriter console;
  private PageServer server;
  private Browser browser;
  private int reports;
  private String userAgent = "";

  @Override
  public Integer call() throws Exception {
    console = spec.commandLine().getOut();
    Path cache = ModelFiles.defaultCache(Path.of("").toAbsolutePath());
    for (String m : models) {
      console.println("model " + m + " ...");
      console.flush();
      ModelFiles.ensure(m, cache);
    }
    browser = Browser.find("chromium").orElseThrow(() -> new Main.Missing("no chromium found"));
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, true, List.of(cache), Map.of("/peers", peers));
    JsonObject report = new JsonObject();
    JsonArray modelRows = new JsonArray();
    JsonArray kernelRows = new JsonArray();
    JsonArray firstRows = new JsonArray();
    report.add("models", modelRows);
    report.add("first", firstRows);
    report.add("kernels", kernelRows);
    try (PageServer running = PageServer.start(options)) {
      server = running;
      for (int t : threads) {
        for (String m : models) {
          JsonObject row = page("part=models&model=" + m, t, null).get(0).getAsJsonObject();
          row.add("nativeMs", nativeMs(cache.resolve(m + ".onnx"), t));
          modelRows.add(row);
          printModel(row);
          JsonObject first = first(m, t, row.get("inputs").toString());
          first.addProperty("fileBytes", Files.size(cache.resolve(m + ".onnx")));
          firstRows.add(first);
          printFirst(first);
        }
        if (kernels) {
          for (JsonElement e : page("part=kernels", t, null)) {
            kernelRows.add(e);
            printKernel(e.getAsJsonObject());
          }
        }
      }
    }
    report.addProperty("userAgent", userAgent);
    Files.writeString(Path.of(out + ".json"), report.toString());
    BenchReport.write(
        Path.of(out + ".html"), report, peers.resolve("chart.js/dist/chart.umd.min.js"));
    console.println("wrote " + out + ".json and " + out + ".html");
    return 0;
  }

  /** What a page of its own reports; a fresh browser inherits no heap and no compiled code. */
  private JsonArray page(String query, int t, long[] peak) throws Exception {
    String id = "bench" + reports++;
    String path =
        "/web/bench.html?" + query + "&threads=" + t + "&length=" + length + "&rounds=" + rounds
            + "&report=" + id;
    try (Browser.Running running = browser.open(server.uri(path), true, List.of())) {
      if (peak != null) {
        server.onProgress(id, text -> peak[0] = PeakMemory.of(running.process()));
      }
      String json = server.awaitReport(id, Duration.ofMinutes(20));
      if (peak != null) {
        peak[1] = PeakMemory.of(running.process());
      }
      JsonObject report = JsonParser.parseString(json).getAsJsonObject();
      if (report.has("failure")) {
        throw new java.io.IOException(query + ": " + report.get("failure").getAsString());
      }
      userAgent = report.get("userAgent").getAsString();
      return report.getAsJsonArray("rows");
    }
  }

  /** First answers from a file that the system has in memory, and what the pages' memory grew by. */
  private JsonObject first(String model, int t, String inputs) throws Exception {
    JsonObject row = new JsonObject();
    row.addProperty("model", model);
    row.addProperty("threads", t);
    for (String engine : List.of("nnjit", "ort")) {
      long[] peak = new long[2];
      String query =
          "part=first&engine=" + engine + "&model=" + model + "&inputs="
              + URLEncoder.encode(inputs, StandardCharsets.UTF_8);
      JsonObject r = page(query, t, peak).get(0).getAsJsonObject();
      row.add(engine + "Ms", r.get("firstMs"));
      row.addProperty(engine + "PeakBytes", peak[1] - peak[0]);
    }
    return row;
  }

  /** The median of native ONNX Runtime, or null where Node or the package does not run. */
  private JsonElement nativeMs(Path model, int t) throws Exception {
    Path script = peers.resolveSibling("native.mjs");
    Process node =
        new ProcessBuilder(
                "node", script.toString(), model.toAbsolutePath().toString(), "" + t, "" + length,
                "" + rounds)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String text = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return node.waitFor() == 0
        ? JsonParser.parseString(text).getAsJsonObject().get("ms")
        : JsonNull.INSTANCE;
  }

  private static double number(JsonObject o, String key) {
    return o.get(key).isJsonNull() ? Double.NaN : o.get(key).getAsDouble();
  }

  private void printModel(JsonObject r) {
    console.printf(
        "%-18s %d T  nnJIT %8.1f ms (+-%.0f%%)  onnxruntime-web %8.1f ms (+-%.0f%%)  ratio %.2f"
            + "  native %.1f ms  error %.1e%n",
        r.get("model").getAsString(), r.get("threads").getAsInt(), number(r, "nnjitMs"),
        100 * number(r, "nnjitSpread"), number(r, "ortMs"), 100 * number(r, "ortSpread"),
        number(r, "ratio"), number(r, "nativeMs"), number(r, "relativeError"));
    console.printf(
        "%18s %.0f%% of the FMA ceiling of %.1f GFLOP/s a thread; compiled in %.0f ms, a kernel in"
            + " %.3f ms (median of %d, most %.2f)%n",
        "", 100 * number(r, "ofCeiling"), number(r, "fmaGflops"), number(r, "compileMs"),
        number(r, "emitMedianMs"), r.get("kernels").getAsInt(), number(r, "emitMostMs"));
    console.flush();
  }

  private void printFirst(JsonObject r) {
    console.printf(
        "%18s first answer nnJIT %.0f ms, onnxruntime-web %.0f ms; peak memory %.2f and %.2f of the"
            + " file%n",
        "", number(r, "nnjitMs"), number(r, "ortMs"),
        number(r, "nnjitPeakBytes") / number(r, "fileBytes"),
        number(r, "ortPeakBytes") / number(r, "fileBytes"));
    console.flush();
  }

  private void printKernel(JsonObject r) {
    console.printf(
        "%-26s %d T  nnJIT %8.3f ms  onnxruntime-web %8.3f  TensorFlow.js %8.3f  ratio %.2f  %6.1f"
            + " GFLOP/s = %3.0f%% of FMA, %3.0f%% of read bandwidth%n",
        r.get("kernel").getAsString(), r.get("threads").getAsInt(), number(r, "nnjitMs"),
        number(r, "ortMs"), number(r, "tfjsMs"), number(r, "ratio"), number(r, "gflops"),
        100 * number(r, "ofFma"), 100 * number(r, "ofRead"));
    console.flush();
  }
}
