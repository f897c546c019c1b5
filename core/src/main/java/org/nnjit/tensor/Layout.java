package org.nnjit.tensor;

import java.util.Arrays;

/**
 * Where the elements of a tensor lie in its buffer: element {@code (i0, i1, ...)} is at {@code
 * offset + sum(i * stride)}, counted in elements. Transposed, sliced, broadcast (stride 0),
 * channel-last and halo-padded tensors are layouts, not copies.
 */
public final class Layout {
  private final int offset;
  private final int[] strides;

  private Layout(int offset, int[] strides) {
    this.offset = offset;
    this.strides = strides;
  }

  public static Layout of(int offset, int... strides) {
    return new Layout(offset, strides.clone());
  }

  public static Layout rowMajor(Shape shape) {
    return new Layout(0, shape.rowMajorStrides());
  }

  public int offset() {
    return offset;
  }

  public int stride(int i) {
    return strides[i < 0 ? i + strides.length : i];
  }

  public int[] strides() {
    return strides.clone();
  }

  /** True when the elements of {@code shape} lie densely in row-major order from offset 0. */
  public boolean isRowMajor(Shape shape) {
    if (offset != 0) {
      return false;
    }
    int expect = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      if (shape.dim(i) != 1 && strides[i] != expect) {
        return false;
      }
      expect *= shape.dim(i);
    }
    return true;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Layout l && offset == l.offset && Arrays.equals(strides, l.strides);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(strides) * 31 + offset;
  }

  /** {@code @0(98304,768,1)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("@").append(offset).append('(');
    for (int i = 0; i < strides.length; i++) {
      text.append(i == 0 ? "" : ",").append(strides[i]);
    }
    return text.append(')').toString();
  }
}
