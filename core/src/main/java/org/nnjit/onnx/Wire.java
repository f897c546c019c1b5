package org.nnjit.onnx;

import org.nnjit.graph.ModelException;

/**
 * A cursor over one message. Every length is checked against the enclosing message here, since the
 * browser build does not check array bounds.
 */
final class Wire {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  private static final int WINDOW = 1 << 16;
  private static final int MAX_DEPTH = 64;

  private final Window window;
  private final String what;
  private final int depth;
  private final long end;
  private long at;
  private int field;
  private int type;

  private Wire(Window window, String what, int depth, long from, long end) {
    this.window = window;
    this.what = what;
    this.depth = depth;
    this.at = from;
    this.end = end;
  }

  /** The whole file as one message. */
  static Wire of(ByteSource source, String what) {
    return new Wire(new Window(source), what, 0, 0, source.size());
  }

  /** Goes to the next field; false at the end of the message. */
  boolean next() {
    if (at == end) {
      return false;
    }
    long start = at;
    long tag = varint();
    field = (int) (tag >>> 3);
    type = (int) (tag & 7);
    if (tag >>> 3 == 0 || tag >>> 3 > 536870911 || type == 3 || type == 4 || type > 5) {
      throw error(start, "a field cannot begin with tag " + tag);
    }
    return true;
  }

  int field() {
    return field;
  }

  int type() {
    return type;
  }

  long position() {
    return at;
  }

  long remaining() {
    return end - at;
  }

  /** The number of a varint field. */
  long number() {
    expect(VARINT, "a number");
    return varint();
  }

  float fixedFloat() {
    expect(FIXED32, "a float");
    return Float.intBitsToFloat(fixed32());
  }

  int fixed32() {
    need(4);
    int v = window.byteAt(at) | window.byteAt(at + 1) << 8 | window.byteAt(at + 2) << 16
        | window.byteAt(at + 3) << 24;
    at += 4;
    return v;
  }

  long fixed64() {
    long low = fixed32() & 0xffffffffL;
    return low | (long) fixed32() << 32;
  }

  long varint() {
    long v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      need(1);
      int b = window.byteAt(at++);
      v |= (long) (b & 0x7f) << shift;
      if (b < 0x80) {
        return v;
      }
    }
    throw error(at, "a number is longer than 10 bytes");
  }

  /** The nested message of this field; the cursor goes on behind it. */
  Wire message(String name) {
    long length = length();
    if (depth >= MAX_DEPTH) {
      throw error(at, "messages are nested deeper than " + MAX_DEPTH);
    }
    Wire inner = new Wire(window, name, depth + 1, at, at + length);
    at += length;
    return inner;
  }

  /**
   * Text in UTF-8; what is no UTF-8 becomes U+FFFD. The library's decoder is 2 KB of the page.
   */
  String string() {
    byte[] bytes = bytes();
    char[] text = new char[bytes.length];
    int length = 0;
    for (int i = 0; i < bytes.length; ) {
      int code = bytes[i++];
      if (code < 0) {
        int more = code < -64 || code >= -8 ? 0 : code < -32 ? 1 : code < -16 ? 2 : 3;
        int least = more == 1 ? 0x80 : 1 << 5 * more + 1;
        code &= 0x3f >> more;
        boolean whole = more > 0;
        for (; more > 0 && whole; more--) {
          whole = i < bytes.length && bytes[i] < -64;
          code = whole ? code << 6 | bytes[i++] & 0x3f : code;
        }
        boolean surrogate = code >> 11 == 0x1b;
        code = whole && code >= least && code <= 0x10ffff && !surrogate ? code : 0xfffd;
      }
      if (code > 0xffff) {
        text[length++] = (char) (0xd7c0 + (code >> 10));
        code = 0xdc00 | code & 0x3ff;
      }
      text[length++] = (char) code;
    }
    return new String(text, 0, length);
  }

  /** A copy of the bytes of this field. */
  byte[] bytes() {
    long length = length();
    if (length > 1 << 28) {
      throw error(at, "field " + field + " has " + length + " bytes, which is no name or attribute");
    }
    byte[] out = new byte[(int) length];
    window.copy(at, out);
    at += length;
    return out;
  }

  /** The length of this field, which lies inside the message. */
  long length() {
    expect(BYTES, "bytes");
    long start = at;
    long length = varint();
    if (length < 0 || length > end - at) {
      throw error(
          start, "field " + field + " says " + length + " bytes, " + (end - at) + " remain");
    }
    return length;
  }

  void advance(long bytes) {
    at += bytes;
  }

  void skip() {
    switch (type) {
      case VARINT -> varint();
      case FIXED64 -> {
        need(8);
        at += 8;
      }
      case FIXED32 -> {
        need(4);
        at += 4;
      }
      default -> advance(length());
    }
  }

  private void expect(int wanted, String name) {
    if (type != wanted) {
      throw error(at, "field " + field + " has wire type " + type + ", wanted " + name);
    }
  }

  private void need(int bytes) {
    if (end - at < bytes) {
      throw error(at, what + " ends in the middle of a field");
    }
  }

  ModelException error(long position, String message) {
    return new ModelException(
        "not a valid ONNX model: in " + what + " at byte " + position + ": " + message);
  }

  /** The part of the file that is in memory. */
  private static final class Window {
    private final ByteSource source;
    private final byte[] buffer;
    private long from;
    private int length;

    Window(ByteSource source) {
      this.source = source;
      this.buffer = new byte[(int) Math.min(WINDOW, Math.max(1, source.size()))];
    }

    int byteAt(long position) {
      if (position < from || position >= from + length) {
        from = position;
        length = (int) Math.min(buffer.length, source.size() - position);
        source.read(from, buffer, 0, length);
      }
      return buffer[(int) (position - from)] & 0xff;
    }

    void copy(long position, byte[] into) {
      if (position >= from && position + into.length <= from + length) {
        System.arraycopy(buffer, (int) (position - from), into, 0, into.length);
      } else if (into.length > 0) {
        source.read(position, into, 0, into.length);
      }
    }
  }
}
