package org.nnjit.wasm;

/**
 * Reads the primitive encodings of WebAssembly (core 5.2) within a range of bytes. It checks every
 * length itself: the browser build does not check array bounds.
 */
class ByteReader {
  final byte[] bytes;
  int pos;
  int end;

  ByteReader(byte[] bytes, int pos, int end) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  /** An error at the current position; subclasses add where it is. */
  WasmException fail(Object... parts) {
    return new WasmException(pos, parts);
  }

  int u8(String what) {
    if (pos >= end) {
      throw fail(what, " is cut off");
    }
    return bytes[pos++] & 0xff;
  }

  /** Unsigned LEB128 of 32 bits; the caller treats it as unsigned. */
  int u32(String what) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      int b = u8(what);
      if (shift == 28 && b > 0x0f) {
        throw fail(what, " does not fit 32 bits");
      }
      value |= (b & 0x7f) << shift;
      if (b < 0x80) {
        return value;
      }
    }
  }

  /** Signed LEB128 of 32 bits. */
  int s32(String what) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      int b = u8(what);
      if (shift == 28 && (b > 0x7f || ((b & 0x78) != 0 && (b & 0x78) != 0x78))) {
        throw fail(what, " does not fit 32 bits");
      }
      value |= (b & 0x7f) << shift;
      if (b < 0x80) {
        return shift == 28 ? value : value << (25 - shift) >> (25 - shift);
      }
    }
  }

  /** Signed LEB128 of 33 or 64 bits. */
  long signed(int bits, String what) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      int b = u8(what);
      int left = bits - shift;
      if (left < 7) {
        int sign = (b & 0x7f) >> (left - 1);
        if (b > 0x7f || (sign != 0 && sign != 0x7f >> (left - 1))) {
          throw fail(what, " does not fit ", bits, " bits");
        }
      }
      value |= (long) (b & 0x7f) << shift;
      if (b < 0x80) {
        int unused = Math.max(0, 57 - shift);
        return value << unused >> unused;
      }
    }
  }

  int fixed32(String what) {
    int at = skip(4, what);
    return (bytes[at] & 0xff)
        | ((bytes[at + 1] & 0xff) << 8)
        | ((bytes[at + 2] & 0xff) << 16)
        | (bytes[at + 3] << 24);
  }

  long fixed64(String what) {
    long low = fixed32(what) & 0xffffffffL;
    return ((long) fixed32(what) << 32) | low;
  }

  /** Passes {@code length} (unsigned) bytes and returns where they begin. */
  int skip(int length, String what) {
    if (length < 0 || length > end - pos) {
      throw fail(what, " wants ", Integer.toUnsignedString(length), " bytes, ", end - pos, " left");
    }
    pos += length;
    return pos - length;
  }

  /** Number of entries that follow, each at least one byte long. */
  int count(String what) {
    int n = u32(what);
    if (n < 0 || n > end - pos) {
      throw fail(Integer.toUnsignedString(n), " ", what, " cannot fit in ", end - pos, " bytes");
    }
    return n;
  }

  /** Length-prefixed UTF-8. */
  String name(String what) {
    int length = u32(what);
    int from = skip(length, what);
    StringBuilder text = new StringBuilder(length);
    int to = pos;
    for (int at = from; at < to; ) {
      int b = bytes[at++] & 0xff;
      if (b < 0x80) {
        text.append((char) b);
        continue;
      }
      int more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;
      if (b < 0xc2 || b > 0xf4 || more > to - at) {
        throw fail(what, " is not UTF-8");
      }
      int code = b & (0x3f >> more);
      for (int i = 0; i < more; i++) {
        int next = bytes[at++] & 0xff;
        if ((next & 0xc0) != 0x80) {
          throw fail(what, " is not UTF-8");
        }
        code = (code << 6) | (next & 0x3f);
      }
      boolean overlong = code < (more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80);
      if (overlong || code > 0x10ffff || (code & 0x1ff800) == 0xd800) {
        throw fail(what, " is not UTF-8");
      }
      if (code < 0x10000) {
        text.append((char) code);
      } else {
        text.append((char) (0xd7c0 + (code >> 10))).append((char) (0xdc00 | (code & 0x3ff)));
      }
    }
    return text.toString();
  }

  ValType valType(String what) {
    int code = u8(what);
    ValType type = ValType.ofCode(code);
    if (type == null) {
      pos--;
      throw fail(what, ": unknown or unsupported value type 0x", Integer.toHexString(code));
    }
    return type;
  }
}
