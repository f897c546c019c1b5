package org.nnjit.cli;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code nnjit bench}: nnJIT and its peers in the same page, interleaved, with the ceilings of
 * multiply-adds and of reading measured beside them, before and after tuning; what compiling costs;
 * the ONNX node tests. Prints tables and writes JSON and an HTML report.
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
      description =
          "Models (default roberta-base, resnet50, mobilenet-v2); NAME@N is a text of N tokens.")
  private List<String> models;

  private static final List<String> SOME = List.of("roberta-base", "resnet50", "mobilenet-v2");

  /** Images and texts; a program in the place of a GPU takes seconds for a run of them. */
  private static final List<String> ON_GPU =
      List.of("mobilenet-v2", "resnet50", "roberta-base", "gpt2");

  @Option(names = "--all", description = "All models of true size that a browser has memory for.")
  private boolean all;

  private static final List<String> ALL =
      List.of(
          "roberta-base", "roberta-base@384", "bart-base-encoder", "t5-small-encoder", "gpt2",
          "vit-base", "resnet50", "mobilenet-v2", "efficientnet-lite0", "squeezenet1.1");

  @Option(names = "--threads", split = ",", description = "Thread counts (default 1,2).")
  private List<Integer> threads = List.of(1, 2);

  @Option(names = "--length", defaultValue = "128", description = "Tokens of a text (default 128).")
  private int length;

  @Option(names = "--rounds", defaultValue = "11", description = "Timed runs each (default 11).")
  private int rounds;

  @Option(
      names = "--tune",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Tune each model so long and measure again (default 10; 0: do not).")
  private double tune;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "3",
      description = "Run so long before timing (default 3).")
  private double warmUp;

  @Option(
      names = "--compile-cost",
      description = "Only compare the cost of compiling a kernel with Emscripten's, on a few.")
  private boolean compileCost;

  @Option(
      names = "--nodes",
      description =
          "Only the ONNX node tests: every one that both engines run; three minutes for each"
              + " number of threads.")
  private boolean nodes;

  @Option(
      names = "--generation",
      description =
          "Only text generation: steps, prompts and texts of true size, also against"
              + " transformers.js and wllama; writes 7 GB of models, twenty minutes for each"
              + " number of threads.")
  private boolean generation;

  @Option(
      names = "--webgpu",
      description =
          "Only models (default mobilenet-v2, resnet50, roberta-base, gpt2) and kernels on WebGPU,"
              + " against onnxruntime-web's and TensorFlow.js's on the same adapter, which without a"
              + " GPU is a program.")
  private boolean webgpu;

  @Option(
      names = "--browser-flags",
      split = ",",
      description =
          "Flags for Chromium, --enable-features=Vulkan,--use-angle=vulkan for a GPU under Linux"
              + " without a display.")
  private List<String> flags = List.of();

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      description =
          "Of the node tests, or of the lines of text generation, those whose name has a match.")
  private Pattern only;

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

  private BenchText console;
  private PageServer server;
  private Browser browser;
  private int reports;
  private int failures;
  private String userAgent = "";

  /**
   * What is measured.
   *
   * @param label the option's text
   * @param file name of the model's file, without ending
   * @param length tokens of a text
   */
  private record Case(String label, String file, int length) {
    String query() {
      return "&model=" + file + "&label=" + label + "&length=" + length;
    }
  }

  private Case caseOf(String label) {
    int at = label.indexOf('@');
    return at < 0
        ? new Case(label, label, length)
        : new Case(label, label.substring(0, at), Integer.parseInt(label.substring(at + 1)));
  }

  @Override
  public Integer call() throws Exception {
    PrintWriter lines = spec.commandLine().getOut();
    console = new BenchText(lines);
    Path cache = ModelFiles.defaultCache(Path.of("").toAbsolutePath());
    browser = Browser.find("chromium").orElseThrow(() -> new Main.Missing("no chromium found"));
    JsonObject report = new JsonObject();
    List<String> parts =
        List.of(
            "models", "first", "visits", "kernels", "nodes", "compileCost", "generation", "webgpu");
    parts.forEach(part -> report.add(part, new JsonArray()));
    if (compileCost) {
      compileCost(report.getAsJsonArray("compileCost"));
    } else if (nodes) {
      nodes(report.getAsJsonArray("nodes"));
    } else if (generation) {
      generation(report.getAsJsonArray("generation"), cache);
    } else if (webgpu) {
      webgpu(report.getAsJsonArray("webgpu"), cache);
    } else {
      List<Case> cases = cases(SOME, cache);
      try (PageServer running = serve(cache, Map.of())) {
        server = running;
        for (int t : threads) {
          for (Case c : cases) {
            measure(c, t, cache.resolve(c.file() + ".onnx"), report);
          }
          if (kernels) {
            for (JsonElement e : page("part=kernels", t, null)) {
              report.getAsJsonArray("kernels").add(e);
              console.kernel(e.getAsJsonObject());
            }
          }
        }
      }
    }
    report.addProperty("userAgent", userAgent);
    Files.writeString(Path.of(out + ".json"), report.toString());
    BenchReport.write(
        Path.of(out + ".html"), report, peers.resolve("chart.js/dist/chart.umd.min.js"));
    lines.println("wrote " + out + ".json and " + out + ".html");
    return failures == 0 ? 0 : 1;
  }

  /** The models asked for, or else these; their files are there afterwards. */
  private List<Case> cases(List<String> otherwise, Path cache) throws IOException {
    List<String> asked = all ? ALL : models != null ? models : otherwise;
    List<Case> cases = asked.stream().map(this::caseOf).toList();
    for (Case c : cases) {
      spec.commandLine().getOut().println("model " + c.file() + " ...");
      spec.commandLine().getOut().flush();
      ModelFiles.ensure(c.file(), cache);
    }
    return cases;
  }

  /** Models on the GPU, each in a page of its own; one that fails says so. */
  private void webgpu(JsonArray rows, Path cache) throws Exception {
    List<Case> cases = cases(ON_GPU, cache);
    try (PageServer running = serve(cache, Map.of())) {
      server = running;
      for (Case c : cases) {
        try {
          JsonObject row = page("part=webgpu" + c.query(), 1, null).get(0).getAsJsonObject();
          rows.add(row);
          console.webgpu(row);
        } catch (IOException e) {
          console.failed(c.label(), 1, e.getMessage());
          failures++;
        }
      }
      if (kernels) {
        for (JsonElement row : page("part=webgpuKernels", 1, null)) {
          rows.add(row);
          console.webgpu(row.getAsJsonObject());
        }
      }
    }
  }

  private PageServer serve(Path models, Map<String, Path> more) throws IOException {
    Map<String, Path> served = new LinkedHashMap<>(more);
    served.put("/peers", peers);
    return PageServer.start(
        new PageServer.Options("127.0.0.1", 0, true, List.of(models), served));
  }

  private void measure(Case c, int t, Path file, JsonObject report) throws Exception {
    JsonObject row = page("part=model" + c.query(), t, null).get(0).getAsJsonObject();
    row.add("nativeMs", nativeMs(file, t, c.length()));
    report.getAsJsonArray("models").add(row);
    console.model(row);
    JsonObject first = first(c, t, row.get("inputs").toString());
    first.addProperty("fileBytes", Files.size(file));
    report.getAsJsonArray("first").add(first);
    console.first(first);
    if (tune > 0) {
      JsonObject visits = page("part=visits" + c.query(), t, null).get(0).getAsJsonObject();
      report.getAsJsonArray("visits").add(visits);
      console.visits(visits);
    }
  }

  /** What {@code --only} leaves of these. */
  private <T> List<T> wanted(List<T> all, Function<T, String> name) {
    List<T> left =
        all.stream().filter(x -> only == null || only.matcher(name.apply(x)).find()).toList();
    if (left.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--only " + only + " leaves none of "
              + all.stream().map(name).limit(20).collect(Collectors.joining(", ")));
    }
    return left;
  }

  /** The lines of text generation, each in a page of its own; one that fails says so. */
  private void generation(JsonArray rows, Path models) throws Exception {
    List<GenerationBench.Line> lines =
        wanted(GenerationBench.lines(), GenerationBench.Line::name);
    try (PageServer running = serve(models, Map.of())) {
      server = running;
      for (GenerationBench.Line line : lines) {
        line.ensure(models);
        for (int t : threads) {
          try {
            JsonArray measured =
                page(
                    "part=generation&case="
                        + URLEncoder.encode(line.name(), StandardCharsets.UTF_8),
                    t, null);
            rows.addAll(measured);
            measured.forEach(row -> console.generation(row.getAsJsonObject()));
          } catch (IOException e) {
            console.failed(line.name(), t, e.getMessage());
            failures++;
          }
        }
      }
    }
  }

  /** The node tests with each number of threads, all in one page. */
  private void nodes(JsonArray rows) throws Exception {
    Path folder = BackendTests.NODES;
    if (!Files.isDirectory(folder)) {
      throw new Main.Missing("no ONNX node tests in " + folder + ": install libonnx-testdata");
    }
    List<Map<String, Object>> cases =
        wanted(BackendTests.cases(folder, "/node"), c -> c.get("name").toString());
    Path job = Files.createTempDirectory("nnjit-nodes");
    Files.writeString(job.resolve("job.json"), new Gson().toJson(cases));
    try (PageServer running = serve(job, Map.of("/node", folder, "/job", job))) {
      server = running;
      for (int t : threads) {
        JsonArray measured = page("part=nodes", t, null);
        rows.addAll(measured);
        console.nodes(measured, t);
      }
    }
  }

  /** A page for each kernel, as only the first plan of a page is compiled cold. */
  private void compileCost(JsonArray rows) throws Exception {
    Path dir = Files.createTempDirectory("nnjit-compile-cost");
    try (CompileCost cost = new CompileCost(dir, peers.resolveSibling("kernel-check.mjs"));
        PageServer running = serve(dir, Map.of())) {
      server = running;
      for (CompileCost.Sample sample : cost.samples()) {
        JsonArray page = page("part=compiling&model=" + sample.file(), 1, null);
        JsonObject row = cost.measure(sample, page);
        rows.add(row);
        console.compileCost(row);
      }
    }
  }

  private List<String> flags() {
    List<String> all = new ArrayList<>(flags);
    if (webgpu) {
      all.add("--enable-unsafe-webgpu");
    }
    return all;
  }

  /** What a page of its own reports; a fresh browser inherits no heap and no compiled code. */
  private JsonArray page(String query, int t, long[] peak) throws Exception {
    String id = "bench" + reports++;
    String path =
        "/web/bench.html?" + query + "&threads=" + t + "&rounds=" + rounds + "&tune="
            + Math.round(1000 * tune) + "&warmup=" + Math.round(1000 * warmUp) + "&report=" + id;
    try (Browser.Running running = browser.open(server.uri(path), true, flags())) {
      if (peak != null) {
        server.onProgress(id, text -> peak[0] = PeakMemory.of(running.process()));
      }
      if (nodes) {
        server.onProgress(id, console::progress);
      }
      String json = server.awaitReport(id, Duration.ofMinutes(20));
      if (peak != null) {
        peak[1] = PeakMemory.of(running.process());
      }
      JsonObject report = JsonParser.parseString(json).getAsJsonObject();
      if (report.has("failure")) {
        throw new IOException(query + ": " + report.get("failure").getAsString());
      }
      userAgent = report.get("userAgent").getAsString();
      return report.getAsJsonArray("rows");
    }
  }

  /** First answers from a file that the system has in memory, and what the pages' memory grew by. */
  private JsonObject first(Case c, int t, String inputs) throws Exception {
    JsonObject row = new JsonObject();
    row.addProperty("model", c.label());
    row.addProperty("threads", t);
    for (String engine : List.of("nnjit", "ort")) {
      long[] peak = new long[2];
      String query =
          "part=first&engine=" + engine + c.query() + "&inputs="
              + URLEncoder.encode(inputs, StandardCharsets.UTF_8);
      JsonObject r = page(query, t, peak).get(0).getAsJsonObject();
      row.add(engine + "Ms", r.get("firstMs"));
      row.addProperty(engine + "PeakBytes", peak[1] - peak[0]);
    }
    return row;
  }

  /** The median of native ONNX Runtime, or null where Node or the package does not run. */
  private JsonElement nativeMs(Path model, int t, int tokens) throws Exception {
    Path script = peers.resolveSibling("native.mjs");
    Process node =
        new ProcessBuilder(
                "node", script.toString(), model.toAbsolutePath().toString(), "" + t, "" + tokens,
                "" + rounds)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String text = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return node.waitFor() == 0
        ? JsonParser.parseString(text).getAsJsonObject().get("ms")
        : JsonNull.INSTANCE;
  }
}
