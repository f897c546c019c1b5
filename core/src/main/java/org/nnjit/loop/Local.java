package org.nnjit.loop;

/** A variable of a kernel: loop index, pointer, accumulator. Compared by identity. */
public final class Local {
  private final String name;
  private final LType type;
  private final Buffer buffer;

  private Local(String name, LType type, Buffer buffer) {
    this.name = name;
    this.type = type;
    this.buffer = buffer;
  }

  public static Local of(String name, LType type) {
    return new Local(name, type, null);
  }

  /** A pointer into a buffer. */
  public static Local pointer(String name, Buffer buffer) {
    return new Local(name, LType.PTR, buffer);
  }

  public String name() {
    return name;
  }

  public LType type() {
    return type;
  }

  /** The buffer a pointer points into, else null. */
  public Buffer buffer() {
    return buffer;
  }

  @Override
  public String toString() {
    return name;
  }
}
