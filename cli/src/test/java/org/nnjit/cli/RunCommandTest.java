package org.nnjit.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;

/** {@code nnjit run} and {@code nnjit dump} up to where a browser would start. */
class RunCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path dir;

  private int run(String... args) {
    return Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
  }

  private String model() throws Exception {
    return ModelFiles.write(
            Models.named("roberta-tiny"), dir, ModelFiles.DEFAULT_SEED, bytes -> {})
        .toString();
  }

  @Test
  void feedsThatDoNotFitAreErrors() throws Exception {
    assertEquals(1, run("run", model(), "--feed", "ids=ids.npy"));
    assertEquals(
        "nnjit: the model has no input 'ids', it has input_ids: int64[batch,sequence],"
            + " attention_mask: int64[batch,sequence]",
        err.toString().strip());
  }

  @Test
  void aTraceNeedsAFolder() throws Exception {
    String missing = dir.resolve("none").resolve("t.json").toString();
    assertEquals(1, run("run", model(), "--trace", missing));
    assertEquals(
        "nnjit: --trace '" + missing + "': wanted a file in a folder that exists",
        err.toString().strip());
  }

  @Test
  void outputsBecomeFilesOfTheirNames() {
    Set<String> used = new HashSet<>();
    assertEquals("last_hidden_state.npy", RunCommand.fileName("last_hidden_state", used));
    assertEquals("_a_b_1.npy", RunCommand.fileName("/a/b:1", used));
    assertEquals("_a_b_1-2.npy", RunCommand.fileName("_a_b_1", used));
    assertEquals("__etc.npy", RunCommand.fileName("../etc", used));
  }

  @Test
  void dumpShowsTheSymbolsOfTheFile() throws Exception {
    String[] args = {
      "dump", model(), "--stage", "graph", "--shape", "input_ids=2x7", "--shape",
      "attention_mask=2x7"
    };
    assertEquals(0, run(args), err.toString());
    assertTrue(
        out.toString()
            .startsWith(
                """
                input  input_ids: i64[batch,sequence] is i64[2,7]
                input  attention_mask: i64[batch,sequence] is i64[2,7]
                output last_hidden_state: f32[batch,sequence,48] is f32[2,7,48]
                """),
        out.toString());
  }

  @Test
  void aModelMustBeAFile() {
    assertEquals(1, run("dump", dir.resolve("no.onnx").toString()));
    assertEquals("nnjit: no file '" + dir.resolve("no.onnx") + "'", err.toString().strip());
    assertTrue(Files.isDirectory(dir));
  }
}
