package org.nnjit.cli.models;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import onnx.Onnx.TensorProto;

/**
 * A matrix as codes of 8 bits, each for {@code (code - zero) * scale}.
 *
 * @param codes {@code [k, n]}, i8 or u8
 * @param scale a scalar, or {@code [n]} of a scale for each column
 * @param zero of the type of the codes and the shape of the scale
 */
record ByteCodes(TensorProto codes, TensorProto scale, TensorProto zero) {
  /** Signed codes are -127 to 127, so that a number and its negative are as exact. */
  private static final int SIGNED = 127;

  private static final int UNSIGNED = 255;

  /**
   * How a matrix is stored.
   *
   * @param weight its name
   * @param turned what is stored is its transpose
   * @param columns each column has a scale
   */
  record Form(String weight, boolean turned, boolean columns) {}

  /** Names of the three tensors. */
  record Names(String codes, String scale, String zero) {}

  /**
   * Codes as quantize_dynamic of ONNX Runtime makes them: signed ones have zero point 0.
   *
   * @param values {@code [k, n]}, or {@code [n, k]} where they are to be turned
   * @param n columns of what is stored
   * @return null where a number is not finite
   */
  static ByteCodes of(Form form, float[] values, int n, boolean unsigned, Names names) {
    float[] x = form.turned() ? turned(values, n) : values;
    int scales = form.columns() ? n : 1;
    float[] low = new float[scales];
    float[] high = new float[scales];
    for (int i = 0; i < x.length; i++) {
      if (!Float.isFinite(x[i])) {
        return null;
      }
      int j = i % scales;
      low[j] = Math.min(low[j], x[i]);
      high[j] = Math.max(high[j], x[i]);
    }
    ByteBuffer scale = ByteBuffer.allocate(4 * scales).order(ByteOrder.LITTLE_ENDIAN);
    byte[] zero = new byte[scales];
    for (int j = 0; j < scales; j++) {
      double range =
          unsigned
              ? ((double) high[j] - low[j]) / UNSIGNED
              : (double) Math.max(high[j], -low[j]) / SIGNED;
      // Zeros have no range, and a number divided by a scale that is almost 0 may be infinite.
      boolean flat = range < Float.MIN_NORMAL;
      scale.putFloat(flat ? 1 : (float) range);
      zero[j] = (byte) (unsigned && !flat ? Math.rint(-low[j] / range) : 0);
    }
    byte[] codes = new byte[x.length];
    for (int i = 0; i < x.length; i++) {
      int j = i % scales;
      int code = (int) Math.rint(x[i] / scale.getFloat(4 * j));
      codes[i] =
          (byte)
              (unsigned
                  ? Math.clamp(code + (zero[j] & UNSIGNED), 0, UNSIGNED)
                  : Math.clamp(code, -SIGNED, SIGNED));
    }
    TensorProto.DataType type =
        unsigned ? TensorProto.DataType.UINT8 : TensorProto.DataType.INT8;
    long[] each = form.columns() ? new long[] {n} : new long[0];
    return new ByteCodes(
        WeightFile.tensor(names.codes(), type, codes, x.length / n, n),
        WeightFile.tensor(names.scale(), TensorProto.DataType.FLOAT, scale.array(), each),
        WeightFile.tensor(names.zero(), type, zero, each));
  }

  /** The transpose of {@code x [n, k]}. */
  private static float[] turned(float[] x, int n) {
    int k = x.length / n;
    float[] y = new float[x.length];
    for (int column = 0; column < n; column++) {
      for (int row = 0; row < k; row++) {
        y[row * n + column] = x[column * k + row];
      }
    }
    return y;
  }
}
