package org.nnjit.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code nnjit models}. */
class ModelsCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path dir;

  private int run(String... args) {
    return new CommandLine(new ModelsCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  @Test
  void listsNamesParametersAndSizes() {
    assertEquals(0, run("list"));
    assertTrue(
        out.toString()
            .contains(
                "roberta-base                   124,645,632 498.85 MB  RoBERTa base, text encoder"),
        out.toString());
  }

  @Test
  void makesModels() {
    assertEquals(0, run("make", "vit-tiny", "t5-tiny-encoder", "--out", dir.toString()));
    assertTrue(Files.exists(dir.resolve("vit-tiny.onnx")));
    assertTrue(out.toString().contains(dir.resolve("t5-tiny-encoder.onnx").toString()));
  }

  @Test
  void anUnknownNameIsAUsageErrorThatNamesTheModels() {
    assertEquals(2, run("make", "vit-huge"));
    assertTrue(err.toString().contains("No model 'vit-huge'. There are: bart-base-decoder, "));
  }
}
