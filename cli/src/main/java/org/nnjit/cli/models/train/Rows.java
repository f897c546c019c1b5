package org.nnjit.cli.models.train;

import java.util.Arrays;

/**
 * Arithmetic on matrices that are arrays of rows. Inner loops run over one row from its first
 * element on, which the virtual machine turns into vector instructions.
 */
final class Rows {
  private Rows() {}

  /** a [m, k] b [k, n]. */
  static float[][] product(float[][] a, float[][] b) {
    float[][] c = new float[a.length][b[0].length];
    int whole = b.length / 4 * 4;
    for (int i = 0; i < a.length; i++) {
      float[] row = a[i];
      for (int k = 0; k < whole; k += 4) {
        add4(
            c[i], row[k], b[k], row[k + 1], b[k + 1], row[k + 2], b[k + 2], row[k + 3], b[k + 3]);
      }
      for (int k = whole; k < b.length; k++) {
        add(c[i], row[k], b[k]);
      }
    }
    return c;
  }

  /** Adds the transpose of a [m, k] times d [m, n] to c [k, n]. */
  static void addOuter(float[][] c, float[][] a, float[][] d) {
    int whole = a.length / 4 * 4;
    for (int k = 0; k < c.length; k++) {
      for (int i = 0; i < whole; i += 4) {
        add4(
            c[k], a[i][k], d[i], a[i + 1][k], d[i + 1], a[i + 2][k], d[i + 2], a[i + 3][k],
            d[i + 3]);
      }
      for (int i = whole; i < a.length; i++) {
        add(c[k], a[i][k], d[i]);
      }
    }
  }

  private static void add4(
      float[] c, float a0, float[] b0, float a1, float[] b1, float a2, float[] b2, float a3,
      float[] b3) {
    for (int j = 0; j < c.length; j++) {
      float low = Math.fma(a1, b1[j], Math.fma(a0, b0[j], c[j]));
      c[j] = Math.fma(a3, b3[j], Math.fma(a2, b2[j], low));
    }
  }

  private static void add(float[] c, float a, float[] b) {
    for (int j = 0; j < c.length; j++) {
      c[j] += a * b[j];
    }
  }

  static void add(float[] to, float[] x) {
    for (int j = 0; j < to.length; j++) {
      to[j] += x[j];
    }
  }

  static float[][] sum(float[][] a, float[][] b) {
    float[][] c = new float[a.length][];
    for (int i = 0; i < a.length; i++) {
      c[i] = a[i].clone();
      add(c[i], b[i]);
    }
    return c;
  }

  static float[][] transposed(float[][] a) {
    float[][] t = new float[a[0].length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[0].length; j++) {
        t[j][i] = a[i][j];
      }
    }
    return t;
  }

  static float dot(float[] a, int i, float[] b, int j, int n) {
    float sum = 0;
    for (int k = 0; k < n; k++) {
      sum += a[i + k] * b[j + k];
    }
    return sum;
  }

  /**
   * weight * x / sqrt(mean(x^2) + epsilon).
   *
   * @param scale gets the reciprocal of each row's root
   */
  static float[][] normed(float[][] x, float[] weight, float epsilon, float[] scale) {
    float[][] y = new float[x.length][weight.length];
    for (int i = 0; i < x.length; i++) {
      float mean = dot(x[i], 0, x[i], 0, weight.length) / weight.length;
      scale[i] = (float) (1 / Math.sqrt(mean + epsilon));
      for (int j = 0; j < weight.length; j++) {
        y[i][j] = weight[j] * (x[i][j] * scale[i]);
      }
    }
    return y;
  }

  /** The gradient of {@link #normed} for x; that for the weight is added to {@code dWeight}. */
  static float[][] normGradient(
      float[][] x, float[] weight, float[] scale, float[][] dy, float[] dWeight) {
    float[][] dx = new float[x.length][weight.length];
    for (int i = 0; i < x.length; i++) {
      float inner = 0;
      for (int j = 0; j < weight.length; j++) {
        float turned = dy[i][j] * x[i][j];
        inner += turned * weight[j];
        dWeight[j] += turned * scale[i];
      }
      float back = inner * scale[i] * scale[i] / weight.length;
      for (int j = 0; j < weight.length; j++) {
        dx[i][j] = scale[i] * (dy[i][j] * weight[j] - x[i][j] * back);
      }
    }
    return dx;
  }

  /**
   * gate * sigmoid(gate) * up of rows that hold gate and up.
   *
   * @param sigmoids gets those of the gates
   */
  static float[][] gated(float[][] gateUp, float[][] sigmoids) {
    int n = sigmoids[0].length;
    float[][] y = new float[gateUp.length][n];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < n; j++) {
        sigmoids[i][j] = (float) (1 / (1 + StrictMath.exp(-gateUp[i][j])));
        y[i][j] = gateUp[i][j] * sigmoids[i][j] * gateUp[i][n + j];
      }
    }
    return y;
  }

  static float[][] gatedGradient(float[][] gateUp, float[][] sigmoids, float[][] dy) {
    int n = dy[0].length;
    float[][] dx = new float[dy.length][2 * n];
    for (int i = 0; i < dy.length; i++) {
      for (int j = 0; j < n; j++) {
        float gate = gateUp[i][j];
        float s = sigmoids[i][j];
        dx[i][j] = dy[i][j] * gateUp[i][n + j] * s * (1 + gate * (1 - s));
        dx[i][n + j] = dy[i][j] * gate * s;
      }
    }
    return dx;
  }

  static void softmax(float[] x) {
    float most = x[0];
    for (float v : x) {
      most = Math.max(most, v);
    }
    float sum = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) StrictMath.exp(x[i] - most);
      sum += x[i];
    }
    for (int i = 0; i < x.length; i++) {
      x[i] /= sum;
    }
  }

  /**
   * -log of the target's share in the softmax of the logits.
   *
   * @param gradient gets the gradient times {@code scale}
   */
  static double crossEntropy(float[] logits, int target, float scale, float[] gradient) {
    float[] shares = Arrays.copyOf(logits, logits.length);
    softmax(shares);
    for (int j = 0; j < shares.length; j++) {
      gradient[j] = scale * (shares[j] - (j == target ? 1 : 0));
    }
    return -StrictMath.log(Math.max(shares[target], 1e-30));
  }
}
