package org.nnjit.e2e;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.nnjit.server.Browser;

/** Works a page of Chromium as a user does, by the Chrome DevTools Protocol. */
final class DevTools implements AutoCloseable, WebSocket.Listener {
  /** What the browser must be started with. */
  static final String FLAG = "--remote-debugging-port=0";

  private static final long SECONDS = 20;

  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final StringBuilder message = new StringBuilder();
  private final WebSocket socket;

  /** Connects to the only page of a browser. */
  DevTools(Browser.Running browser) throws Exception {
    String port = port(browser.profile().resolve("DevToolsActivePort"));
    HttpRequest list =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list")).build();
    String page = null;
    for (int i = 0; page == null && i < 10 * SECONDS; i++) {
      JsonArray targets =
          JsonParser.parseString(client.send(list, BodyHandlers.ofString()).body())
              .getAsJsonArray();
      for (JsonElement t : targets) {
        JsonObject target = t.getAsJsonObject();
        if (target.get("type").getAsString().equals("page")) {
          page = target.get("webSocketDebuggerUrl").getAsString();
        }
      }
      Thread.sleep(100);
    }
    if (page == null) {
      throw new IOException("the browser has no page");
    }
    socket =
        client
            .newWebSocketBuilder()
            .buildAsync(URI.create(page), this)
            .get(SECONDS, TimeUnit.SECONDS);
  }

  private static String port(Path file) throws Exception {
    for (int i = 0; i < 10 * SECONDS; i++) {
      if (Files.exists(file) && Files.size(file) > 0) {
        return Files.readAllLines(file).get(0);
      }
      Thread.sleep(100);
    }
    throw new IOException("the browser does not say its debugging port");
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    message.append(data);
    if (last) {
      JsonObject answer = JsonParser.parseString(message.toString()).getAsJsonObject();
      message.setLength(0);
      if (answer.has("id")) {
        waiting.remove(answer.get("id").getAsInt()).complete(answer);
      }
    }
    from.request(1);
    return null;
  }

  /** Calls a method of the protocol and returns its result. */
  JsonObject call(String method, JsonObject parameters) throws Exception {
    JsonObject request = new JsonObject();
    int id = calls.incrementAndGet();
    request.addProperty("id", id);
    request.addProperty("method", method);
    request.add("params", parameters);
    CompletableFuture<JsonObject> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    socket.sendText(request.toString(), true).get(SECONDS, TimeUnit.SECONDS);
    JsonObject got = answer.get(SECONDS, TimeUnit.SECONDS);
    if (got.has("error")) {
      throw new IOException(method + ": " + got.get("error"));
    }
    return got.getAsJsonObject("result");
  }

  /** The value of an expression in the page, a promise's too. */
  JsonElement evaluate(String expression) throws Exception {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("expression", expression);
    parameters.addProperty("awaitPromise", true);
    parameters.addProperty("returnByValue", true);
    JsonObject result = call("Runtime.evaluate", parameters);
    if (result.has("exceptionDetails")) {
      throw new IOException(expression + ": " + result.get("exceptionDetails"));
    }
    return result.getAsJsonObject("result").get("value");
  }

  /**
   * One event of the mouse with its left button held.
   *
   * @param type mousePressed, mouseMoved or mouseReleased
   * @param x from the left of the window, in pixels
   * @param y from its top
   */
  void mouse(String type, double x, double y) throws Exception {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("type", type);
    parameters.addProperty("x", x);
    parameters.addProperty("y", y);
    parameters.addProperty("button", "left");
    parameters.addProperty("buttons", type.equals("mouseReleased") ? 0 : 1);
    parameters.addProperty("clickCount", 1);
    call("Input.dispatchMouseEvent", parameters);
  }

  @Override
  public void close() {
    socket.abort();
    client.shutdownNow();
  }
}
