package org.nnjit.cli.models;

import java.util.List;
import org.nnjit.tensor.DType;

/**
 * Layers as torch.onnx writes them below opset 17: decomposed into elementary operators.
 *
 * <p>Weight statistics keep the variance of activations near 1: a linear layer of k inputs has
 * deviation {@code gain / sqrt(k)}, normalisation weights lie around 1.
 */
final class Layers {
  private Layers() {}

  /**
   * LayerNorm over the last axis: ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add.
   *
   * @param x [..., size] f32
   */
  static String layerNorm(GraphWriter g, String x, int size, float epsilon) {
    String centred = g.sub(x, g.meanLast(x));
    String variance = g.meanLast(g.op("Pow", centred, g.scalar(2f)));
    String deviation = g.op("Sqrt", g.add(variance, g.scalar(epsilon)));
    String weight = g.weight("weight", 1, 0.05, size);
    String bias = g.weight("bias", 0, 0.05, size);
    return g.add(g.mul(g.div(centred, deviation), weight), bias);
  }

  /** x / sqrt(mean(x^2) + epsilon) over the last axis, as product with a reciprocal. */
  static String rootMeanSquareNorm(GraphWriter g, String x, float epsilon) {
    String square = g.op("Pow", x, g.scalar(2f));
    String mean =
        g.node(
            "ReduceMean",
            List.of(square),
            Attr.of("axes", new long[] {-1}),
            Attr.of("keepdims", 1));
    String root = g.op("Sqrt", g.add(mean, g.scalar(epsilon)));
    return g.mul(x, g.div(g.scalar(1f), root));
  }

  /** GELU through the error function: x (1 + erf(x / sqrt 2)) / 2. */
  static String gelu(GraphWriter g, String x) {
    String erf = g.op("Erf", g.div(x, g.scalar((float) Math.sqrt(2))));
    return g.mul(g.mul(x, g.add(erf, g.scalar(1f))), g.scalar(0.5f));
  }

  /** GPT-2's GELU through the hyperbolic tangent (Hugging Face NewGELUActivation). */
  static String newGelu(GraphWriter g, String x) {
    String half = g.mul(x, g.scalar(0.5f));
    String cube = g.mul(g.op("Pow", x, g.scalar(3f)), g.scalar(0.044715f));
    String inner = g.mul(g.add(x, cube), g.scalar((float) Math.sqrt(2 / Math.PI)));
    return g.mul(half, g.add(g.op("Tanh", inner), g.scalar(1f)));
  }

  /**
   * A linear layer on [..., in] as MatMul and Add; the weight is stored as [in, out], which is what
   * constant folding makes of torch's [out, in].
   */
  static String linear(GraphWriter g, String x, int in, int out, double gain) {
    String product = g.matMul(x, projection(g, in, out, gain));
    return g.add(g.weight("bias", 0, 0.02, out), product);
  }

  /** A linear layer without bias. */
  static String linearNoBias(GraphWriter g, String x, int in, int out, double gain) {
    return g.matMul(x, projection(g, in, out, gain));
  }

  private static String projection(GraphWriter g, int in, int out, double gain) {
    return g.weight("weight", 0, gain / Math.sqrt(in), in, out);
  }

  /** A linear layer on [batch, in] as Gemm with torch's [out, in] weight (transB). */
  static String gemm(GraphWriter g, String x, int in, int out, double gain) {
    String weight = g.weight("weight", 0, gain / Math.sqrt(in), out, in);
    return g.node(
        "Gemm",
        List.of(x, weight, g.weight("bias", 0, 0.02, out)),
        Attr.of("alpha", 1f),
        Attr.of("beta", 1f),
        Attr.of("transB", 1));
  }

  /** The additive mask of Hugging Face's encoders: (1 - mask) * lowest, [b, 1, 1, s] f32. */
  static String additiveMask(GraphWriter g, String mask) {
    String wide = g.unsqueeze(g.unsqueeze(mask, 1), 2);
    String open = g.cast(wide, DType.F32);
    return g.mul(g.sub(g.scalar(1f), open), g.scalar(-Float.MAX_VALUE));
  }

  /**
   * The additive mask of Hugging Face's decoders: 0 where attended and the lowest number elsewhere,
   * [b, 1, queries, s] f32.
   *
   * @param mask [b, s] i64
   * @param queries an extent; null for s itself
   */
  static String expandedMask(GraphWriter g, String mask, String queries) {
    String batch = g.dim(mask, 0);
    String length = g.dim(mask, 1);
    String wide = g.unsqueeze(g.unsqueeze(mask, 1), 2);
    String shape = g.shape(batch, 1, queries == null ? length : queries, length);
    String open = g.cast(g.expand(wide, shape), DType.F32);
    String closed = g.sub(g.scalar(1f), open);
    String hidden = g.cast(g.cast(closed, DType.BOOL), DType.BOOL);
    return g.op("Where", hidden, g.scalar(-Float.MAX_VALUE), closed);
  }

  /**
   * What a new token may see of the others, [batch, 1, sequence, past + sequence] f32: 0 or the
   * lowest number.
   *
   * @param past an extent; null where there is no past
   */
  static String causalMask(GraphWriter g, String batch, String sequence, String past) {
    String closed = g.full(g.shape(sequence, sequence), -Float.MAX_VALUE);
    String end = g.cast(lastDim(g, closed, -1, Long.MAX_VALUE), DType.I64);
    String columns = g.op("Range", g.scalar(0L), end, g.scalar(1L));
    String next = g.add(columns, g.scalar(1L));
    String rows = g.reshape(next, lastDim(g, closed, -1, Long.MAX_VALUE), 1);
    String seen = g.cast(g.op("Less", columns, rows), DType.BOOL);
    String mask = g.cast(g.op("Where", seen, g.scalar(0f), closed), DType.F32);
    String all = sequence;
    if (past != null) {
      mask = g.concat(-1, List.of(g.full(g.shape(sequence, past), 0), mask));
      all = g.add(sequence, past);
    }
    mask = g.unsqueeze(g.unsqueeze(mask, 0), 1);
    return g.expand(mask, g.shape(batch, 1, sequence, all));
  }

  /** Names of the inputs with a layer's past keys and values. */
  static String[] past(int layer) {
    return past(layer, "");
  }

  /**
   * The same in a decoder with an encoder.
   *
   * @param whose "decoder." or "encoder."
   */
  static String[] past(int layer, String whose) {
    String name = "past_key_values." + layer + "." + whose;
    return new String[] {name + "key", name + "value"};
  }

  /** Declares the past keys and values of all layers, [batch, heads, past_sequence, width]. */
  static void pastInputs(GraphWriter root, int layers, int heads, int width) {
    for (int i = 0; i < layers; i++) {
      for (String name : past(i)) {
        root.input(name, DType.F32, "batch", heads, "past_sequence", width);
      }
    }
  }

  /**
   * Declares the past of a decoder with an encoder: its own keys and values [batch, heads,
   * past_decoder_sequence, width] and those of the encoder's states.
   */
  static void crossPastInputs(GraphWriter root, int layers, int heads, int width) {
    for (int i = 0; i < layers; i++) {
      for (String name : past(i, "decoder.")) {
        root.input(name, DType.F32, "batch", heads, "past_decoder_sequence", width);
      }
      for (String name : past(i, "encoder.")) {
        root.input(name, DType.F32, "batch", heads, "encoder_sequence", width);
      }
    }
  }

  /**
   * Makes keys and values outputs of a decoder with an encoder.
   *
   * @param present of each layer, its own and then those of the encoder's states
   * @param past only its own, the others stay what they were
   */
  static void crossPresent(
      GraphWriter root, List<String[]> present, boolean past, int heads, int width) {
    String own = past ? "past_decoder_sequence + 1" : "decoder_sequence";
    for (int i = 0; i < present.size(); i++) {
      boolean encoders = i % 2 == 1;
      if (encoders && past) {
        continue;
      }
      String name = "present." + i / 2 + (encoders ? ".encoder." : ".decoder.");
      Object[] dims = {"batch", heads, encoders ? "encoder_sequence" : own, width};
      root.output(present.get(i)[0], name + "key", DType.F32, dims);
      root.output(present.get(i)[1], name + "value", DType.F32, dims);
    }
  }

  /** One extent as a scalar by slicing the shape: Shape, Slice, Squeeze. */
  static String lastDim(GraphWriter g, String x, long from, long to) {
    String slice = g.op("Slice", g.op("Shape", x), g.ints(from), g.ints(to), g.ints(0));
    return g.op("Squeeze", slice, g.ints(0));
  }
}
