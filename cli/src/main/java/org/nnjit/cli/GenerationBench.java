package org.nnjit.cli;

import java.io.IOException;
import java.nio.file.Path;
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
        } else {
          ModelFiles.ensure(model, cache);
        }
      }
    }
  }

  private GenerationBench() {}

  static List<Line> lines() {
    return List.of(
        Line.of("gpt2 decode, past 64", "gpt2-with-past"),
        Line.of("gpt2 decode, past 512", "gpt2-with-past"),
        Line.of("gpt2 prefill 128", "gpt2-with-past"),
        Line.of("gpt2 step outside kernels", "gpt2-with-past"),
        Line.of("MatMulNBits 1x4096x4096"),
        Line.of("MatMulNBits 1x4096x4096 level 4"),
        Line.of(
            "t5-small, 32 tokens", "t5-small-encoder", "t5-small-decoder",
            "t5-small-decoder-with-past", "t5-small-decoder-merged"),
        Line.of(
            "bart-base, 32 tokens", "bart-base-encoder", "bart-base-decoder",
            "bart-base-decoder-with-past", "bart-base-decoder-merged"),
        Line.of("TinyLlama 4 bit", LLAMA));
  }
}
