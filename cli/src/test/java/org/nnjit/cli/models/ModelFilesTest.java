package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache of model files. */
class ModelFilesTest {
  private static final String NAME = "squeezenet-tiny";
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_000_000);

  @TempDir Path dir;

  @Test
  void makesAModelOnce() throws Exception {
    Path file = ModelFiles.ensure(NAME, dir);
    assertEquals(dir.resolve(NAME + ".onnx"), file);
    Files.setLastModifiedTime(file, LONG_AGO);
    assertEquals(file, ModelFiles.ensure(NAME, dir));
    assertEquals(LONG_AGO, Files.getLastModifiedTime(file), "written again");
  }

  @Test
  void makesATruncatedModelAgain() throws Exception {
    Path file = ModelFiles.ensure(NAME, dir);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    assertArrayEquals(whole, Files.readAllBytes(ModelFiles.ensure(NAME, dir)));
  }

  @Test
  void makesAModelOfAnotherVersionAgain() throws Exception {
    Path file = ModelFiles.ensure(NAME, dir);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, new byte[whole.length]);
    Files.writeString(dir.resolve(NAME + ".onnx.key"), "what an older version wrote");
    assertArrayEquals(whole, Files.readAllBytes(ModelFiles.ensure(NAME, dir)));
  }

  /** Files that are made of another one follow it. */
  @Test
  void makesHalvesAndBytesOnce() throws Exception {
    for (boolean halves : new boolean[] {false, true}) {
      String ending = halves ? ModelFiles.HALVES : ModelFiles.BYTES;
      Path file = dir.resolve("t5-tiny-encoder" + ending + ".onnx");
      Path key = dir.resolve("t5-tiny-encoder" + ending + ".onnx.key");
      for (int i = 0; i < 2; i++) {
        Path made =
            halves
                ? ModelFiles.ensureHalves("t5-tiny-encoder", dir)
                : ModelFiles.ensureBytes("t5-tiny-encoder", dir);
        assertEquals(file, made);
        assertEquals(i > 0, Files.getLastModifiedTime(file).equals(LONG_AGO), "written again");
        Files.setLastModifiedTime(file, LONG_AGO);
      }
      Files.writeString(key, "of another model");
      ModelFiles.ensureHalves("t5-tiny-encoder", dir);
      ModelFiles.ensureBytes("t5-tiny-encoder", dir);
      assertTrue(Files.getLastModifiedTime(file).compareTo(LONG_AGO) > 0, "an old file stays");
    }
  }

  @Test
  void leavesNothingBehindWhenWritingFails() throws Exception {
    Model model = Models.named(NAME);
    assertThrows(
        UnsupportedOperationException.class,
        () ->
            ModelFiles.write(
                model,
                dir,
                1,
                bytes -> {
                  throw new UnsupportedOperationException("the disk is full, say");
                }));
    try (Stream<Path> left = Files.list(dir)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void reportsProgressUpToTheWeightsSize() throws Exception {
    Model model = Models.named(NAME);
    long[] last = {0};
    Path file =
        ModelFiles.write(
            model,
            dir,
            1,
            bytes -> {
              assertTrue(bytes > last[0]);
              last[0] = bytes;
            });
    assertEquals(model.parameters() * 4, last[0]);
    assertEquals(ModelFiles.bytes(model, 1), Files.size(file));
  }

  @Test
  void theCacheLiesBesideTheScriptOfTheTree() throws Exception {
    Files.writeString(dir.resolve("nnjit"), "#!/bin/sh\n");
    Path below = Files.createDirectories(dir.resolve("a").resolve("b"));
    assertEquals(
        dir.toAbsolutePath().normalize().resolve(".nnjit").resolve("models"),
        ModelFiles.defaultCache(below));
  }
}
