package org.nnjit.cli;

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
import java.util.function.Function;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.plan.Tunable;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Target;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;
import org.nnjit.session.Compiler;
import org.nnjit.session.GpuBackend;
import org.nnjit.tune.Tuner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit tune}: finds better schedules for a model's kernels in a browser. */
@Command(
    name = "tune",
    description = "Tune a model's kernels in a headless browser, or count what there is to try.",
    mixinStandardHelpOptions = true)
final class TuneCommand implements Callable<Integer> {
  private static final String REPORT = "tune";

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "An ONNX file, or a name of nnjit models.")
  private String model;

  @Option(
      names = "--count",
      description = "Only print how many schedules each kernel has in all and worth trying.")
  private boolean count;

  @Option(
      names = "--exhaustive",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "After ten seconds in the lite space try N schedules from all over each full space, to"
              + " judge the lite space by.")
  private int exhaustive;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Time to tune (default 10).")
  private double budget;

  @Option(names = "--threads", defaultValue = "1", description = "Threads (default 1).")
  private int threads;

  @Option(names = "--length", defaultValue = "128", description = "Tokens of a text (default 128).")
  private int length;

  @Option(names = "--browser", defaultValue = "chromium", description = "chromium or firefox.")
  private String browser;

  @Option(names = "--webgpu", description = "Kernels for a GPU, by WebGPU.")
  private boolean webgpu;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Path file =
        model.endsWith(".onnx")
            ? Path.of(model).toAbsolutePath()
            : ModelFiles.ensure(model, ModelFiles.defaultCache(Path.of("").toAbsolutePath()));
    if (count) {
      count(file, out);
      return 0;
    }
    JsonObject report = tune(file, out);
    if (report.has("failure")) {
      throw new IOException(report.get("failure").getAsString());
    }
    out.print(report.get("log").getAsString());
    out.printf(
        "%.2f ms before, %.2f ms after %.1f s and %d schedules (%s)%n",
        report.get("before").getAsDouble(), report.get("after").getAsDouble(),
        report.get("ms").getAsDouble() / 1000, report.get("tried").getAsInt(),
        report.get("state").getAsString());
    if (exhaustive > 0) {
      out.printf(
          "the lite space, after %.1f s and %d schedules, reaches %.1f %% of the best of %d schedules"
              + " of the full spaces%n",
          report.getAsJsonObject("lite").get("ms").getAsDouble() / 1000,
          report.getAsJsonObject("lite").get("tried").getAsInt(),
          100 / report.get("speedup").getAsDouble(), report.get("tried").getAsInt());
    }
    return 0;
  }

  private JsonObject tune(Path file, PrintWriter out) throws Exception {
    if (!Files.isRegularFile(file)) {
      throw new IOException("no file '" + file + "'");
    }
    Browser found =
        Browser.find(browser)
            .orElseThrow(() -> new Main.Missing("no " + browser + " found; install it first"));
    String name = file.getFileName().toString().replaceAll("\\.onnx$", "");
    String path =
        "/web/tune.html?report=" + REPORT + "&model="
            + URLEncoder.encode(name, StandardCharsets.UTF_8) + "&threads=" + threads + "&length="
            + length + "&budget=" + Math.round(budget * 1000) + "&wide=" + exhaustive
            + "&provider=" + (webgpu ? "webgpu" : "wasm");
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, true, List.of(file.getParent()), Map.of());
    List<String> flags = webgpu ? List.of("--enable-unsafe-webgpu") : List.of();
    try (PageServer server = PageServer.start(options);
        Browser.Running ignored = found.open(server.uri(path), true, flags)) {
      server.onProgress(
          REPORT,
          text -> {
            out.println(JsonParser.parseString(text).getAsString());
            out.flush();
          });
      Duration most = Duration.ofSeconds(Math.round(5 * budget) + 300);
      return JsonParser.parseString(server.awaitReport(REPORT, most)).getAsJsonObject();
    }
  }

  private void count(Path file, PrintWriter out) throws IOException {
    GpuBackend gpu = webgpu ? new GpuBackend(GpuTarget.least()) : null;
    Compiler.Compiled compiled = CompiledModel.of(file, Map.of(), length, gpu).compiled();
    if (webgpu) {
      count(compiled.gpu().pipelines(), gpu::lite, out);
    } else {
      Tuner.Spaces spaces = Tuner.spaces(Target.common());
      count(compiled.plan().kernels(), kernel -> spaces.of(kernel, 0), out);
    }
  }

  private static <K extends Tunable> void count(
      List<K> kernels, Function<K, LiteSpace> spaces, PrintWriter out) {
    double full = 0;
    int lite = 0;
    Set<String> seen = new HashSet<>();
    for (K k : kernels) {
      LiteSpace space = spaces.apply(k);
      if (!seen.add(k.workload().key()) || space.candidates().size() < 2) {
        continue;
      }
      full += space.full();
      lite += space.candidates().size();
      out.printf(
          "%-56s %,18.0f schedules, %3d worth trying%n",
          k.name(), space.full(), space.candidates().size());
      for (String line : space.log()) {
        out.println("  " + line);
      }
    }
    out.printf("%d kernels: %,.0f schedules, %d worth trying%n", seen.size(), full, lite);
  }
}
