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
  CEIL,
  COS,
  COSH,
  ERF,
  EXP,
  FLOOR,
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
