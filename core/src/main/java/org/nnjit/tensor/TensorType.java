package org.nnjit.tensor;

/** Element type, shape and layout of a tensor. */
public record TensorType(DType dtype, Shape shape, Layout layout) {

  /** A dense row-major tensor. */
  public static TensorType of(DType dtype, Shape shape) {
    return new TensorType(dtype, shape, Layout.rowMajor(shape));
  }

  public static TensorType of(DType dtype, int... dims) {
    return of(dtype, Shape.of(dims));
  }

  public boolean isRowMajor() {
    return layout.isRowMajor(shape);
  }

  /** Bytes of the elements when dense. */
  public long bytes() {
    return shape.elements() * dtype.bytes();
  }

  public TensorType withLayout(Layout other) {
    return new TensorType(dtype, shape, other);
  }

  /** {@code f32[1,128,768]}, followed by the layout when it is not row-major. */
  @Override
  public String toString() {
    return dtype.text() + shape + (isRowMajor() ? "" : layout.toString());
  }
}
