/**
 * Element types, shapes, layouts and host tensors: the words every later stage speaks.
 *
 * <p>Read {@link org.nnjit.tensor.TensorType}, {@link org.nnjit.tensor.Layout} and {@link
 * org.nnjit.tensor.Tensor} first. A new element type is one line in {@link
 * org.nnjit.tensor.DType} plus its cases in {@link org.nnjit.tensor.Tensor}.
 */
package org.nnjit.tensor;
