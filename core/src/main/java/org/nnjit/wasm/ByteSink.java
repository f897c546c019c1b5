package org.nnjit.wasm;

/** A growing array of bytes with WebAssembly's number encodings. */
final class ByteSink {
  private byte[] bytes;
  private int size;

  ByteSink(int capacity) {
    bytes = new byte[capacity];
  }

  int size() {
    return size;
  }

  void put(int b) {
    if (size == bytes.length) {
      grow(size + 1);
    }
    bytes[size++] = (byte) b;
  }

  private void grow(int least) {
    byte[] larger = new byte[Math.max(least, bytes.length * 2)];
    System.arraycopy(bytes, 0, larger, 0, size);
    bytes = larger;
  }

  void put(byte[] source, int length) {
    if (size + length > bytes.length) {
      grow(size + length);
    }
    System.arraycopy(source, 0, bytes, size, length);
    size += length;
  }

  void put(ByteSink other) {
    put(other.bytes, other.size);
  }

  /** Unsigned LEB128 of 32 bits. */
  void u32(int v) {
    while ((v & ~0x7f) != 0) {
      put((v & 0x7f) | 0x80);
      v >>>= 7;
    }
    put(v);
  }

  /** Signed LEB128 of 32 bits. */
  void s32(int v) {
    while (v < -64 || v > 63) {
      put((v & 0x7f) | 0x80);
      v >>= 7;
    }
    put(v & 0x7f);
  }

  /** Signed LEB128 of 64 bits. */
  void s64(long v) {
    while (v < -64 || v > 63) {
      put(((int) v & 0x7f) | 0x80);
      v >>= 7;
    }
    put((int) v & 0x7f);
  }

  /** Four bytes, little-endian. */
  void fixed32(int v) {
    put(v);
    put(v >> 8);
    put(v >> 16);
    put(v >> 24);
  }

  void fixed64(long v) {
    fixed32((int) v);
    fixed32((int) (v >> 32));
  }

  void name(String s) {
    u32(s.length());
    for (int i = 0; i < s.length(); i++) {
      put(s.charAt(i));
    }
  }

  /** A section or body: its length, then its bytes. */
  void sized(ByteSink content) {
    u32(content.size);
    put(content);
  }

  byte[] toBytes() {
    byte[] out = new byte[size];
    System.arraycopy(bytes, 0, out, 0, size);
    return out;
  }
}
