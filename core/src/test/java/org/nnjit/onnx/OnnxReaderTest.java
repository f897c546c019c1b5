package org.nnjit.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.nnjit.NodeTests;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;

/** Bad files get errors that say what is wrong; no bytes at all bring anything else out. */
class OnnxReaderTest {

  private static String message(byte[] bytes) {
    return assertThrows(ModelException.class, () -> OnnxReader.read(ByteSource.of(bytes)))
        .getMessage();
  }

  @Test
  void emptyFile() {
    assertEquals("the model file is empty (0 bytes), wanted an ONNX model", message(new byte[0]));
  }

  @Test
  void otherKindsOfFile() {
    assertTrue(message("<!doctype html>".getBytes(StandardCharsets.UTF_8)).contains("HTML"));
    assertTrue(
        message("version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8))
            .contains("git-LFS"));
    assertTrue(message("PK\u0003\u0004".getBytes(StandardCharsets.UTF_8)).contains("zip"));
  }

  @Test
  void lengthBeyondTheEnd() {
    // Field 7 (graph), length 100, 2 bytes follow.
    assertEquals(
        "not a valid ONNX model: in model at byte 1: field 7 says 100 bytes, 2 remain",
        message(new byte[] {0x3a, 100, 1, 2}));
  }

  @Test
  void truncatedAndDamagedModelsGiveModelExceptionsOnly() {
    Path dir = NodeTests.nodeDirectory();
    Assumptions.assumeTrue(dir != null, "Debian's libonnx-testdata is not installed");
    long seed = System.nanoTime();
    System.out.println("OnnxReaderTest seed " + seed);
    Random random = new Random(seed);
    List<NodeTests.Case> cases = NodeTests.in(dir);
    for (int round = 0; round < 3000; round++) {
      NodeTests.Case c = cases.get(random.nextInt(cases.size()));
      byte[] bytes = NodeTests.bytes(c.dir().resolve("model.onnx"));
      if (random.nextInt(3) == 0) {
        bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      for (int i = random.nextInt(6); i > 0 && bytes.length > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      byte[] damaged = bytes;
      try {
        OnnxReader.read(ByteSource.of(damaged));
      } catch (ModelException expected) {
        // That is the only thing that may come out.
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + " round " + round + " " + c.name(), e);
      }
    }
  }
}
