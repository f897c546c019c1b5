package org.nnjit.graph;

/**
 * The model or a feed is at fault, not nnJIT. The message names the thing, what came, what was
 * wanted and what would work; it is shown to the user as it is.
 */
public final class ModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }
}
