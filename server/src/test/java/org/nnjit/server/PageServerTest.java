package org.nnjit.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nnjit.wasm.WasmModule;

/** What browsers ask of the server, by HTTP as they do. */
class PageServerTest {
  private static final byte[] BYTES = new byte[1000];

  static {
    for (int i = 0; i < BYTES.length; i++) {
      BYTES[i] = (byte) (i * 7);
    }
  }

  @TempDir Path work;
  private Path models;
  private Path extra;
  private PageServer server;
  private HttpClient client;

  @BeforeEach
  void start() throws Exception {
    models = Files.createDirectories(work.resolve("models"));
    extra = Files.createDirectories(work.resolve("extra"));
    Files.write(models.resolve("a.onnx"), BYTES);
    Files.write(models.resolve("a.data"), BYTES);
    Files.write(extra.resolve("b.pb"), BYTES);
    Files.writeString(work.resolve("secret.onnx"), "secret");
    server = PageServer.start(options(true));
    client = HttpClient.newHttpClient();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private PageServer.Options options(boolean isolated) {
    return new PageServer.Options(
        "127.0.0.1", 0, isolated, List.of(models), Map.of("/extra", extra));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(server.uri(path)).timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<byte[]> get(String path, String... headers) throws Exception {
    HttpRequest.Builder r = request(path);
    if (headers.length > 0) {
      r.headers(headers);
    }
    return client.send(r.build(), BodyHandlers.ofByteArray());
  }

  private static String header(HttpResponse<?> r, String name) {
    return r.headers().firstValue(name).orElse("");
  }

  private static String text(HttpResponse<byte[]> r) {
    return new String(r.body(), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/web/page.html", "/npm/module.js", "/npm/empty.wasm", "/models/a.onnx", "/extra/b.pb",
        "/api/models", "/web/none.js", "/models/none.onnx", "/none"
      })
  void everyAnswerLetsThePageShareMemory(String path) throws Exception {
    for (String method : List.of("GET", "HEAD")) {
      HttpResponse<byte[]> r =
          client.send(
              request(path).method(method, BodyPublishers.noBody()).build(),
              BodyHandlers.ofByteArray());
      assertEquals("same-origin", header(r, "Cross-Origin-Opener-Policy"), method);
      assertEquals("require-corp", header(r, "Cross-Origin-Embedder-Policy"), method);
      assertEquals("cross-origin", header(r, "Cross-Origin-Resource-Policy"), method);
      assertEquals("nosniff", header(r, "X-Content-Type-Options"), method);
    }
  }

  @Test
  void isolationCanBeLeftOut() throws Exception {
    server.close();
    server = PageServer.start(options(false));
    HttpResponse<byte[]> r = get("/web/page.html");
    assertEquals(200, r.statusCode());
    assertEquals("", header(r, "Cross-Origin-Opener-Policy"));
    assertEquals("", header(r, "Cross-Origin-Embedder-Policy"));
    assertEquals("cross-origin", header(r, "Cross-Origin-Resource-Policy"));
  }

  @ParameterizedTest
  @CsvSource({
    "/web/page.html, text/html",
    "/web/data.json, application/json",
    "/web/module.mjs, text/javascript",
    "/npm/module.js, text/javascript",
    "/npm/empty.wasm, application/wasm",
    "/models/a.onnx, application/octet-stream",
    "/models/a.data, application/octet-stream",
    "/extra/b.pb, application/octet-stream",
    "/api/models, application/json",
  })
  void filesHaveTypes(String path, String type) throws Exception {
    HttpResponse<byte[]> r = get(path);
    assertEquals(200, r.statusCode());
    String given = header(r, "Content-Type");
    assertTrue(given.equals(type) || given.startsWith(type + ";"), given);
  }

  /** A page shows its progress by Content-Length: the whole file must not come in chunks. */
  @Test
  void wholeFilesSayTheirLength() throws Exception {
    HttpResponse<byte[]> r = get("/models/a.onnx", "Accept-Encoding", "gzip, br");
    assertEquals("1000", header(r, "Content-Length"));
    assertEquals("bytes", header(r, "Accept-Ranges"));
    assertEquals("", header(r, "Content-Encoding"));
    assertArrayEquals(BYTES, r.body());
  }

  @ParameterizedTest
  @CsvSource({
    "0-0, 0, 1",
    "0-99, 0, 100",
    "400-499, 400, 500",
    "990-, 990, 1000",
    "990-5000, 990, 1000",
    "-10, 990, 1000",
    "-5000, 0, 1000",
    "0-999, 0, 1000",
  })
  void ranges(String asked, int from, int to) throws Exception {
    for (String path : List.of("/models/a.onnx", "/extra/b.pb")) {
      HttpResponse<byte[]> r = get(path, "Range", "bytes=" + asked);
      assertEquals(206, r.statusCode());
      assertEquals("bytes " + from + "-" + (to - 1) + "/1000", header(r, "Content-Range"));
      assertEquals(Integer.toString(to - from), header(r, "Content-Length"));
      assertArrayEquals(Arrays.copyOfRange(BYTES, from, to), r.body());
    }
  }

  @Test
  void rangesAlsoOfWhatLiesOnTheClassPath() throws Exception {
    HttpResponse<byte[]> r = get("/npm/empty.wasm", "Range", "bytes=1-3");
    assertEquals(206, r.statusCode());
    assertEquals("asm", text(r));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1000-", "1000-1001", "5000-6000"})
  void rangesBeyondTheEndCannotBeHad(String asked) throws Exception {
    HttpResponse<byte[]> r = get("/models/a.onnx", "Range", "bytes=" + asked);
    assertEquals(416, r.statusCode());
    assertEquals("bytes */1000", header(r, "Content-Range"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/models/a.onnx", "/web/page.html", "/npm/module.js", "/extra/b.pb"})
  void whatHasNotChangedIsNotSentAgain(String path) throws Exception {
    HttpResponse<byte[]> first = get(path);
    String tag = header(first, "ETag");
    assertFalse(tag.isEmpty());
    assertEquals("no-cache", header(first, "Cache-Control"), "browsers must ask each time");
    HttpResponse<byte[]> again = get(path, "If-None-Match", tag);
    assertEquals(304, again.statusCode());
    assertEquals(0, again.body().length);
    assertEquals(tag, header(again, "ETag"));
    assertEquals(200, get(path, "If-None-Match", "\"other\"").statusCode());
  }

  @Test
  void changedFilesGetAnotherTag() throws Exception {
    String tag = header(get("/models/a.onnx"), "ETag");
    Files.write(models.resolve("a.onnx"), Arrays.copyOf(BYTES, 999));
    HttpResponse<byte[]> r = get("/models/a.onnx", "If-None-Match", tag);
    assertEquals(200, r.statusCode());
    assertEquals(999, r.body().length);
    assertFalse(tag.equals(header(r, "ETag")));
  }

  @Test
  void headSaysWhatGetWouldSend() throws Exception {
    HttpResponse<byte[]> r =
        client.send(
            request("/models/a.onnx").method("HEAD", BodyPublishers.noBody()).build(),
            BodyHandlers.ofByteArray());
    assertEquals(200, r.statusCode());
    assertEquals("1000", header(r, "Content-Length"));
    assertEquals("application/octet-stream", header(r, "Content-Type"));
    assertFalse(header(r, "ETag").isEmpty());
    assertEquals(0, r.body().length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/models/none.onnx", "/web/none.js", "/extra/none", "/none", "/models/", "/extra/"
      })
  void missingFilesAreNamed(String path) throws Exception {
    HttpResponse<byte[]> r = get(path);
    assertEquals(404, r.statusCode());
    assertTrue(header(r, "Content-Type").startsWith("text/plain"), header(r, "Content-Type"));
    assertEquals("'" + path + "' is not served here\n", text(r));
  }

  @Test
  void filesCannotBeWritten() throws Exception {
    for (String method : List.of("PUT", "POST", "DELETE")) {
      HttpRequest r =
          request("/models/a.onnx").method(method, BodyPublishers.ofString("x")).build();
      HttpResponse<byte[]> answer = client.send(r, BodyHandlers.ofByteArray());
      assertTrue(answer.statusCode() >= 400, method + " was answered " + answer.statusCode());
    }
    assertArrayEquals(BYTES, Files.readAllBytes(models.resolve("a.onnx")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/models/../secret.onnx", "/models/%2e%2e/secret.onnx", "/models/..%2fsecret.onnx",
        "/models/%2e%2e%2fsecret.onnx", "/models/..%5csecret.onnx", "/models/..;/secret.onnx",
        "/models//../secret.onnx", "/models/./../secret.onnx", "/extra/../secret.onnx",
        "/extra/..%2fsecret.onnx", "/extra/%252e%252e/secret.onnx", "/models/%00/../secret.onnx",
        "/../secret.onnx", "//secret.onnx", "/npm/../../secret.onnx"
      })
  void nothingOutsideTheFoldersIsServed(String path) throws Exception {
    String answer = raw("GET " + path + " HTTP/1.1");
    assertTrue(answer.matches("(?s)HTTP/1.1 4\\d\\d .*"), answer);
    assertFalse(answer.contains("\r\n\r\nsecret"), answer);
  }

  /** The answer to a request line that no client library would send. */
  private String raw(String line) throws IOException {
    URI at = server.uri("/");
    try (Socket socket = new Socket(at.getHost(), at.getPort())) {
      socket.setSoTimeout(20_000);
      String text = line + "\r\nHost: " + at.getAuthority() + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  /** As in the caches of model hubs, where the files of a version are links into a store. */
  @Test
  void linksOfAModelFolderAreFollowed() throws Exception {
    Path stored = Files.write(Files.createDirectories(work.resolve("store")).resolve("1f"), BYTES);
    Files.createSymbolicLink(models.resolve("linked.onnx"), stored);
    HttpResponse<byte[]> r = get("/models/linked.onnx");
    assertEquals(200, r.statusCode());
    assertArrayEquals(BYTES, r.body());
  }

  @Test
  void rangesOfFilesBeyondTwoGigabytes() throws Exception {
    long size = (5L << 30) + 3;
    byte[] mark = "here".getBytes(StandardCharsets.US_ASCII);
    long[] places = {(1L << 31) - 2, 1L << 32, size - 4};
    Path large = models.resolve("large.data");
    try (SeekableByteChannel out =
        Files.newByteChannel(
            large,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      for (long place : places) {
        out.position(place).write(ByteBuffer.wrap(mark));
      }
    }
    for (long place : places) {
      String range = place + "-" + (place + 3);
      HttpResponse<byte[]> r = get("/models/large.data", "Range", "bytes=" + range);
      assertEquals(206, r.statusCode());
      assertEquals("bytes " + range + "/" + size, header(r, "Content-Range"));
      assertEquals("4", header(r, "Content-Length"));
      assertEquals("here", text(r));
    }
    assertEquals("here", text(get("/models/large.data", "Range", "bytes=-4")));
    HttpResponse<byte[]> head =
        client.send(
            request("/models/large.data").method("HEAD", BodyPublishers.noBody()).build(),
            BodyHandlers.ofByteArray());
    assertEquals(Long.toString(size), header(head, "Content-Length"));
  }

  @Test
  void modelsAreListed() throws Exception {
    JsonArray list = JsonParser.parseString(text(get("/api/models"))).getAsJsonArray();
    assertEquals(1, list.size());
    JsonObject a = list.get(0).getAsJsonObject();
    assertEquals("a", a.get("name").getAsString());
    assertEquals("/models/a.onnx", a.get("url").getAsString());
    assertEquals(1000, a.get("bytes").getAsLong());
    assertFalse(a.has("tokenizer"), a.toString());
  }

  /** A model's own files come before the folder's. */
  @Test
  void whatBelongsToModelsIsListed() throws Exception {
    Files.writeString(models.resolve("config.json"), "{}");
    Files.writeString(models.resolve("tokenizer.json"), "{}");
    Files.writeString(models.resolve("a.tokenizer.json"), "{}");
    JsonArray list = JsonParser.parseString(text(get("/api/models"))).getAsJsonArray();
    JsonObject a = list.get(0).getAsJsonObject();
    assertEquals("/models/a.tokenizer.json", a.get("tokenizer").getAsString());
    assertEquals("/models/config.json", a.get("config").getAsString());
    assertEquals("{}", text(get(a.get("tokenizer").getAsString())));
  }

  @Test
  void theRootLeadsToTheDemo() throws Exception {
    HttpResponse<byte[]> r = get("/");
    assertEquals(302, r.statusCode());
    assertTrue(header(r, "Location").endsWith("/web/demo.html"), header(r, "Location"));
  }

  @Test
  void reportsReachWhoWaitsForThem() throws Exception {
    List<String> heard = new ArrayList<>();
    server.onProgress("id", heard::add);
    for (String path : List.of("/progress/id", "/report/id")) {
      HttpRequest r = request(path).POST(BodyPublishers.ofString("ä " + path)).build();
      assertEquals(200, client.send(r, BodyHandlers.ofByteArray()).statusCode());
    }
    assertEquals(List.of("ä /progress/id"), heard);
    assertEquals("ä /report/id", server.awaitReport("id", Duration.ofSeconds(5)));
    assertThrows(
        TimeoutException.class, () -> server.awaitReport("other", Duration.ofMillis(50)));
  }

  @Test
  void whatCannotBeServedIsSaid() {
    int port = server.uri("/").getPort();
    PageServer.Options taken =
        new PageServer.Options("127.0.0.1", port, true, List.of(), Map.of());
    String message = assertThrows(IOException.class, () -> PageServer.start(taken)).getMessage();
    assertEquals("port " + port + " is in use; give another with --port, or 0 for any", message);
    Path none = work.resolve("none");
    PageServer.Options missing =
        new PageServer.Options("127.0.0.1", 0, true, List.of(none), Map.of());
    assertEquals(
        "'" + none + "' is not a directory",
        assertThrows(IOException.class, () -> PageServer.start(missing)).getMessage());
  }

  @Test
  void aKernelOfAPostedModuleIsText() throws Exception {
    WasmModule module = new WasmModule();
    for (String name : List.of("matmul", "matmul__tile", "matmul_2")) {
      module.function(name, "i:i").get(0);
    }
    HttpResponse<String> text = wat(module.toBytes(true));
    assertEquals(200, text.statusCode());
    assertTrue(text.body().contains("(func $matmul "), text.body());
    assertTrue(text.body().contains("(func $matmul__tile "), text.body());
    assertFalse(text.body().contains("matmul_2"), text.body());
    HttpResponse<String> error = wat(new byte[] {1, 2, 3});
    assertEquals(400, error.statusCode());
    assertFalse(error.body().isEmpty());
  }

  private HttpResponse<String> wat(byte[] module) throws Exception {
    URI uri = server.uri("/api/wat?kernel=matmul");
    HttpRequest post = HttpRequest.newBuilder(uri).POST(BodyPublishers.ofByteArray(module)).build();
    return client.send(post, BodyHandlers.ofString());
  }
}
