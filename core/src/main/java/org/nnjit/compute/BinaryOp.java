package org.nnjit.compute;

/** Elementary functions of two operands of one type; the result has that type unless said. */
public enum BinaryOp {
  ADD,
  /** Bitwise for integers, logical for bool. */
  AND,
  /** Integers round towards zero. */
  DIV,
  /** Result bool. */
  EQ,
  /** Quotient rounded towards minus infinity; integers only. */
  FLOOR_DIV,
  /** Remainder with the sign of the divisor (Python's); integers and floats. */
  FLOOR_MOD,
  /** Result bool. */
  LE,
  /** Result bool. */
  LT,
  /** NaN if either is NaN. */
  MAX,
  /** NaN if either is NaN. */
  MIN,
  MUL,
  /** Result bool. */
  NE,
  /** Bitwise for integers, logical for bool. */
  OR,
  POW,
  /** Remainder with the sign of the dividend (C's fmod and %). */
  REM,
  /** Shift left; integers. */
  SHL,
  /** Shift right, logical for unsigned and arithmetic for signed integers. */
  SHR,
  SUB,
  /** Bitwise for integers, logical for bool. */
  XOR;

  /** True when the result is bool whatever the operands are. */
  public boolean isComparison() {
    return this == EQ || this == NE || this == LT || this == LE;
  }
}
