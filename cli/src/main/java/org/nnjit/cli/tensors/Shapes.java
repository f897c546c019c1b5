package org.nnjit.cli.tensors;

import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Shape;

/** Shapes as users write them. */
public final class Shapes {
  private Shapes() {}

  /**
   * The shape that a text such as {@code 1x128} gives.
   *
   * @throws ModelException when it gives none
   */
  public static Shape parse(String text) {
    return parse(text, "x");
  }

  /** The shape of a list of extents; {@code separator} is a regular expression. */
  static Shape parse(String text, String separator) {
    String[] parts = text.isBlank() ? new String[0] : text.strip().split(separator);
    int[] dims = new int[parts.length];
    long elements = 1;
    for (int i = 0; i < dims.length; i++) {
      try {
        dims[i] = Integer.parseInt(parts[i]);
      } catch (NumberFormatException e) {
        dims[i] = -1;
      }
      if (dims[i] < 0) {
        throw new ModelException("'" + text + "' is no shape; one of rank 2 is 1x128");
      }
      elements *= dims[i];
      if (elements > Integer.MAX_VALUE) {
        throw new ModelException("a tensor of shape " + text + " is too large");
      }
    }
    return Shape.of(dims);
  }
}
