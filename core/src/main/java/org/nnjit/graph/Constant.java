package org.nnjit.graph;

import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** A value fixed by the model file: held here when small, left in its file when large. */
public sealed interface Constant {

  /** Dense row-major type. */
  TensorType type();

  /** A small constant, ready for folding. */
  record Inline(Tensor tensor) implements Constant {
    @Override
    public TensorType type() {
      return tensor.type();
    }
  }

  /**
   * A weight that stays where it is until it is copied into the arena.
   *
   * @param type dense row-major type
   * @param file external data file as the model names it, or "" for the model file itself
   * @param offset first byte in that file
   */
  record Stored(TensorType type, String file, long offset) implements Constant {}
}
