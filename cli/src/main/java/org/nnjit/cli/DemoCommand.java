package org.nnjit.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.PrintWriter;
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
 * {@code nnjit demo}: opens the demo page on the project's own models. Without a display it drives a
 * browser without a window and prints what the page found.
 */
@Command(
    name = "demo",
    description = "Open the demo page; without a display, run it and print what it found.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final List<String> SHOWN = List.of("digits", "mobilenet-v2", "normaliser", "roberta-tiny");

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      split = ",",
      description = "Models to show (default digits, mobilenet-v2, normaliser, roberta-tiny).")
  private List<String> models = SHOWN;

  @Option(names = "--threads", defaultValue = "2", description = "Threads (default 2).")
  private int threads;

  @Option(names = "--headless", description = "No window even where there is a display.")
  private boolean headless;

  @Option(names = "--browser", defaultValue = "chromium", description = "chromium or firefox.")
  private String browser;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Path cache = ModelFiles.defaultCache(Path.of("").toAbsolutePath());
    for (String m : models) {
      out.println("model " + m + " ...");
      out.flush();
      ModelFiles.ensure(m, cache);
    }
    boolean window = !headless && !GraphicsEnvironment.isHeadless() && Desktop.isDesktopSupported();
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, true, List.of(cache), Map.of());
    try (PageServer server = PageServer.start(options)) {
      if (window) {
        out.println("the demo page is " + server.uri("/web/demo.html") + "  (Ctrl-C ends it)");
        out.flush();
        Desktop.getDesktop().browse(server.uri("/web/demo.html?model=" + models.get(0)));
        server.join();
        return 0;
      }
      Browser found =
          Browser.find(browser)
              .orElseThrow(
                  () ->
                      new Main.Missing(
                          "no " + browser + " found; install it, e.g. 'apt-get install "
                              + (browser.equals("firefox") ? "firefox-esr" : "chromium") + "'"));
      boolean ok = true;
      for (String m : models) {
        String id = "demo-" + m;
        String path = "/web/demo.html?model=" + m + "&threads=" + threads + "&report=" + id;
        try (Browser.Running ignored = found.open(server.uri(path), true, List.of())) {
          String json = server.awaitReport(id, Duration.ofMinutes(3));
          ok &= print(out, m, JsonParser.parseString(json).getAsJsonObject());
        }
      }
      return ok ? 0 : 1;
    }
  }

  static boolean print(PrintWriter out, String model, JsonObject report) {
    out.println();
    if (report.has("error")) {
      out.println(model + " FAILED: " + report.get("error").getAsString());
      return false;
    }
    out.println("== " + model + " ==");
    JsonObject device = report.getAsJsonObject("device");
    out.println(
        "  Device          simd=" + device.get("simd") + " relaxed-simd="
            + device.get("relaxedSimd") + " threads=" + device.get("threads") + " isolated="
            + device.get("isolated"));
    for (JsonElement note : device.getAsJsonArray("notes")) {
      out.println("  Note            " + note.getAsString());
    }
    for (Map.Entry<String, JsonElement> e : report.getAsJsonObject("facts").entrySet()) {
      out.println(pad(e.getKey()) + e.getValue().getAsString());
    }
    for (Map.Entry<String, JsonElement> e : report.getAsJsonObject("outputs").entrySet()) {
      out.println(pad("Output") + e.getKey() + ": " + e.getValue().getAsString());
    }
    if (report.has("drawnSevenRecognisedAs")) {
      out.println(pad("Drawn 7 read as") + report.get("drawnSevenRecognisedAs").getAsString());
    }
    if (report.has("wrote")) {
      JsonArray wrote = report.getAsJsonArray("wrote");
      out.println(
          pad("Wrote") + wrote.get(1).getAsString() + " for '" + wrote.get(0).getAsString() + "'");
    }
    JsonArray slowest = report.getAsJsonArray("slowest");
    for (JsonElement e : slowest) {
      JsonObject c = e.getAsJsonObject();
      out.printf(
          "    %8.3f ms  %-32s %s%n",
          c.get("ms").getAsDouble(), c.get("kernel").getAsString(), c.get("outputShape").getAsString());
    }
    out.flush();
    return true;
  }

  private static String pad(String key) {
    return "  " + key + " ".repeat(Math.max(1, 16 - key.length()));
  }
}
