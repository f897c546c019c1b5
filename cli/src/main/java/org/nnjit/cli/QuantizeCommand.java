package org.nnjit.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.nnjit.cli.models.DynamicQuantiser;
import org.nnjit.cli.models.HalfWriter;
import org.nnjit.cli.models.Quantiser;
import org.nnjit.graph.ModelException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit quantize}: weights become codes of 4 or 8 bits, or floats of 16. */
@Command(
    name = "quantize",
    description = {
      "Write a model whose constant matrices are quantised.",
      "MatMul and Gemm become MatMulNBits (com.microsoft), which ONNX Runtime runs too. With 16 bits all"
          + " matrices become float16, each with a Cast behind it. With --dynamic they become codes"
          + " of 8 bits in ONNX's own operators (MatMulInteger), as onnxruntime's quantize_dynamic"
          + " writes them. Weights that lie beside the model lie beside the new one, in OUT.data."
    },
    mixinStandardHelpOptions = true)
public final class QuantizeCommand implements Callable<Integer> {
  /** Bits of weights that stay floats. */
  private static final int HALF = 16;

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IN", description = "An ONNX file.")
  private Path in;

  @Parameters(index = "1", paramLabel = "OUT", description = "The file to write.")
  private Path out;

  @Option(
      names = "--bits",
      paramLabel = "N",
      description = "4, 8 or 16 (default: ${DEFAULT-VALUE}, and 8 with --dynamic).")
  private int bits = 4;

  @Option(
      names = "--block",
      paramLabel = "N",
      description = "Weights with one scale: 16, 32, 64, 128, 256 (default: ${DEFAULT-VALUE}).")
  private int block = 32;

  @Option(names = "--symmetric", description = "Without zero points.")
  private boolean symmetric;

  @Option(
      names = "--accuracy-level",
      paramLabel = "N",
      description = "4: activations are quantised to 8 bits too (default: ${DEFAULT-VALUE}).")
  private int accuracyLevel;

  @Option(
      names = "--dynamic",
      description = "Products of bytes: activations are quantised in each run too.")
  private boolean dynamic;

  @Option(
      names = "--per-channel",
      description = "With --dynamic: a scale for each column, not one for the whole matrix.")
  private boolean perChannel;

  @Option(
      names = "--unsigned",
      description = "With --dynamic: codes 0 to 255 with zero points, not -127 to 127.")
  private boolean unsigned;

  @Override
  public Integer call() throws IOException {
    checkOptions();
    Quantiser quantiser =
        bits == HALF || dynamic ? null : new Quantiser(bits, block, symmetric, accuracyLevel);
    if (!Files.isRegularFile(in)) {
      throw new ModelException("no file '" + in + "'");
    }
    if (Files.exists(out) && Files.isSameFile(in, out)) {
      throw new ModelException("'" + out + "' is the model itself; name another file to write");
    }
    Path from = in.toAbsolutePath();
    Path to = out.toAbsolutePath();
    PrintWriter told = spec.commandLine().getOut();
    if (dynamic) {
      DynamicQuantiser.Result r = new DynamicQuantiser(perChannel, unsigned).apply(from, to);
      told.printf(
          Locale.ROOT, "%s  %.2f MB, %d products of bytes, %d lookups, %d weights of 8 bits%n", out,
          r.bytes() / 1e6, r.products(), r.lookups(), r.weights());
      tellLeft(r.left(), "NaN or infinite numbers");
    } else if (quantiser == null) {
      HalfWriter.Result r = HalfWriter.apply(from, to);
      told.printf(
          Locale.ROOT, "%s  %.2f MB, %d weights of 16 bits%n", out, r.bytes() / 1e6, r.weights());
      tellLeft(r.left(), "numbers beyond 65504");
    } else {
      Quantiser.Result r = quantiser.apply(from, to);
      told.printf(
          Locale.ROOT, "%s  %.2f MB, %d products, %d weights of %d bits in blocks of %d%n", out,
          r.bytes() / 1e6, r.products(), r.weights(), bits, block);
    }
    return 0;
  }

  private void checkOptions() {
    if (bits != 4 && bits != 8 && bits != HALF) {
      throw new ModelException("--bits is " + bits + ", wanted 4, 8 or 16");
    }
    if (dynamic && bits != 8 && isGiven("--bits")) {
      throw new ModelException("--bits is " + bits + ", wanted 8 with --dynamic");
    }
    for (String option : List.of("--block", "--symmetric", "--accuracy-level")) {
      if (dynamic && isGiven(option)) {
        throw new ModelException(
            option + " is for MatMulNBits; with --dynamic there are --per-channel and --unsigned");
      }
      if (bits == HALF && isGiven(option)) {
        throw new ModelException(option + " is for 4 and 8 bits; weights of 16 are floats");
      }
    }
    for (String option : List.of("--per-channel", "--unsigned")) {
      if (!dynamic && isGiven(option)) {
        throw new ModelException(option + " goes with --dynamic");
      }
    }
  }

  private boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private void tellLeft(List<String> weights, String why) {
    PrintWriter told = spec.commandLine().getOut();
    weights.forEach(w -> told.println("weight '" + w + "' stays float32: it has " + why));
  }
}
