package org.nnjit.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.nnjit.graph.ModelException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Entry point. Exit codes: 0 done, 1 failed, 2 wrong use, 3 something on the machine is missing. */
@Command(
    name = "nnjit",
    description = "Deep-learning models in the browser, with kernels generated on the device.",
    mixinStandardHelpOptions = true,
    version = "nnjit 0.1.0",
    subcommands = {
      BenchCommand.class,
      DemoCommand.class,
      DumpCommand.class,
      ModelsCommand.class,
      QuantizeCommand.class,
      RunCommand.class,
      ServeCommand.class,
      TuneCommand.class
    })
public final class Main {
  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  boolean debug;

  private Main() {}

  /** Runs the command and exits with its code. */
  public static void main(String[] args) {
    // Numbers and names are the same in every country, as they are in a page.
    Locale.setDefault(Locale.ROOT);
    System.exit(run(args, new PrintWriter(System.out, true), new PrintWriter(System.err, true)));
  }

  /** Runs the command and returns its code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    Main main = new Main();
    CommandLine line = new CommandLine(main).setOut(out).setErr(err);
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          if (main.debug) {
            e.printStackTrace(err);
          } else {
            boolean ours = !(e instanceof ModelException || e instanceof java.io.IOException
                || e instanceof Missing || e instanceof IllegalArgumentException);
            err.println("nnjit: " + (ours ? e.toString() : e.getMessage()));
            err.println(ours ? "nnjit: this is a bug; --debug shows where" : "");
          }
          return e instanceof Missing ? 3 : 1;
        });
    int code = line.execute(args.length == 0 ? new String[] {"--help"} : args);
    out.flush();
    err.flush();
    return code;
  }

  /** Something this machine lacks; the message says what to type. */
  static final class Missing extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Missing(String message) {
      super(message);
    }
  }
}
