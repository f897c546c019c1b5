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
}
