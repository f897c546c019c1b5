package org.nnjit.wasm;

/** What follows an instruction's code. */
final class Imm {
  static final int NONE = 0;
  static final int BLOCK = 1;
  static final int INDEX = 2;
  static final int INDEX_TWO = 3;
  static final int TABLE = 4;
  static final int MEMORY = 5;
  static final int ZERO = 6;
  static final int ZERO_TWO = 7;
  static final int I32 = 8;
  static final int I64 = 9;
  static final int F32 = 10;
  static final int F64 = 11;
  static final int V128 = 12;
  static final int SHUFFLE = 13;
  static final int LANE = 14;
  static final int MEMORY_LANE = 15;

  private Imm() {}
}
