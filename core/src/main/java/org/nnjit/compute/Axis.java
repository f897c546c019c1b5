package org.nnjit.compute;

/**
 * One index of a compute, running from 0 to {@code extent - 1}. Compared by identity: two axes of
 * the same name are different.
 */
public final class Axis {
  private final String name;
  private final int extent;

  public Axis(String name, int extent) {
    this.name = name;
    this.extent = extent;
  }

  public String name() {
    return name;
  }

  public int extent() {
    return extent;
  }

  @Override
  public String toString() {
    return name + "<" + extent;
  }
}
