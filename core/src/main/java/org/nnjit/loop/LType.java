package org.nnjit.loop;

/** Type of a value in loops. A bool is an I32 of 0 or 1, a vector of bools an I32X4 mask. */
public enum LType {
  I32,
  I64,
  F32,
  F64,
  /** Four f32 lanes. */
  F32X4,
  /** Four i32 lanes; as a mask each lane is 0 or all ones. */
  I32X4,
  /** An element of a buffer. */
  PTR;

  public boolean isVector() {
    return this == F32X4 || this == I32X4;
  }
}
