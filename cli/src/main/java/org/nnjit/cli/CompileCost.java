package org.nnjit.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.nnjit.cli.models.KernelModels;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.kernel.emit.wasm.EmitOptions;
import org.nnjit.kernel.emit.wasm.WasmKernel;
import org.nnjit.plan.Plan;
import org.nnjit.schedule.Target;

/**
 * What Emscripten needs to compile a kernel that nnJIT emits: the same loops as C, compiled with
 * {@code emcc -O3 -msimd128}, and both run in Node on the same memory.
 */
final class CompileCost implements AutoCloseable {
  private static final int REPEATS = 3;

  /** What compiling this takes is Emscripten's own start. */
  private static final String EMPTY = "int nothing;\n";

  /** Of the largest magnitude; the C rounds a multiply-add twice and calls another libm. */
  private static final double TOLERANCE = 1e-5;

  private final Path dir;
  private final Path check;

  /**
   * @param file name of the model's file, without ending
   * @param plan made on the JVM
   * @param command of the plan, the one with most to do
   */
  record Sample(String file, Plan plan, Plan.Command command) {
    Plan.KernelInfo kernel() {
      return plan.kernels().get(command.kernel());
    }
  }

  /**
   * @param dir an empty folder for models and code, which {@link #close} deletes
   * @param check script that runs both kernels
   * @throws Main.Missing without emcc
   */
  CompileCost(Path dir, Path check) throws IOException, InterruptedException {
    this.dir = dir;
    this.check = check;
    // The first compilation fills Emscripten's caches.
    emcc("empty", EMPTY);
  }

  /** All kernels, their models written. */
  List<Sample> samples() throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (Model m : KernelModels.all()) {
      Path file = ModelFiles.write(m, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
      Plan plan = CompiledModel.of(file, Map.of(), 1).compiled().plan();
      Plan.Command most =
          plan.commands().stream().max(Comparator.comparingDouble(Plan.Command::flops)).orElseThrow();
      samples.add(new Sample(m.name(), plan, most));
    }
    return samples;
  }

  /**
   * A row of the table.
   *
   * @param page what the page says of the kernels: name, bytes, cold and warm milliseconds
   * @throws IllegalStateException when the results differ
   */
  JsonObject measure(Sample sample, JsonArray page) throws IOException, InterruptedException {
    Plan.KernelInfo kernel = sample.kernel();
    JsonObject row = new JsonObject();
    for (JsonElement e : page) {
      JsonObject k = e.getAsJsonObject();
      if (k.get("kernel").getAsString().equals(kernel.name())) {
        row = k;
      }
    }
    if (row.isEmpty()) {
      throw new IllegalStateException("the page has no " + kernel.name() + ", it has " + page);
    }
    row.addProperty("case", sample.file());
    row.addProperty("schedule", kernel.schedule().toString());
    timeEmcc(sample.file(), CText.print(kernel.loops()), row);
    Path theirs = dir.resolve(sample.file() + ".c.wasm");
    row.addProperty("emccBytes", Files.size(theirs));
    Path ours = dir.resolve(sample.file() + ".wasm");
    EmitOptions options = EmitOptions.of(Target.common());
    Files.write(ours, WasmKernel.standalone(kernel.loops(), options, false));
    String args =
        Arrays.stream(sample.command().args())
            .mapToObj(Integer::toUnsignedString)
            .collect(Collectors.joining(","));
    String[] node = {
      "node", check.toString(), ours.toString(), theirs.toString(),
      Long.toString(sample.plan().endAddress()), args
    };
    JsonObject result = JsonParser.parseString(run(node)).getAsJsonObject();
    double error = result.get("relativeError").getAsDouble();
    if (error > TOLERANCE) {
      throw new IllegalStateException(
          kernel.name() + ": what emcc compiled differs by " + error + " of the largest magnitude");
    }
    long wanted = sample.command().output().shape().elements();
    if (result.get("changed").getAsLong() < wanted) {
      throw new IllegalStateException(
          kernel.name() + " wrote " + result.get("changed") + " elements, wanted " + wanted);
    }
    row.addProperty("relativeError", error);
    return row;
  }

  /** Medians of compiling this and nothing, in turns. */
  private void timeEmcc(String name, String c, JsonObject row)
      throws IOException, InterruptedException {
    double[] ms = new double[REPEATS];
    double[] emptyMs = new double[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
      ms[i] = emcc(name, c);
      emptyMs[i] = emcc("empty", EMPTY);
    }
    Arrays.sort(ms);
    Arrays.sort(emptyMs);
    row.addProperty("emccMs", ms[REPEATS / 2]);
    row.addProperty("emptyMs", emptyMs[REPEATS / 2]);
  }

  /** Compiles C to {@code NAME.c.wasm} and returns the milliseconds. */
  private double emcc(String name, String c) throws IOException, InterruptedException {
    Path source = dir.resolve(name + ".c");
    Files.writeString(source, c);
    long start = System.nanoTime();
    run(
        "emcc", "-O3", "-msimd128", "--no-entry", "-sSTANDALONE_WASM", "-sALLOW_MEMORY_GROWTH",
        "-Wl,--export=__heap_base", source.toString(), "-o", source + ".wasm");
    return (System.nanoTime() - start) / 1e6;
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path errors = dir.resolve("errors.txt");
    Process p;
    try {
      p = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      Main.Missing missing = new Main.Missing("no " + command[0] + " found; install it first");
      missing.initCause(e);
      throw missing;
    }
    String text = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (p.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + Files.readString(errors));
    }
    return text;
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }
}
