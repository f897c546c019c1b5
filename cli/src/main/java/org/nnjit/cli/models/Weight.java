package org.nnjit.cli.models;

import java.util.Arrays;

/**
 * The values of one stored f32 tensor, row-major, computed element by element when the file is
 * written: a large model is never held in memory.
 */
sealed interface Weight {
  /** Dimensions. */
  long[] dims();

  /** Element at a row-major index. */
  float at(long index);

  /** Elements in all. */
  default long elements() {
    return Arrays.stream(dims()).reduce(1, Math::multiplyExact);
  }

  /** {@code mean + deviation * normal}. */
  record Random(Noise noise, double mean, double deviation, long... dims) implements Weight {
    @Override
    public float at(long index) {
      return (float) (mean + deviation * noise.normal(index));
    }
  }

  /** The transpose of a matrix: dims [columns, rows] of its [rows, columns]. */
  record Transposed(Weight of) implements Weight {
    @Override
    public long[] dims() {
      return new long[] {of.dims()[1], of.dims()[0]};
    }

    @Override
    public float at(long index) {
      long rows = of.dims()[0];
      return of.at((index % rows) * of.dims()[1] + index / rows);
    }
  }

  /** Given values: statistics of a normalisation, trained weights. */
  record Values(float[] values, long... dims) implements Weight {
    @Override
    public float at(long index) {
      return values[(int) index];
    }
  }
}
