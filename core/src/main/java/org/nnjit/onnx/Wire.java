package org.nnjit.onnx;

import org.nnjit.graph.ByteSource;
import org.nnjit.graph.FileWindow;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Texts;

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

  private final FileWindow window;
  private final String what;
  private final int depth;
  private final long end;
  private long at;
  private int field;
  private int type;

  private Wire(FileWindow window, String what, int depth, long from, long end) {
    this.window = window;
    this.what = what;
    this.depth = depth;
    this.at = from;
    this.end = end;
  }

  /** The whole file as one message. */
  static Wire of(ByteSource source, String what) {
    return new Wire(new FileWindow(source, WINDOW), what, 0, 0, source.size());
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
    int v = window.int32(at);
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

  /** Text in UTF-8. */
  String string() {
    return Texts.utf8(bytes());
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
}
