package org.nnjit.cli;

import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.nnjit.graph.ModelException;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit run}: any ONNX file in a browser without a window, with made-up inputs. */
@Command(
    name = "run",
    description = "Run an ONNX file in a headless browser on sample inputs and print the results.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL.onnx", description = "The model.")
  private Path model;

  @Option(names = "--threads", defaultValue = "2", description = "Threads (default 2).")
  private int threads;

  @Option(names = "--browser", defaultValue = "chromium", description = "chromium or firefox.")
  private String browser;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (!Files.isRegularFile(model)) {
      throw new ModelException("no file '" + model + "'");
    }
    if (!model.toString().endsWith(".onnx")) {
      throw new ModelException("'" + model + "' is no .onnx file");
    }
    Browser found =
        Browser.find(browser)
            .orElseThrow(() -> new Main.Missing("no " + browser + " found; install it first"));
    Path file = model.toAbsolutePath();
    String name = file.getFileName().toString().replaceAll("\\.onnx$", "");
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, true, List.of(file.getParent()), Map.of());
    try (PageServer server = PageServer.start(options)) {
      String path =
          "/web/demo.html?model=" + java.net.URLEncoder.encode(name, java.nio.charset.StandardCharsets.UTF_8)
              + "&threads=" + threads + "&report=run";
      try (Browser.Running ignored = found.open(server.uri(path), true, List.of())) {
        String json = server.awaitReport("run", Duration.ofMinutes(5));
        return DemoCommand.print(out, name, JsonParser.parseString(json).getAsJsonObject()) ? 0 : 1;
      }
    }
  }
}
