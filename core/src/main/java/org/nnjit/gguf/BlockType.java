package org.nnjit.gguf;

import org.nnjit.tensor.DType;

/**
 * How elements of a tensor lie.
 *
 * @param dtype of single elements, or null where blocks hold codes
 * @param elements of a block
 * @param bytes of a block
 * @param bits of a code
 * @param scaled codes with one scale
 */
record BlockType(DType dtype, int elements, int bytes, int bits, int scaled) {

  /** The type that GGUF numbers so, or null. */
  static BlockType of(int number) {
    return switch (number) {
      case 0 -> new BlockType(DType.F32, 1, 4, 0, 0);
      case 1 -> new BlockType(DType.F16, 1, 2, 0, 0);
      case 30 -> new BlockType(DType.BF16, 1, 2, 0, 0);
      case 2 -> new BlockType(null, 32, 18, 4, 32);
      case 8 -> new BlockType(null, 32, 34, 8, 32);
      case 12 -> new BlockType(null, 256, 144, 4, 32);
      case 14 -> new BlockType(null, 256, 210, 8, 16);
      default -> null;
    };
  }

  /** Those that {@link #of} knows. */
  static final String NAMES = "F32, F16, BF16, Q4_0, Q8_0, Q4_K and Q6_K";
}
