package org.nnjit.e2e;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;

/**
 * The demo page open on a model in Chromium.
 *
 * @param report what it says of itself once the model has run
 */
record DemoPage(PageServer server, Browser.Running running, DevTools page, JsonObject report)
    implements AutoCloseable {

  static DemoPage open(String model, Path work) throws Exception {
    Browser chromium = Suite.browser("chromium");
    ModelFiles.write(Models.named(model), work, ModelFiles.DEFAULT_SEED, bytes -> {});
    PageServer server =
        PageServer.start(
            new PageServer.Options("127.0.0.1", 0, true, List.of(work), Map.of()));
    Browser.Running running = null;
    try {
      running =
          chromium.open(
              server.uri("/web/demo.html?model=" + model + "&report=demo"),
              true,
              List.of(DevTools.FLAG));
      DevTools page = new DevTools(running);
      String report = server.awaitReport("demo", Duration.ofMinutes(1));
      return new DemoPage(
          server, running, page, JsonParser.parseString(report).getAsJsonObject());
    } catch (Exception | Error e) {
      if (running != null) {
        running.close();
      }
      server.close();
      throw e;
    }
  }

  @Override
  public void close() {
    page.close();
    running.close();
    server.close();
  }
}
