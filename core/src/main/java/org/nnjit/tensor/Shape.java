package org.nnjit.tensor;

import java.util.Arrays;

/** Concrete extents of a tensor, outermost first. Immutable; a scalar has rank 0. */
public final class Shape {
  public static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;

  private Shape(int[] dims) {
    this.dims = dims;
  }

  /** A shape of these extents, each at least 0. */
  public static Shape of(int... dims) {
    for (int d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException("negative extent in " + Arrays.toString(dims));
      }
    }
    return new Shape(dims.clone());
  }

  public int rank() {
    return dims.length;
  }

  /** Extent of a dimension; a negative index counts from the last. */
  public int dim(int i) {
    return dims[i < 0 ? i + dims.length : i];
  }

  public int[] dims() {
    return dims.clone();
  }

  /** Number of elements. */
  public long elements() {
    long n = 1;
    for (int d : dims) {
      n *= d;
    }
    return n;
  }

  /** Number of elements of dimensions {@code from <= i < to}. */
  public int elements(int from, int to) {
    int n = 1;
    for (int i = from; i < to; i++) {
      n *= dims[i];
    }
    return n;
  }

  public Shape with(int i, int extent) {
    int[] d = dims.clone();
    d[i < 0 ? i + d.length : i] = extent;
    return of(d);
  }

  /** Strides, in elements, of a dense row-major tensor of this shape. */
  public int[] rowMajorStrides() {
    int[] strides = new int[dims.length];
    int s = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = s;
      s *= dims[i];
    }
    return strides;
  }

  /**
   * Shape of an elementwise operator over both (ONNX multidirectional broadcasting), or null when
   * they do not fit.
   */
  public static Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] out = new int[rank];
    for (int i = 0; i < rank; i++) {
      int x = i < rank - a.rank() ? 1 : a.dims[i - rank + a.rank()];
      int y = i < rank - b.rank() ? 1 : b.dims[i - rank + b.rank()];
      if (x != y && x != 1 && y != 1) {
        return null;
      }
      out[i] = x == 1 ? y : x;
    }
    return new Shape(out);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** {@code [1,128,768]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < dims.length; i++) {
      text.append(i == 0 ? "" : ",").append(dims[i]);
    }
    return text.append(']').toString();
  }
}
