package org.nnjit.server;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.http.content.HttpContent;
import org.eclipse.jetty.http.content.ResourceHttpContentFactory;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SymlinkAllowedResourceAliasChecker;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.server.handler.ContextHandlerCollection;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.resource.Resource;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.nnjit.wasm.WasmException;
import org.nnjit.wasm.WasmText;

/**
 * A static server for pages that use shared memory: every answer carries COOP, COEP and CORP, files
 * have types, ETags and byte ranges. Pages post results to {@code /report/ID}; {@code /api/models}
 * lists the served models with the tokenizer and the config beside each; {@code /api/wat?kernel=NAME} answers a module that is posted with the text
 * of a kernel's functions.
 */
public final class PageServer implements AutoCloseable {
  private static final long MAX_REPORT_BYTES = 256L << 20;

  private final Server server;
  private final ServerConnector connector;
  private final Map<String, CompletableFuture<byte[]>> reports = new ConcurrentHashMap<>();
  private final Map<String, Consumer<String>> listeners = new ConcurrentHashMap<>();
  private final List<Path> modelDirectories;

  /**
   * What to serve.
   *
   * @param host address to bind, 127.0.0.1 for this machine only
   * @param port port, 0 for any free one
   * @param isolated send the headers that allow shared memory
   * @param modelDirectories folders served below /models/
   * @param extra folders served below other paths, such as "/node/"
   */
  public record Options(
      String host,
      int port,
      boolean isolated,
      List<Path> modelDirectories,
      Map<String, Path> extra) {

    public static Options local() {
      return new Options("127.0.0.1", 0, true, List.of(), Map.of());
    }
  }

  private PageServer(Options options) {
    server = new Server();
    connector = new ServerConnector(server);
    connector.setHost(options.host());
    connector.setPort(options.port());
    connector.setIdleTimeout(Duration.ofMinutes(10).toMillis());
    server.addConnector(connector);
    modelDirectories = options.modelDirectories();
    ContextHandlerCollection contexts = new ContextHandlerCollection();
    contexts.addHandler(classPath("/npm", "npm"));
    contexts.addHandler(classPath("/web", "web"));
    options.extra().forEach((path, dir) -> contexts.addHandler(directory(path, dir)));
    Handler models = new ModelsHandler();
    Handler.Sequence all = new Handler.Sequence(contexts, models, new ApiHandler());
    server.setHandler(new IsolationHandler(all, options.isolated()));
  }

  /**
   * Starts a server.
   *
   * @throws IOException when the port is taken or a folder does not exist
   */
  public static PageServer start(Options options) throws IOException {
    for (Path p : options.modelDirectories()) {
      if (!Files.isDirectory(p)) {
        throw new IOException("'" + p + "' is not a directory");
      }
    }
    PageServer s = new PageServer(options);
    try {
      s.server.start();
    } catch (BindException e) {
      throw new IOException(
          "port " + options.port() + " is in use; give another with --port, or 0 for any", e);
    } catch (Exception e) {
      if (e.getCause() instanceof BindException) {
        throw new IOException(
            "port " + options.port() + " is in use; give another with --port, or 0 for any", e);
      }
      throw new IOException("the server did not start: " + e.getMessage(), e);
    }
    return s;
  }

  /** Address of a path on this server. */
  public URI uri(String path) {
    String host = connector.getHost().equals("0.0.0.0") ? "127.0.0.1" : connector.getHost();
    return URI.create("http://" + host + ":" + connector.getLocalPort() + path);
  }

  /** Called with every post to {@code /progress/ID}. */
  public void onProgress(String id, Consumer<String> listener) {
    listeners.put(id, listener);
  }

  /**
   * The JSON that a page posts to {@code /report/ID}.
   *
   * @throws TimeoutException when none comes in time
   */
  public String awaitReport(String id, Duration timeout) throws TimeoutException {
    return new String(awaitBytes(id, timeout), StandardCharsets.UTF_8);
  }

  /**
   * The bytes that a page posts to {@code /report/ID}.
   *
   * @throws TimeoutException when none come in time
   */
  public byte[] awaitBytes(String id, Duration timeout) throws TimeoutException {
    CompletableFuture<byte[]> f = reports.computeIfAbsent(id, k -> new CompletableFuture<>());
    try {
      return f.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      reports.remove(id);
    }
  }

  /** Waits until the server is stopped. */
  public void join() throws InterruptedException {
    server.join();
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the server did not stop", e);
    }
  }

  private static ContextHandler classPath(String path, String resource) {
    ResourceFactory factory = ResourceFactory.root();
    return files(path, factory.newClassLoaderResource(resource, false));
  }

  private static ContextHandler directory(String path, Path dir) {
    try {
      return files(path, ResourceFactory.root().newResource(dir.toRealPath()));
    } catch (IOException e) {
      throw new UncheckedIOException("'" + dir + "' cannot be served", e);
    }
  }

  private static ContextHandler files(String path, Resource base) {
    ResourceHandler handler = new FileHandler();
    handler.setBaseResource(base);
    handler.setDirAllowed(false);
    handler.setAcceptRanges(true);
    handler.setEtags(true);
    handler.setCacheControl("no-cache");
    ContextHandler context = new ContextHandler(handler, path.replaceAll("/$", ""));
    MimeTypes.Mutable types = context.getMimeTypes();
    types.addMimeMapping("mjs", "text/javascript");
    types.addMimeMapping("js", "text/javascript");
    types.addMimeMapping("wasm", "application/wasm");
    for (String bytes : List.of("bin", "data", "npy", "onnx", "onnx_data", "pb")) {
      types.addMimeMapping(bytes, "application/octet-stream");
    }
    context.addAliasCheck(new SymlinkAllowedResourceAliasChecker(context, base));
    return context;
  }

  private Map<String, Path> models() {
    Map<String, Path> found = new LinkedHashMap<>();
    for (Path dir : modelDirectories) {
      try (Stream<Path> files = Files.list(dir)) {
        files
            .filter(p -> p.toString().endsWith(".onnx") || p.toString().endsWith(".gguf"))
            .sorted()
            .forEach(p -> found.putIfAbsent(p.getFileName().toString(), dir));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return found;
  }

  /** Files as they are at that moment, of any size: nothing is cached or mapped into memory. */
  private static final class FileHandler extends ResourceHandler {
    private static final int BUFFER_BYTES = 1 << 18;

    @Override
    protected HttpContent.Factory newHttpContentFactory(ByteBufferPool.Sized pool) {
      ByteBufferPool.Sized large =
          new ByteBufferPool.Sized(getServer().getByteBufferPool(), true, BUFFER_BYTES);
      return new ResourceHttpContentFactory(getBaseResource(), getMimeTypes(), large);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      boolean folder = Request.getPathInContext(request).endsWith("/");
      return !folder && super.handle(request, response, callback);
    }
  }

  /** Adds the headers that let a page use shared memory. */
  private static final class IsolationHandler extends Handler.Wrapper {
    private final boolean isolated;

    IsolationHandler(Handler inner, boolean isolated) {
      super(inner);
      this.isolated = isolated;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      if (isolated) {
        response.getHeaders().put("Cross-Origin-Opener-Policy", "same-origin");
        response.getHeaders().put("Cross-Origin-Embedder-Policy", "require-corp");
      }
      response.getHeaders().put("Cross-Origin-Resource-Policy", "cross-origin");
      response.getHeaders().put("X-Content-Type-Options", "nosniff");
      return super.handle(request, response, callback);
    }
  }

  /** Files below /models/ from every model directory. */
  private final class ModelsHandler extends Handler.Abstract {
    private final Map<Path, ContextHandler> contexts = new LinkedHashMap<>();

    ModelsHandler() {
      for (Path dir : modelDirectories) {
        contexts.put(dir, directory("/models", dir));
      }
    }

    @Override
    protected void doStart() throws Exception {
      for (ContextHandler c : contexts.values()) {
        c.setServer(getServer());
        c.start();
      }
      super.doStart();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      String path = Request.getPathInContext(request);
      if (!path.startsWith("/models/")) {
        return false;
      }
      for (Map.Entry<Path, ContextHandler> c : contexts.entrySet()) {
        Path file = c.getKey().resolve(path.substring("/models/".length())).normalize();
        if (file.startsWith(c.getKey()) && Files.isRegularFile(file)) {
          return c.getValue().handle(request, response, callback);
        }
      }
      return false;
    }
  }

  /** The endpoints, and the answer to whatever nobody else answers. */
  private final class ApiHandler extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      String path = Request.getPathInContext(request);
      if (path.equals("/") && request.getMethod().equals("GET")) {
        Response.sendRedirect(request, response, callback, "/web/demo.html");
        return true;
      }
      if (path.equals("/api/models")) {
        json(response, callback, new Gson().toJson(list()));
        return true;
      }
      boolean post = request.getMethod().equals("POST");
      if (post && request.getLength() > MAX_REPORT_BYTES) {
        Response.writeError(request, response, callback, 413);
        return true;
      }
      if (post && path.equals("/api/wat")) {
        wat(request, response, callback);
        return true;
      }
      if (post && (path.startsWith("/report/") || path.startsWith("/progress/"))) {
        byte[] body = body(request);
        String id = path.substring(path.indexOf('/', 1) + 1);
        if (path.startsWith("/report/")) {
          reports.computeIfAbsent(id, k -> new CompletableFuture<>()).complete(body);
        } else {
          Consumer<String> l = listeners.get(id);
          if (l != null) {
            l.accept(new String(body, StandardCharsets.UTF_8));
          }
        }
        json(response, callback, "{}");
        return true;
      }
      response.setStatus(404);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
      Content.Sink.write(response, true, "'" + path + "' is not served here\n", callback);
      return true;
    }

    /** The functions of the kernel that the query names, in the module that was posted. */
    private static void wat(Request request, Response response, Callback callback)
        throws IOException {
      String kernel = Request.extractQueryParameters(request).getValue("kernel");
      String text;
      try {
        text = WasmText.functions(body(request), kernel == null ? "" : kernel);
      } catch (WasmException e) {
        response.setStatus(400);
        text = e.getMessage();
      }
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
      Content.Sink.write(response, true, text, callback);
    }

    private static byte[] body(Request request) throws IOException {
      ByteBuffer posted = Content.Source.asByteBuffer(request);
      byte[] body = new byte[posted.remaining()];
      posted.get(body);
      return body;
    }

    private List<Map<String, Object>> list() throws IOException {
      List<Map<String, Object>> out = new ArrayList<>();
      for (Map.Entry<String, Path> e : models().entrySet()) {
        Path file = e.getValue().resolve(e.getKey());
        String name = e.getKey().replaceAll("\\.onnx$", "");
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", name);
        entry.put("url", "/models/" + e.getKey());
        entry.put("bytes", Files.size(file));
        for (String part : List.of("tokenizer", "config")) {
          beside(e.getValue(), name, part).ifPresent(f -> entry.put(part, "/models/" + f));
        }
        out.add(entry);
      }
      return out;
    }

    /** What belongs to a model: the file with its name in front, or the folder's. */
    private static Optional<String> beside(Path dir, String name, String part) {
      return Stream.of(name + "." + part + ".json", part + ".json")
          .filter(f -> Files.isRegularFile(dir.resolve(f)))
          .findFirst();
    }

    private static void json(Response response, Callback callback, String text) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
      Content.Sink.write(response, true, text, callback);
    }
  }
}
