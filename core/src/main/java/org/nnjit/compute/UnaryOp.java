package org.nnjit.compute;

/** Elementary functions of one operand; the result has the operand's type unless said. */
public enum UnaryOp {
  ABS,
  ACOS,
  ACOSH,
  ASIN,
  ASINH,
  ATAN,
  ATANH,
  /** Bitwise complement of integers. */
  BIT_NOT,
  /** The bits of an f32; result i32. */
  BITS_OF,
  CEIL,
  COS,
  COSH,
  ERF,
  EXP,
  FLOOR,
  /** The f32 that has these bits, an i32. */
  FROM_BITS,
  /** True where the float is an infinity; result bool. */
  IS_INF,
  /** True where the float is a NaN; result bool. */
  IS_NAN,
  LOG,
  NEG,
  /** Logical negation of bool. */
  NOT,
  /** Nearest integer, ties to even. */
  ROUND,
  RSQRT,
  /** 1 / (1 + exp(-x)). */
  SIGMOID,
  SIN,
  SINH,
  SQRT,
  TAN,
  TANH,
  TRUNC
}
