package org.nnjit.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Tensor;

/** A model's file, of which only what is read comes into memory. */
final class ModelFile implements ByteSource {
  private final ByteBuffer bytes;

  private ModelFile(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /**
   * Opens a file.
   *
   * @throws ModelException when there is none, or it is larger than protocol buffers can be
   */
  static ModelFile open(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new ModelException("no file '" + path + "'");
    }
    try (FileChannel channel = FileChannel.open(path)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw new ModelException(
            "'" + path + "' has " + channel.size() + " bytes, an ONNX file ends at 2 GiB; weights"
                + " beyond that lie in files of their own");
      }
      return new ModelFile(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
    }
  }

  /**
   * A weight of a model, from the model's file or the file beside it that holds it.
   *
   * @throws ModelException when that file is missing or too short
   */
  static Tensor stored(Path model, Constant.Stored weight) {
    Path file = weight.file().isEmpty() ? model : model.resolveSibling(weight.file());
    if (!Files.isRegularFile(file)) {
      throw new ModelException("the model keeps weights in '" + file + "', which does not exist");
    }
    ByteBuffer into = ByteBuffer.allocate(Math.toIntExact(weight.type().bytes()));
    try (FileChannel channel = FileChannel.open(file)) {
      while (into.hasRemaining()
          && channel.read(into, weight.offset() + into.position()) >= 0) {}
      if (into.hasRemaining()) {
        throw new ModelException(
            "weights " + weight.type() + " at byte " + weight.offset() + " lie beyond the end of '"
                + file + "', which has " + channel.size() + " bytes");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("'" + file + "' cannot be read", e);
    }
    return new Tensor(weight.type().dtype(), weight.type().shape(), into.array());
  }

  @Override
  public long size() {
    return bytes.capacity();
  }

  @Override
  public void read(long offset, byte[] into, int at, int length) {
    bytes.get((int) offset, into, at, length);
  }
}
