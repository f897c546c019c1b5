package org.nnjit.wasm;

import java.nio.charset.StandardCharsets;

/** A growing array of bytes with the integer encodings of WebAssembly (core 5.2). */
final class Bytes {
  private byte[] data;
  private int size;

  Bytes(int capacity) {
    data = new byte[capacity];
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  private void room(int more) {
    if (size + more > data.length) {
      byte[] larger = new byte[Math.max(size + more, data.length * 2)];
      System.arraycopy(data, 0, larger, 0, size);
      data = larger;
    }
  }

  void u8(int value) {
    if (size == data.length) {
      room(1);
    }
    data[size++] = (byte) value;
  }

  /** Unsigned LEB128. */
  void u32(int value) {
    while ((value & ~0x7f) != 0) {
      u8(value & 0x7f | 0x80);
      value >>>= 7;
    }
    u8(value);
  }

  /** Signed LEB128. */
  void s32(int value) {
    while (value < -64 || value > 63) {
      u8(value & 0x7f | 0x80);
      value >>= 7;
    }
    u8(value & 0x7f);
  }

  /** Signed LEB128. */
  void s64(long value) {
    while (value < -64 || value > 63) {
      u8((int) value & 0x7f | 0x80);
      value >>= 7;
    }
    u8((int) value & 0x7f);
  }

  /** Four bytes, little-endian. */
  void fixed32(int value) {
    room(4);
    data[size] = (byte) value;
    data[size + 1] = (byte) (value >> 8);
    data[size + 2] = (byte) (value >> 16);
    data[size + 3] = (byte) (value >> 24);
    size += 4;
  }

  void op(Op op) {
    int code = op.code;
    if (code > 0xff) {
      u8(code >> 12);
      u32(code & 0xfff);
    } else {
      u8(code);
    }
  }

  void bytes(byte[] from) {
    room(from.length);
    System.arraycopy(from, 0, data, size, from.length);
    size += from.length;
  }

  void append(Bytes from) {
    room(from.size);
    System.arraycopy(from.data, 0, data, size, from.size);
    size += from.size;
  }

  /** Length in bytes, then UTF-8. */
  void name(String name) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    u32(utf8.length);
    bytes(utf8);
  }

  /** Types as a vector, from signature letters. */
  void types(String letters) {
    u32(letters.length());
    for (int i = 0; i < letters.length(); i++) {
      u8(ValType.ofLetter(letters.charAt(i)).code);
    }
  }

  byte[] toArray() {
    byte[] exact = new byte[size];
    System.arraycopy(data, 0, exact, 0, size);
    return exact;
  }
}
