package org.nnjit.loop;

import org.nnjit.tensor.DType;

/**
 * A region of memory that a kernel is given: its base address is a parameter. Compared by
 * identity.
 */
public final class Buffer {
  private final String name;
  private final DType dtype;

  public Buffer(String name, DType dtype) {
    this.name = name;
    this.dtype = dtype;
  }

  public String name() {
    return name;
  }

  /** Type of the elements in memory. */
  public DType dtype() {
    return dtype;
  }

  @Override
  public String toString() {
    return name;
  }
}
