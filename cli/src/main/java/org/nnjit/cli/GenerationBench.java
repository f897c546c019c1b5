package org.nnjit.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.nnjit.cli.models.GgufLlama;
import org.nnjit.cli.models.GgufType;
import org.nnjit.cli.models.ModelFiles;

/** The lines of {@code nnjit bench --generation}: each is measured in a page of its own. */
final class GenerationBench {
  private static final String LLAMA = "tinyllama-1.1b-q4_0";

  /**
   * A line.
   *
   * @param name what bench-generation.js calls it
   * @param models that it needs
   */
  record Line(String name, List<String> models) {
    static Line of(String name, String... models) {
      return new Line(name, List.of(models));
    }

    /** Makes the models that are not there yet. */
    void ensure(Path cache) throws IOException {
      for (String model : models) {
        if (model.equals(LLAMA)) {
          ModelFiles.ensure(GgufLlama.tinyLlama(GgufType.Q4_0), LLAMA, cache);
        } else if (model.endsWith(ModelFiles.HALVES)) {
          ModelFiles.ensureHalves(without(model, ModelFiles.HALVES), cache);
        } else if (model.endsWith(ModelFiles.BYTES)) {
          ModelFiles.ensureBytes(without(model, ModelFiles.BYTES), cache);
        } else {
          ModelFiles.ensure(model, cache);
        }
      }
    }
  }

  private GenerationBench() {}

  private static String without(String model, String ending) {
    return model.substring(0, model.length() - ending.length());
  }

  /** A line of an encoder and its decoders. */
  private static Line text(String model, String name, String ending) {
    List<String> models = new ArrayList<>();
    for (String part : List.of("encoder", "decoder", "decoder-with-past", "decoder-merged")) {
      models.add(model + "-" + part + ending);
    }
    return new Line(name, models);
  }

  static List<Line> lines() {
    return List.of(
        Line.of("gpt2 decode, past 64", "gpt2-with-past"),
        Line.of("gpt2 decode, past 512", "gpt2-with-past"),
        Line.of("gpt2 16-bit weights decode, past 64", "gpt2-with-past-f16"),
        Line.of("gpt2 prefill 128", "gpt2-with-past"),
        Line.of("gpt2 step outside kernels", "gpt2-with-past"),
        Line.of("gpt2, 32 tokens", "gpt2-with-past"),
        Line.of("gpt2, 32 tokens behind 512", "gpt2-with-past"),
        Line.of("gpt2 8-bit weights, 32 tokens", "gpt2-with-past-q8"),
        Line.of("MatMulNBits 1x4096x4096"),
        Line.of("MatMulNBits 1x4096x4096 level 4"),
        text("t5-small", "t5-small, 32 tokens", ""),
        text("t5-small", "t5-small 16-bit weights, 32 tokens", ModelFiles.HALVES),
        text("t5-small", "t5-small 8-bit weights, 32 tokens", ModelFiles.BYTES),
        text("bart-base", "bart-base, 32 tokens", ""),
        text("bart-base", "bart-base 16-bit weights, 32 tokens", ModelFiles.HALVES),
        text("bart-base", "bart-base 8-bit weights, 32 tokens", ModelFiles.BYTES),
        Line.of("TinyLlama 4 bit", LLAMA));
  }
}
