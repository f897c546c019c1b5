package org.nnjit.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit models}: lists the models that the project writes itself, and makes them. */
@Command(
    name = "models",
    description = "List, make and train ONNX models: true architectures, seeded weights.",
    mixinStandardHelpOptions = true,
    subcommands = {ModelsCommand.ListModels.class, ModelsCommand.Make.class, TrainCommand.class})
public final class ModelsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** {@code nnjit models list}. */
  @Command(
      name = "list",
      description = "List the models that can be made.",
      mixinStandardHelpOptions = true)
  static final class ListModels implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      out.println(row("NAME", "PARAMETERS", "FILE", "WHAT"));
      for (Model model : Models.all()) {
        out.println(
            row(
                model.name(),
                String.format(Locale.ROOT, "%,d", model.parameters()),
                megabytes(ModelFiles.bytes(model, ModelFiles.DEFAULT_SEED)),
                model.title() + " (" + model.source() + ")"));
      }
      out.flush();
      return 0;
    }

    private static String row(String name, String parameters, String size, String what) {
      return String.format(Locale.ROOT, "%-28s %13s %9s  %s", name, parameters, size, what);
    }
  }

  /** {@code nnjit models make}. */
  @Command(
      name = "make",
      description = "Write models as ONNX files.",
      mixinStandardHelpOptions = true)
  static final class Make implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(
        arity = "1..*",
        paramLabel = "NAME",
        description = "Models of 'nnjit models list', or 'all'.")
    private List<String> names;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "Where to write NAME.onnx (default: the current directory).")
    private Path out = Path.of("");

    @Option(
        names = "--seed",
        paramLabel = "N",
        description = "Seed of the weights (default: ${DEFAULT-VALUE}).")
    private long seed = ModelFiles.DEFAULT_SEED;

    @Override
    public Integer call() throws IOException {
      for (Model model : models()) {
        long bytes = ModelFiles.bytes(model, seed);
        Path file;
        try (ProgressBar bar = bar(model.name(), bytes)) {
          file = ModelFiles.write(model, out.toAbsolutePath(), seed, bar::stepTo);
          bar.stepTo(bytes);
        }
        spec.commandLine().getOut().println(file + "  " + megabytes(bytes));
      }
      spec.commandLine().getOut().flush();
      return 0;
    }

    private List<Model> models() {
      if (names.equals(List.of("all"))) {
        return Models.all();
      }
      try {
        return names.stream().map(Models::named).toList();
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
    }

    private static ProgressBar bar(String name, long bytes) {
      return new ProgressBarBuilder()
          .setTaskName(name)
          .setInitialMax(bytes)
          .setUnit(bytes < 10_000_000 ? " KB" : " MB", bytes < 10_000_000 ? 1000 : 1_000_000)
          .setStyle(ProgressBarStyle.ASCII)
          .setUpdateIntervalMillis(200)
          .build();
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.2f MB", bytes / 1e6);
  }
}
