package org.nnjit.cli.models;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.function.LongConsumer;

/** Model files on disk: written whole or not at all, and made once per cache directory. */
public final class ModelFiles {
  /** The seed that the demo, the benchmarks and the tests use. */
  public static final long DEFAULT_SEED = 1;

  /** What the name of a file with weights of 16 bits ends with. */
  public static final String HALVES = "-f16";

  /** What the name of a file with products of bytes ends with. */
  public static final String BYTES = "-q8";

  private ModelFiles() {}

  /** Size that a model's file will have. */
  public static long bytes(Model model, long seed) {
    return file(model, seed).bytes();
  }

  private static OnnxFile file(Model model, long seed) {
    return new OnnxFile(model.name(), model.describe(seed));
  }

  /**
   * Writes a model to {@code dir/NAME.onnx}: into a temporary file first, renamed at the end. What
   * belongs to it, such as {@code NAME.tokenizer.json}, comes beside it.
   *
   * @param progress told the number of bytes of weights written so far, now and then
   * @return the file
   */
  public static Path write(Model model, Path dir, long seed, LongConsumer progress)
      throws IOException {
    return write(model, file(model, seed), dir, progress);
  }

  private static Path write(Model model, OnnxFile file, Path dir, LongConsumer progress)
      throws IOException {
    Files.createDirectories(dir);
    writeFiles(model, dir);
    Path target = dir.resolve(model.name() + ".onnx");
    Path part = Files.createTempFile(dir, model.name() + "-", ".part");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), 1 << 20)) {
        file.write(out, progress);
      }
      long written = Files.size(part);
      if (written != file.bytes()) {
        throw new IllegalStateException(
            model.name() + ": wrote " + written + " bytes, computed " + file.bytes());
      }
      return Files.move(
          part, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void writeFiles(Model model, Path dir) throws IOException {
    for (Map.Entry<String, String> file : model.files().entrySet()) {
      Path path = dir.resolve(model.name() + "." + file.getKey());
      Files.writeString(path, file.getValue());
    }
  }

  /**
   * The file of a model in a cache directory, made if it is missing or not what this version of the
   * program would write: its size and the key beside it (NAME.onnx.key, a hash of the description)
   * must agree.
   *
   * @throws IllegalArgumentException with the names that exist
   */
  public static Path ensure(String name, Path cacheDir) throws IOException {
    return ensure(name, cacheDir, bytes -> {});
  }

  /** As {@link #ensure(String, Path)}, reporting progress while the file is made. */
  public static Path ensure(String name, Path cacheDir, LongConsumer progress) throws IOException {
    Model model = Models.named(name);
    OnnxFile file = file(model, DEFAULT_SEED);
    Path path = cacheDir.resolve(name + ".onnx");
    Path keyFile = cacheDir.resolve(name + ".onnx.key");
    String key = file.key();
    if (Files.exists(path)
        && Files.size(path) == file.bytes()
        && Files.exists(keyFile)
        && Files.readString(keyFile).equals(key)) {
      writeFiles(model, cacheDir);
      return path;
    }
    write(model, file, cacheDir, progress);
    Files.writeString(keyFile, key);
    return path;
  }

  /**
   * A model with weights of 16 bits, NAME-f16.onnx, in a cache directory, made of the other if it is
   * missing or older.
   */
  public static Path ensureHalves(String name, Path cacheDir) throws IOException {
    return ensureChanged(name, HALVES, cacheDir, HalfWriter::apply);
  }

  /** As {@link #ensureHalves}, with products of bytes: NAME-q8.onnx. */
  public static Path ensureBytes(String name, Path cacheDir) throws IOException {
    return ensureChanged(name, BYTES, cacheDir, new DynamicQuantiser(false, false)::apply);
  }

  /** Makes one file of another. */
  private interface Change {
    Object apply(Path from, Path to) throws IOException;
  }

  private static Path ensureChanged(String name, String ending, Path cacheDir, Change change)
      throws IOException {
    Path floats = ensure(name, cacheDir);
    String key = Files.readString(cacheDir.resolve(name + ".onnx.key"));
    return ensure(name + ending + ".onnx", key, cacheDir, part -> change.apply(floats, part));
  }

  /**
   * A GGUF file in a cache directory, made if it is missing or of other shapes: NAME.gguf, and
   * beside it what it was made from in NAME.gguf.key.
   */
  public static Path ensure(GgufLlama model, String name, Path cacheDir) throws IOException {
    return ensure(name + ".gguf", model.toString(), cacheDir, part -> model.gguf().write(part));
  }

  /** Writes a whole file. */
  private interface Writer {
    void write(Path part) throws IOException;
  }

  /** A file in a cache directory, made unless it is there with the same key beside it. */
  private static Path ensure(String file, String key, Path cacheDir, Writer writer)
      throws IOException {
    Path path = cacheDir.resolve(file);
    Path keyFile = cacheDir.resolve(file + ".key");
    if (Files.exists(path) && Files.exists(keyFile) && Files.readString(keyFile).equals(key)) {
      return path;
    }
    Files.createDirectories(cacheDir);
    Path part = Files.createTempFile(cacheDir, file + "-", ".part");
    try {
      writer.write(part);
      Files.move(part, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
    Files.writeString(keyFile, key);
    return path;
  }

  /**
   * The cache of the source tree that holds a directory: {@code .nnjit/models} beside the script
   * {@code nnjit}, or under the directory itself outside of a source tree.
   */
  public static Path defaultCache(Path from) {
    Path start = from.toAbsolutePath().normalize();
    for (Path dir = start; dir != null; dir = dir.getParent()) {
      if (Files.isRegularFile(dir.resolve("nnjit")) || Files.exists(dir.resolve(".git"))) {
        return dir.resolve(".nnjit").resolve("models");
      }
    }
    return start.resolve(".nnjit").resolve("models");
  }
}
