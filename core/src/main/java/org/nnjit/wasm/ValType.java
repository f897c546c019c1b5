package org.nnjit.wasm;

/** Type of a WebAssembly value. */
public enum ValType {
  I32(0x7f, 'i'),
  I64(0x7e, 'l'),
  F32(0x7d, 'f'),
  F64(0x7c, 'd'),
  V128(0x7b, 'v');

  private final int code;
  private final char letter;

  ValType(int code, char letter) {
    this.code = code;
    this.letter = letter;
  }

  int code() {
    return code;
  }

  char letter() {
    return letter;
  }

  /** Name in the text format. */
  public String text() {
    return name().toLowerCase();
  }

  static ValType ofCode(int code) {
    for (ValType t : values()) {
      if (t.code == code) {
        return t;
      }
    }
    return null;
  }
}
