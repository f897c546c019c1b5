package org.nnjit.graph;

/** The part of a file that is in memory. Its readers see to it that a place lies in the file. */
public final class FileWindow {
  private final ByteSource source;
  private final byte[] buffer;
  private long from;
  private int length;

  /** @param bytes most that are held at a time */
  public FileWindow(ByteSource source, int bytes) {
    this.source = source;
    this.buffer = new byte[(int) Math.min(bytes, Math.max(1, source.size()))];
  }

  /** The byte at a position, 0 to 255. */
  public int byteAt(long position) {
    if (position < from || position >= from + length) {
      from = position;
      length = (int) Math.min(buffer.length, source.size() - position);
      source.read(from, buffer, 0, length);
    }
    return buffer[(int) (position - from)] & 0xff;
  }

  /** The little-endian integer at a position. */
  public int int32(long at) {
    return byteAt(at) | byteAt(at + 1) << 8 | byteAt(at + 2) << 16 | byteAt(at + 3) << 24;
  }

  /** Copies bytes out. */
  public void copy(long position, byte[] into) {
    if (position >= from && position + into.length <= from + length) {
      System.arraycopy(buffer, (int) (position - from), into, 0, into.length);
    } else if (into.length > 0) {
      source.read(position, into, 0, into.length);
    }
  }
}
