package org.nnjit.cli.models;

import static org.nnjit.tensor.Halves.f16ToFloat;
import static org.nnjit.tensor.Halves.floatToBf16;
import static org.nnjit.tensor.Halves.floatToF16;

import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Element types of GGUF files: random blocks, and their values as ggml's reference code reads them
 * (ggml-quants.c, dequantize_row).
 */
public enum GgufType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q8_0(8, 32, 34),
  Q4_K(12, 256, 144),
  Q6_K(14, 256, 210),
  BF16(30, 1, 2);

  final int number;
  final int elements;
  final int bytes;

  GgufType(int number, int elements, int bytes) {
    this.number = number;
    this.elements = elements;
    this.bytes = bytes;
  }

  /** Bytes of a row of so many elements. */
  int rowBytes(int columns) {
    return columns / elements * bytes;
  }

  /** Puts blocks of random codes, whose values deviate from 0 by about so much. */
  void random(Random random, ByteBuffer into, int columns, double deviation) {
    for (int i = 0; i < columns / elements; i++) {
      float factor = (float) (deviation * (0.5 + random.nextDouble()));
      switch (this) {
        case F32 -> into.putFloat((float) (deviation * random.nextGaussian()));
        case F16 -> into.putShort(f16(deviation * random.nextGaussian()));
        case BF16 ->
            into.putShort((short) floatToBf16((float) (deviation * random.nextGaussian())));
        case Q4_0 -> into.putShort(f16(random.nextBoolean() ? factor / 4.6 : -factor / 4.6));
        case Q8_0 -> into.putShort(f16(factor / 74));
        case Q4_K -> into.putShort(f16(factor / 240)).putShort(f16(factor / 32));
        case Q6_K -> {}
      }
      int scales = elements == 1 ? 0 : this == Q4_K ? 4 : 2;
      byte[] codes = new byte[elements == 1 ? 0 : bytes - scales];
      random.nextBytes(codes);
      into.put(codes);
      if (this == Q6_K) {
        into.putShort(f16(factor / 1350));
      }
    }
  }

  private static short f16(double value) {
    return (short) floatToF16((float) value);
  }

  /** The values of a row of blocks. */
  void values(ByteBuffer row, float[] into, int at, int columns) {
    for (int i = 0; i < columns; i += elements) {
      block(row, i / elements * bytes, into, at + i);
    }
  }

  private void block(ByteBuffer x, int at, float[] y, int to) {
    switch (this) {
      case F32 -> y[to] = x.getFloat(at);
      case F16 -> y[to] = half(x, at);
      case BF16 -> y[to] = Float.intBitsToFloat(x.getShort(at) << 16);
      case Q4_0 -> {
        for (int j = 0; j < 16; j++) {
          y[to + j] = ((x.get(at + 2 + j) & 15) - 8) * half(x, at);
          y[to + j + 16] = ((x.get(at + 2 + j) >> 4 & 15) - 8) * half(x, at);
        }
      }
      case Q8_0 -> {
        for (int j = 0; j < 32; j++) {
          y[to + j] = x.get(at + 2 + j) * half(x, at);
        }
      }
      case Q4_K -> {
        for (int part = 0; part < 8; part++) {
          int low = x.get(at + 4 + part % 4);
          int high = x.get(at + 8 + part % 4);
          int rest = x.get(at + 12 + part % 4);
          int scale = part < 4 ? low & 63 : rest & 15 | (low >> 6 & 3) << 4;
          int least = part < 4 ? high & 63 : rest >> 4 & 15 | (high >> 6 & 3) << 4;
          for (int j = 0; j < 32; j++) {
            int code = x.get(at + 16 + part / 2 * 32 + j) >> part % 2 * 4 & 15;
            y[to + part * 32 + j] = half(x, at) * scale * code - half(x, at + 2) * least;
          }
        }
      }
      case Q6_K -> {
        for (int half = 0; half < 2; half++) {
          int low = at + 64 * half;
          int high = at + 128 + 32 * half;
          int scales = at + 192 + 8 * half;
          for (int j = 0; j < 32; j++) {
            for (int part = 0; part < 4; part++) {
              int code = x.get(low + j + part % 2 * 32) >> part / 2 * 4 & 15;
              code |= (x.get(high + j) >> 2 * part & 3) << 4;
              float scale = half(x, at + 208) * x.get(scales + j / 16 + 2 * part);
              y[to + half * 128 + part * 32 + j] = scale * (code - 32);
            }
          }
        }
      }
    }
  }

  private static float half(ByteBuffer x, int at) {
    return f16ToFloat(x.getShort(at) & 0xffff);
  }
}
