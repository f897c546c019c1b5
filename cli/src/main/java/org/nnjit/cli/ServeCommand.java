package org.nnjit.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.nnjit.server.PageServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit serve}: the pages, the npm bundle and models, with the isolation headers. */
@Command(
    name = "serve",
    description = "Serve the demo page, the npm bundle and models.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--port", defaultValue = "8080", description = "Port, 0 for any (default 8080).")
  private int port;

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description = "Address to listen on; 0.0.0.0 lets other devices in (default 127.0.0.1).")
  private String host;

  @Option(names = "--no-isolation", description = "Leave the COOP and COEP headers out.")
  private boolean open;

  @Parameters(
      arity = "0..*",
      paramLabel = "DIR",
      description = "Folders with .onnx and .gguf files.")
  private List<Path> directories;

  @Override
  public Integer call() throws Exception {
    List<Path> models = new ArrayList<>(directories == null ? List.of() : directories);
    PageServer.Options options = new PageServer.Options(host, port, !open, models, Map.of());
    try (PageServer server = PageServer.start(options)) {
      spec.commandLine().getOut().println("serving " + server.uri("/") + "  (Ctrl-C ends it)");
      spec.commandLine().getOut().flush();
      server.join();
    }
    return 0;
  }
}
