package org.nnjit.wasm;

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
      u8((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    u8(value);
  }

  /** Signed LEB128. */
  void s32(int value) {
    while (value < -64 || value > 63) {
      u8((value & 0x7f) | 0x80);
      value >>= 7;
    }
    u8(value & 0x7f);
  }

  /** Signed LEB128. */
  void s64(long value) {
    while (value < -64 || value > 63) {
      u8(((int) value & 0x7f) | 0x80);
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

  /** Bytes that {@link #u32} writes. */
  static int sizeOfU32(int value) {
    return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
  }

  /** Bytes that {@link #name} writes. */
  static int sizeOfName(String name) {
    int utf8 = sizeOfUtf8(name);
    return sizeOfU32(utf8) + utf8;
  }

  private static int sizeOfUtf8(String name) {
    int n = name.length();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      // A pair of surrogates takes four bytes.
      n += c < 0x80 ? 0 : c < 0x800 || isSurrogate(c) ? 1 : 2;
    }
    return n;
  }

  private static boolean isSurrogate(char c) {
    return c >= 0xd800 && c <= 0xdfff;
  }

  /** Length in bytes, then UTF-8; without the library's encoder, which is large and slow. */
  void name(String name) {
    u32(sizeOfUtf8(name));
    for (int i = 0; i < name.length(); i++) {
      int c = name.charAt(i);
      if (c < 0x80) {
        u8(c);
      } else if (c < 0x800) {
        u8(0xc0 | (c >> 6));
        u8(0x80 | (c & 0x3f));
      } else if (!isSurrogate((char) c)) {
        u8(0xe0 | (c >> 12));
        u8(0x80 | ((c >> 6) & 0x3f));
        u8(0x80 | (c & 0x3f));
      } else {
        if (c >= 0xdc00 || i + 1 == name.length() || (name.charAt(i + 1) & 0xfc00) != 0xdc00) {
          throw new IllegalStateException(
              WasmException.join("name '", name, "' holds half a surrogate pair"));
        }
        c = 0x10000 + ((c & 0x3ff) << 10) + (name.charAt(++i) & 0x3ff);
        u8(0xf0 | (c >> 18));
        u8(0x80 | ((c >> 12) & 0x3f));
        u8(0x80 | ((c >> 6) & 0x3f));
        u8(0x80 | (c & 0x3f));
      }
    }
  }

  /** Types as a vector, from letters {@code from <= i < to} of a signature. */
  void types(String letters, int from, int to) {
    u32(to - from);
    for (int i = from; i < to; i++) {
      u8(ValType.ofLetter(letters.charAt(i)).code);
    }
  }

  byte[] toArray() {
    if (size == data.length) {
      return data;
    }
    byte[] exact = new byte[size];
    System.arraycopy(data, 0, exact, 0, size);
    return exact;
  }
}
