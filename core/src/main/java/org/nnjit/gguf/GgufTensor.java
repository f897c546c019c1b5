package org.nnjit.gguf;

import org.nnjit.graph.Constant;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * A tensor of the file.
 *
 * @param type as GGUF numbers it
 * @param columns elements of a row, whole blocks
 * @param rows 1 for a vector
 * @param offset its first byte in the file
 */
record GgufTensor(String name, int type, int columns, int rows, long offset) {

  BlockType blocks() {
    return BlockType.of(type);
  }

  long bytes() {
    return (long) columns / blocks().elements() * blocks().bytes() * rows;
  }

  /** {@code [rows, columns]}, in words of 16 bits where it has blocks; of a vector its elements. */
  Constant constant(boolean vector) {
    BlockType b = blocks();
    boolean plain = b.dtype() != null;
    DType dtype = plain ? b.dtype() : DType.U16;
    int row = plain ? columns : columns / b.elements() * (b.bytes() / 2);
    TensorType shape = vector ? TensorType.of(dtype, row) : TensorType.of(dtype, rows, row);
    return new Constant.Stored(shape, "", offset);
  }
}
