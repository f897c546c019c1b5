package org.nnjit.graph;

/**
 * Thrown by an operator whose output shape depends on the value of an input that is not known yet.
 * The specialiser catches it, works the value out from the feeds and tries again.
 */
public final class NeedsValue extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int input;

  public NeedsValue(int input) {
    super("value of input " + input + " is needed", null, false, false);
    this.input = input;
  }

  /** Position of the input. */
  public int input() {
    return input;
  }
}
