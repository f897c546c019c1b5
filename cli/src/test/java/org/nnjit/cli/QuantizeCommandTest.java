package org.nnjit.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.cli.models.ModelFiles;

/** {@code nnjit quantize}: what it says of a file, and of options that do not fit. */
class QuantizeCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path dir;

  private int run(String options) throws Exception {
    Path in = ModelFiles.ensure("gpt2-tiny", dir);
    List<String> args = new ArrayList<>(List.of("quantize", in.toString(), written().toString()));
    args.addAll(List.of(options.split(" ")));
    return Main.run(
        args.toArray(String[]::new), new PrintWriter(out, true), new PrintWriter(err, true));
  }

  private Path written() {
    return dir.resolve("out.onnx");
  }

  @ParameterizedTest
  @CsvSource({
    "--bits 8, '9 products, 9 weights of 8 bits in blocks of 32'",
    "--bits 16, '11 weights of 16 bits'",
    "--dynamic, '9 products of bytes, 2 lookups, 11 weights of 8 bits'",
    "--bits 8 --dynamic --per-channel --unsigned, '9 products of bytes, 2 lookups, 11 weights of 8 bits'"
  })
  void saysWhatItWrote(String options, String said) throws Exception {
    assertEquals(0, run(options), err.toString());
    String size = String.format("%.2f MB, ", Files.size(written()) / 1e6);
    assertEquals(written() + "  " + size + said, out.toString().strip());
  }

  @ParameterizedTest
  @CsvSource({
    "--bits 5, '--bits is 5, wanted 4, 8 or 16'",
    "--bits 4 --dynamic, '--bits is 4, wanted 8 with --dynamic'",
    "--bits 16 --dynamic, '--bits is 16, wanted 8 with --dynamic'",
    "--bits 8 --per-channel, '--per-channel goes with --dynamic'",
    "--unsigned, '--unsigned goes with --dynamic'",
    "--bits 16 --symmetric, '--symmetric is for 4 and 8 bits; weights of 16 are floats'"
  })
  void namesWhatDoesNotFit(String options, String said) throws Exception {
    assertEquals(1, run(options));
    assertEquals("nnjit: " + said, err.toString().strip());
    assertFalse(Files.exists(written()));
  }

  @Test
  void blocksAreNotForProductsOfBytes() throws Exception {
    for (String option : List.of("--block 64", "--symmetric", "--accuracy-level 4")) {
      assertEquals(1, run("--dynamic " + option));
      String name = option.split(" ")[0];
      String said =
          name + " is for MatMulNBits; with --dynamic there are --per-channel and --unsigned";
      assertTrue(err.toString().contains("nnjit: " + said), err.toString());
    }
  }
}
