package org.nnjit.cli.models;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import org.nnjit.graph.ModelException;

/**
 * Makes MatMulNBits of the products with constant f32 matrices in a file, MatMul and Gemm, in graphs inside
 * its graph too. Each block of {@code block} weights along a column has a scale: symmetric ones take the
 * weight of the greatest magnitude to the end of the codes' range, others have a zero point too.
 *
 * @param bits 4 or 8
 * @param block weights with one scale: 16, 32, 64, 128 or 256
 * @param symmetric without zero points
 * @param accuracyLevel of ONNX Runtime: 0 to 4; with 4 activations are quantised too
 */
public record Quantiser(int bits, int block, boolean symmetric, int accuracyLevel) {
  static final String DOMAIN = "com.microsoft";

  /** Names of a weight's parts. */
  record Names(String codes, String scales, String zeros) {}

  /**
   * @throws IllegalArgumentException naming the parameter that is out of range
   */
  public Quantiser {
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("bits is " + bits + ", wanted 4 or 8");
    }
    if (block < 16 || block > 256 || Integer.bitCount(block) != 1) {
      throw new IllegalArgumentException(
          "block is " + block + ", wanted 16, 32, 64, 128 or 256");
    }
    if (accuracyLevel < 0 || accuracyLevel > 4) {
      throw new IllegalArgumentException(
          "accuracy level is " + accuracyLevel + ", wanted 0 to 4");
    }
  }

  /**
   * What was done.
   *
   * @param products that became MatMulNBits
   * @param weights that were quantised
   * @param bytes of the written files
   */
  public record Result(int products, int weights, long bytes) {}

  /**
   * Writes the quantised model. Where the model keeps weights beside it, so does the new one, in
   * {@code NAME.data}.
   *
   * @throws IOException when the file is no model
   * @throws ModelException when weights that it names are missing
   */
  public Result apply(Path from, Path to) throws IOException {
    WeightFile file = new WeightFile(from);
    ModelProto model = file.model();
    BlockGraph graph = new BlockGraph(this, file);
    ModelProto.Builder out = model.toBuilder().setGraph(graph.rewritten());
    boolean imported = false;
    for (OperatorSetIdProto set : out.getOpsetImportList()) {
      imported |= set.getDomain().equals(DOMAIN);
    }
    BlockGraph.Counts done = graph.counts();
    if (!imported && done.products > 0) {
      out.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(DOMAIN).setVersion(1));
    }
    return new Result(done.products, done.weights, file.write(to, out));
  }

  /**
   * Codes, scales and zero points of a matrix.
   *
   * @param names of the tensors
   * @param w {@code [k, n]}, or {@code [n, k]} where its transpose is multiplied by
   */
  List<TensorProto> quantised(Names names, TensorProto w, boolean turned, float[] values) {
    int k = Math.toIntExact(w.getDims(turned ? 1 : 0));
    int n = Math.toIntExact(w.getDims(turned ? 0 : 1));
    int stepK = turned ? 1 : n;
    int stepN = turned ? k : 1;
    int blocks = (k + block - 1) / block;
    int blob = blockBytes();
    int zeroBytes = (blocks * bits + 7) / 8;
    byte[] codes = new byte[Math.multiplyExact(Math.multiplyExact(n, blocks), blob)];
    ByteBuffer scales =
        ByteBuffer.allocate(4 * n * blocks).order(ByteOrder.LITTLE_ENDIAN);
    byte[] zeros = new byte[n * zeroBytes];
    float[] x = new float[block];
    for (int column = 0; column < n; column++) {
      for (int b = 0; b < blocks; b++) {
        for (int i = 0; i < block; i++) {
          int row = b * block + i;
          x[i] = row < k ? values[row * stepK + column * stepN] : 0;
        }
        Grid grid = grid(x);
        scales.putFloat(grid.scale());
        put(zeros, column * zeroBytes, b, grid.zero());
        pack(x, grid, codes, (column * blocks + b) * blob);
      }
    }
    List<TensorProto> parts = new ArrayList<>();
    parts.add(
        WeightFile.tensor(
            names.codes(), TensorProto.DataType.UINT8, codes, n, blocks, blob));
    parts.add(
        WeightFile.tensor(
            names.scales(), TensorProto.DataType.FLOAT, scales.array(), (long) n * blocks));
    if (!symmetric) {
      parts.add(
          WeightFile.tensor(names.zeros(), TensorProto.DataType.UINT8, zeros, zeros.length));
    }
    return parts;
  }

  /** Bytes of a block's codes. */
  int blockBytes() {
    return block * bits / 8;
  }

  /** What a block's codes mean: {@code (code - zero) * scale}. */
  record Grid(float scale, int zero) {}

  /** The grid that fits the values of a block. */
  Grid grid(float[] values) {
    float low = 0;
    float high = 0;
    for (float x : values) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    if (symmetric) {
      int zero = 1 << (bits - 1);
      return new Grid((-low > high ? low : high) / -zero, zero);
    }
    float scale = (high - low) / ((1 << bits) - 1);
    return new Grid(scale, scale == 0 ? 0 : Math.round(-low / scale));
  }

  /**
   * Writes a block's codes.
   *
   * @param values as many as a block has
   * @param at index of the block's first byte, which is 0 as those after it
   */
  void pack(float[] values, Grid grid, byte[] codes, int at) {
    int most = (1 << bits) - 1;
    for (int i = 0; i < values.length; i++) {
      float x = grid.scale() == 0 ? 0 : values[i] / grid.scale();
      put(codes, at, i, Math.max(0, Math.min(most, (int) Math.rint(x) + grid.zero())));
    }
  }

  private void put(byte[] codes, int row, int at, int code) {
    if (bits == 8) {
      codes[row + at] = (byte) code;
    } else {
      codes[row + at / 2] |= (byte) (code << (at % 2 * 4));
    }
  }
}
