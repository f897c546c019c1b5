package org.nnjit.wasm;

/**
 * Value types of WebAssembly. Signatures are written with their letters: {@code "iiv:v"} takes two
 * i32 and a v128 and gives a v128.
 *
 * <p>Source: WebAssembly core specification, 5.3.1 (binary) and 2.3.1.
 */
public enum ValType {
  I32('i', 0x7f, "i32"),
  I64('l', 0x7e, "i64"),
  F32('f', 0x7d, "f32"),
  F64('d', 0x7c, "f64"),
  V128('v', 0x7b, "v128"),
  FUNCREF('r', 0x70, "funcref");

  final char letter;
  final int code;
  private final String text;

  ValType(char letter, int code, String text) {
    this.letter = letter;
    this.code = code;
    this.text = text;
  }

  /** Letter in signature strings: i, l, f, d, v or r. */
  public char letter() {
    return letter;
  }

  /** Name in the text format: {@code v128}. */
  public String text() {
    return text;
  }

  /** The type of a signature letter, or null. */
  public static ValType ofLetter(char letter) {
    return switch (letter) {
      case 'i' -> I32;
      case 'l' -> I64;
      case 'f' -> F32;
      case 'd' -> F64;
      case 'v' -> V128;
      case 'r' -> FUNCREF;
      default -> null;
    };
  }

  /** The type of a byte of the binary format, or null. */
  static ValType ofCode(int code) {
    return switch (code) {
      case 0x7f -> I32;
      case 0x7e -> I64;
      case 0x7d -> F32;
      case 0x7c -> F64;
      case 0x7b -> V128;
      case 0x70 -> FUNCREF;
      default -> null;
    };
  }

  /** Names of a string of letters: {@code i32 v128}. */
  static String names(String letters) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < letters.length(); i++) {
      text.append(i == 0 ? "" : " ").append(ofLetter(letters.charAt(i)).text);
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return text;
  }
}
