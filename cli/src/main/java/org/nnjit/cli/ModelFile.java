package org.nnjit.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nnjit.graph.ModelException;
import org.nnjit.onnx.ByteSource;

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

  @Override
  public long size() {
    return bytes.capacity();
  }

  @Override
  public void read(long offset, byte[] into, int at, int length) {
    bytes.get((int) offset, into, at, length);
  }
}
