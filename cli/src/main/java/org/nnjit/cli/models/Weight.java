package org.nnjit.cli.models;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.nnjit.tensor.DType;

/**
 * The values of one stored tensor, row-major, computed piece by piece when the file is written: a
 * large model is never held in memory.
 */
sealed interface Weight {
  /** Dimensions. */
  long[] dims();

  /** Element type. */
  DType dtype();

  /** Elements that are written together. */
  int unit();

  /** Writes {@link #unit} elements from a row-major index on, a multiple of the unit. */
  void put(long index, ByteBuffer into);

  /** Elements in all. */
  default long elements() {
    return Arrays.stream(dims()).reduce(1, Math::multiplyExact);
  }

  /** Trained parameters that it stands for. */
  default long parameters() {
    return elements();
  }

  /** A f32 tensor. */
  sealed interface Floats extends Weight {
    /** Element at a row-major index. */
    float at(long index);

    @Override
    default DType dtype() {
      return DType.F32;
    }

    @Override
    default int unit() {
      return 1;
    }

    @Override
    default void put(long index, ByteBuffer into) {
      into.putFloat(at(index));
    }
  }

  /** {@code mean + deviation * normal}. */
  record Random(Noise noise, double mean, double deviation, long... dims) implements Floats {
    @Override
    public float at(long index) {
      return (float) (mean + deviation * noise.normal(index));
    }
  }

  /** The transpose of a matrix: dims [columns, rows] of its [rows, columns]. */
  record Transposed(Floats of) implements Floats {
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
  record Values(float[] values, long... dims) implements Floats {
    @Override
    public float at(long index) {
      return values[(int) index];
    }
  }

  /**
   * The packed codes of a matrix whose rows are quantised block by block.
   *
   * @param rows [n, k]
   * @param dims [n, blocks of a row, bytes of a block], or the last two as one
   */
  record Codes(Floats rows, Quantiser quantiser, long... dims) implements Weight {
    @Override
    public DType dtype() {
      return DType.U8;
    }

    @Override
    public int unit() {
      return quantiser.blockBytes();
    }

    @Override
    public void put(long index, ByteBuffer into) {
      float[] values = block(rows, quantiser, index / unit());
      byte[] codes = new byte[unit()];
      quantiser.pack(values, quantiser.grid(values), codes, 0);
      into.put(codes);
    }

    @Override
    public long parameters() {
      return rows.parameters();
    }
  }

  /**
   * The scales to {@link Codes}, one for each block.
   *
   * @param rows [n, k]
   */
  record Scales(Floats rows, Quantiser quantiser, long... dims) implements Floats {
    @Override
    public float at(long index) {
      return quantiser.grid(block(rows, quantiser, index)).scale();
    }
  }

  /** The values of one block, zeros beyond the end of the row. */
  private static float[] block(Floats rows, Quantiser quantiser, long index) {
    long k = rows.dims()[1];
    int size = quantiser.block();
    long blocks = (k + size - 1) / size;
    long first = index % blocks * size;
    float[] values = new float[size];
    for (int i = 0; i < size && first + i < k; i++) {
      values[i] = rows.at(index / blocks * k + first + i);
    }
    return values;
  }
}
