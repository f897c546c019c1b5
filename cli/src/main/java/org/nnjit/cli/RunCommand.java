package org.nnjit.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.nnjit.cli.tensors.FeedFiles;
import org.nnjit.cli.tensors.Npy;
import org.nnjit.graph.ModelException;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;
import org.nnjit.session.ModelReader;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit run}: any ONNX file in a browser without a window. */
@Command(
    name = "run",
    description = "Run an ONNX file in a headless browser, on made-up inputs or on yours.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final String REPORT = "run";

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL.onnx", description = "The model, ONNX or GGUF.")
  private Path model;

  @Option(names = "--threads", defaultValue = "2", description = "Threads (default 2).")
  private int threads;

  @Option(names = "--browser", defaultValue = "chromium", description = "chromium or firefox.")
  private String browser;

  @Option(
      names = "--feed",
      paramLabel = "NAME[:DIMS]=FILE",
      description =
          "An input from a file: .pb (ONNX tensor), .npy (NumPy), .json (arrays) or .bin"
              + " (little-endian elements), e.g. --feed ids:1x128=ids.bin; one for each input.")
  private List<String> feeds = List.of();

  @Option(
      names = "--save",
      paramLabel = "DIR",
      description = "Write the outputs there, as .npy files.")
  private Path save;

  @Option(
      names = "--trace",
      paramLabel = "FILE.json",
      description =
          "Write there when each thread called which kernel in one run, for chrome://tracing or"
              + " ui.perfetto.dev.")
  private Path trace;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (!Files.isRegularFile(model)) {
      throw new ModelException("no file '" + model + "'");
    }
    if (!model.toString().endsWith(".onnx") && !model.toString().endsWith(".gguf")) {
      throw new ModelException("'" + model + "' is no .onnx or .gguf file");
    }
    Path traceDir = trace == null ? null : trace.toAbsolutePath().getParent();
    if (trace != null && (!Files.isDirectory(traceDir) || Files.isDirectory(trace))) {
      throw new ModelException("--trace '" + trace + "': wanted a file in a folder that exists");
    }
    Path file = model.toAbsolutePath();
    String name = file.getFileName().toString().replaceAll("\\.onnx$", "");
    StringBuilder path = new StringBuilder("/web/demo.html?report=" + REPORT);
    path.append("&model=").append(URLEncoder.encode(name, StandardCharsets.UTF_8));
    path.append("&threads=").append(threads);
    path.append(trace == null ? "" : "&trace=1").append(save == null ? "" : "&save=1");
    Path served = Files.createTempDirectory("nnjit-feeds");
    try {
      serveFeeds(served, path, out);
      Browser found =
          Browser.find(browser)
              .orElseThrow(() -> new Main.Missing("no " + browser + " found; install it first"));
      PageServer.Options options =
          new PageServer.Options(
              "127.0.0.1", 0, true, List.of(file.getParent()), Map.of("/feeds", served));
      try (PageServer server = PageServer.start(options);
          Browser.Running ignored = found.open(server.uri(path.toString()), true, List.of())) {
        JsonObject report =
            JsonParser.parseString(server.awaitReport(REPORT, Duration.ofMinutes(5)))
                .getAsJsonObject();
        if (!DemoCommand.print(out, name, report)) {
          return 1;
        }
        if (trace != null) {
          JsonObject t = report.getAsJsonObject("trace");
          Files.writeString(trace, t.toString());
          out.println("wrote " + trace + ": open it in chrome://tracing or ui.perfetto.dev");
        }
        if (save != null) {
          saveOutputs(server, report, out);
        }
        return 0;
      }
    } finally {
      for (int i = 0; i < feeds.size(); i++) {
        Files.deleteIfExists(served.resolve(i + ".pb"));
      }
      Files.delete(served);
    }
  }

  /** Writes the feeds where the page finds them, and their addresses into the page's own. */
  private void serveFeeds(Path dir, StringBuilder path, PrintWriter out) throws IOException {
    if (feeds.isEmpty()) {
      return;
    }
    Map<String, Tensor> tensors =
        FeedFiles.read(feeds, ModelReader.read(ModelFile.open(model)).graph());
    int i = 0;
    for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
      Tensor t = e.getValue();
      Files.write(dir.resolve(i + ".pb"), FeedFiles.proto(e.getKey(), t));
      path.append("&feed=/feeds/").append(i++).append(".pb");
      out.println("input " + e.getKey() + ": " + t.dtype().onnxName() + t.shape());
    }
    out.flush();
  }

  private void saveOutputs(PageServer server, JsonObject report, PrintWriter out)
      throws IOException, TimeoutException {
    Files.createDirectories(save);
    Set<String> used = new HashSet<>();
    int i = 0;
    for (JsonElement e : report.getAsJsonArray("saved")) {
      JsonObject o = e.getAsJsonObject();
      int[] dims =
          o.getAsJsonArray("dims").asList().stream().mapToInt(JsonElement::getAsInt).toArray();
      byte[] bytes = server.awaitBytes(REPORT + "-output-" + i++, Duration.ofSeconds(10));
      Tensor t =
          new Tensor(DType.ofName(o.get("type").getAsString()), Shape.of(dims), bytes);
      String name = o.get("name").getAsString();
      Path file = save.resolve(fileName(name, used));
      Files.write(file, Npy.write(t));
      out.println("wrote " + file + ": " + name + " " + t.dtype().onnxName() + t.shape());
    }
  }

  /** A name for a file of an output, none of the used ones; names of values may hold slashes. */
  static String fileName(String output, Set<String> used) {
    String plain = output.replaceAll("[^A-Za-z0-9._-]", "_").replaceAll("^\\.+", "_");
    String name = plain;
    for (int n = 2; !used.add(name); n++) {
      name = plain + "-" + n;
    }
    return name + ".npy";
  }
}
