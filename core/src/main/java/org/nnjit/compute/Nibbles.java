package org.nnjit.compute;

import org.nnjit.tensor.DType;

/** Codes of 4 bits, two in a byte, the earlier in its low half. */
public final class Nibbles {
  private Nibbles() {}

  /**
   * A code, 0 to 15, as i32.
   *
   * @param arg u8 argument
   * @param row first byte of the row of codes
   * @param at which code of the row
   */
  public static Expr read(int arg, Expr row, Expr at) {
    Expr two = Expr.i32(2);
    Expr place = Expr.add(row, Expr.binary(BinaryOp.DIV, at, two));
    Expr both = Expr.cast(DType.I32, new Expr.ReadFlat(arg, DType.U8, place));
    Expr shift = Expr.mul(Expr.binary(BinaryOp.REM, at, two), Expr.i32(4));
    return Expr.and(Expr.binary(BinaryOp.SHR, both, shift), Expr.i32(15));
  }
}
