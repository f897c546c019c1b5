package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** Every function of one float, in real Wasm, against the interpreter, with its error bound. */
final class UnaryTest {
  private static final long SEED = 20261121;
  private static final int ELEMENTS = 10_000;

  /**
   * What is tested and how closely.
   *
   * @param low least random argument
   * @param high greatest random argument
   * @param ulps bound for f32 in units in the last place of the true value
   * @param absolute error that is allowed whatever the ulps
   * @param wide bound for f64, relative
   */
  private record Case(
      UnaryOp op, double low, double high, double ulps, double absolute, double wide) {}

  private static final List<Case> CASES =
      List.of(
          new Case(UnaryOp.ABS, -1e3, 1e3, 0, 0, 0),
          new Case(UnaryOp.ACOS, -1, 1, 3, 0, 5e-16),
          new Case(UnaryOp.ACOSH, 1, 100, 4, 0, 5e-16),
          new Case(UnaryOp.ASIN, -1, 1, 3, 0, 5e-16),
          new Case(UnaryOp.ASINH, -100, 100, 4, 0, 5e-16),
          new Case(UnaryOp.ATAN, -20, 20, 3, 0, 5e-16),
          new Case(UnaryOp.ATANH, -1, 1, 4, 0, 5e-16),
          new Case(UnaryOp.CEIL, -1e3, 1e3, 0, 0, 0),
          new Case(UnaryOp.COS, -10000, 10000, 2, 1e-7, 3e-16),
          new Case(UnaryOp.COSH, -90, 90, 3, 0, 5e-16),
          new Case(UnaryOp.ERF, -4.5, 4.5, 6, 0, 4e-15),
          new Case(UnaryOp.EXP, -105, 90, 1.5, 0, 3e-16),
          new Case(UnaryOp.FLOOR, -1e3, 1e3, 0, 0, 0),
          new Case(UnaryOp.LOG, 0, 1e3, 1.5, 0, 3e-16),
          new Case(UnaryOp.NEG, -1e3, 1e3, 0, 0, 0),
          new Case(UnaryOp.ROUND, -1e3, 1e3, 0, 0, 0),
          new Case(UnaryOp.RSQRT, 0, 1e3, 1.5, 0, 3e-16),
          new Case(UnaryOp.SIGMOID, -105, 50, 3, 2e-38, 5e-16),
          new Case(UnaryOp.SIN, -10000, 10000, 2, 1e-7, 3e-16),
          new Case(UnaryOp.SINH, -90, 90, 3, 0, 5e-16),
          new Case(UnaryOp.SQRT, 0, 1e3, 0, 0, 0),
          new Case(UnaryOp.TAN, -100, 100, 4, 1e-7, 6e-16),
          new Case(UnaryOp.TANH, -12, 12, 6, 0, 5e-16),
          new Case(UnaryOp.TRUNC, -1e3, 1e3, 0, 0, 0));

  private static final double[] SPECIALS = {
    0,
    -0.0,
    1,
    -1,
    0.5,
    -0.5,
    2,
    -2,
    1.5,
    2.5,
    -2.5,
    3,
    10,
    -10,
    1e-3,
    -1e-3,
    1e-10,
    -1e-10,
    1e-30,
    -1e-30,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    1e-40,
    1e-42,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    88.7228,
    88.73,
    89,
    89.4,
    89.5,
    -87.3,
    -88,
    -103.9,
    -104,
    -200,
    700,
    1e4,
    1.0000001,
    0.9999999,
    0.70710678,
    1.41421356,
    Math.PI,
    -Math.PI,
    Math.PI / 2,
    Math.PI / 4,
    3.92,
    4,
    9,
    20,
    100,
    3e5,
    1e8,
    -1e20,
    1e38
  };

  private static Tensor arguments(Case c, DType dtype) {
    Random random = new Random(SEED);
    Tensor x = Maps.zeros(dtype, ELEMENTS);
    for (int i = 0; i < ELEMENTS; i++) {
      double v;
      if (i < SPECIALS.length) {
        v = SPECIALS[i];
      } else if (i % 4 == 0) {
        v = random.nextGaussian();
      } else if (i % 4 == 1) {
        // All magnitudes, within the range.
        v = Math.exp(random.nextDouble(-20, 20)) * (random.nextBoolean() ? 1 : -1);
        v = v < c.low || v > c.high ? c.low + (c.high - c.low) * random.nextDouble() : v;
      } else {
        v = c.low + (c.high - c.low) * random.nextDouble();
      }
      x.setDouble(i, v);
    }
    return x;
  }

  /** Error in units of the bound's kind; 0 when both are NaN or equal. */
  private static double error(Case c, DType dtype, double got, double want) {
    if (got == want || (Double.isNaN(got) && Double.isNaN(want))) {
      return 0;
    }
    double difference = Math.abs(got - want);
    if (!(difference < Double.POSITIVE_INFINITY)) {
      return Double.POSITIVE_INFINITY;
    }
    if (dtype == DType.F32) {
      return difference <= c.absolute ? 0 : difference / Math.ulp((float) want);
    }
    return difference / Math.max(Math.abs(want), circular(c) ? 0.1 : 1e-300);
  }

  /** The true values, by the interpreter in double. */
  private static Tensor inDouble(UnaryOp op, Tensor x) {
    Tensor in = Maps.zeros(DType.F64, ELEMENTS);
    for (int i = 0; i < ELEMENTS; i++) {
      in.setDouble(i, x.getDouble(i));
    }
    LoopNest nest =
        Maps.map(
            "f64",
            List.of(DType.F64),
            DType.F64,
            false,
            v -> new Value.Unary(op, DType.F64, v.get(0)));
    return Maps.interpret(nest, List.of(in, Maps.zeros(DType.F64, ELEMENTS)), 0, ELEMENTS).get(1);
  }

  @Test
  void functionsStayWithinTheirErrorBounds() {
    NodeBatch batch = new NodeBatch();
    List<String> names = new ArrayList<>();
    List<Case> cases = new ArrayList<>();
    List<List<Tensor>> inputs = new ArrayList<>();
    for (Case c : CASES) {
      for (int kind = 0; kind < 4; kind++) {
        DType dtype = kind == 3 ? DType.F64 : DType.F32;
        boolean vector = kind == 1 || kind == 2;
        EmitOptions options = kind == 2 ? Maps.RELAXED : Maps.SIMD;
        String name = c.op + " " + List.of("f32", "f32x4", "f32x4 relaxed", "f64").get(kind);
        LoopNest nest =
            Maps.map(
                name, List.of(dtype), dtype, vector, x -> new Value.Unary(c.op, dtype, x.get(0)));
        List<Tensor> tensors = List.of(arguments(c, dtype), Maps.zeros(dtype, ELEMENTS));
        Maps.call(batch, nest, options, tensors, 0, ELEMENTS);
        names.add(name);
        cases.add(c);
        inputs.add(tensors);
      }
    }
    List<byte[]> results = batch.run();
    StringBuilder report = new StringBuilder();
    StringBuilder wrong = new StringBuilder();
    for (int k = 0; k < results.size(); k++) {
      Case c = cases.get(k);
      Tensor x = inputs.get(k).get(0);
      DType dtype = x.dtype();
      Tensor y = Maps.read(results.get(k), inputs.get(k)).get(1);
      Tensor wanted = inDouble(c.op, x);
      double worst = 0;
      int at = 0;
      double worstAbsolute = 0;
      for (int i = 0; i < ELEMENTS; i++) {
        double want = wanted.getDouble(i);
        want = dtype == DType.F32 && Double.isInfinite((float) want) ? (float) want : want;
        if (outOfRange(c, x.getDouble(i))) {
          if (c.op != UnaryOp.TAN && !(Math.abs(y.getDouble(i)) <= 1)) {
            wrong
                .append(names.get(k))
                .append(" of ")
                .append(x.getDouble(i))
                .append(" is ")
                .append(y.getDouble(i))
                .append('\n');
          }
          continue;
        }
        double e = error(c, dtype, y.getDouble(i), want);
        double difference = Math.abs(y.getDouble(i) - want);
        worstAbsolute = difference > worstAbsolute ? difference : worstAbsolute;
        if (e > worst) {
          worst = e;
          at = i;
        }
      }
      String line =
          names.get(k)
              + ": worst "
              + (float) worst
              + ", absolute "
              + (float) worstAbsolute
              + " at "
              + x.getDouble(at)
              + ": got "
              + y.getDouble(at)
              + ", wanted "
              + wanted.getDouble(at)
              + "\n";
      report.append(line);
      if (worst > (dtype == DType.F32 ? Math.max(c.ulps, 0.51) : c.wide)) {
        wrong.append(line);
      }
    }
    if (Boolean.getBoolean("nnjit.report")) {
      System.out.println(report);
    }
    assertTrue(wrong.isEmpty(), "seed " + SEED + "\n" + wrong);
  }

  private static boolean circular(Case c) {
    return c.op == UnaryOp.SIN || c.op == UnaryOp.COS || c.op == UnaryOp.TAN;
  }

  /** Beyond these arguments only the range of a result is promised. */
  private static boolean outOfRange(Case c, double x) {
    return circular(c) && Math.abs(x) > c.high * 1.01 && Math.abs(x) < Double.POSITIVE_INFINITY;
  }
}
