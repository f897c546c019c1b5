package org.nnjit.compute;

/** How a reduction joins two values, and what it starts from. */
public enum Combiner {
  /** From 0. */
  SUM(BinaryOp.ADD),
  /** From 1. */
  PROD(BinaryOp.MUL),
  /** From minus infinity or the least integer. */
  MAX(BinaryOp.MAX),
  /** From infinity or the greatest integer. */
  MIN(BinaryOp.MIN);

  private final BinaryOp op;

  Combiner(BinaryOp op) {
    this.op = op;
  }

  public BinaryOp op() {
    return op;
  }
}
