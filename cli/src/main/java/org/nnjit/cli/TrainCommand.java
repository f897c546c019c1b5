package org.nnjit.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.nnjit.cli.models.train.Training;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code nnjit models train}: trains the normaliser again. */
@Command(
    name = "train",
    description = "Train the normaliser of written dates and numbers again.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where to write the weights and the tokenizer (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("models", "normaliser");

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of training (default: ${DEFAULT-VALUE}).")
  private int steps = Training.STEPS;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads; the weights do not depend on them (default: ${DEFAULT-VALUE}).")
  private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());

  @Option(
      names = "--minutes",
      paramLabel = "N",
      description = "Stop after so long and keep --progress for the next time.")
  private int minutes = Integer.MAX_VALUE;

  @Option(
      names = "--progress",
      paramLabel = "FILE",
      description = "Go on from this file where it exists, and write it.")
  private Path progress;

  @Override
  public Integer call() throws IOException {
    PrintWriter print = spec.commandLine().getOut();
    long end = System.nanoTime() + minutes * 60_000_000_000L;
    double accuracy =
        Training.run(
            new Training.Options(steps, threads, progress, out),
            () -> minutes == Integer.MAX_VALUE || System.nanoTime() - end < 0,
            line -> {
              print.println(line);
              print.flush();
            });
    String text = String.format(Locale.ROOT, "%.2f %% of held-out pairs are right", 100 * accuracy);
    print.println(text);
    print.flush();
    return 0;
  }
}
