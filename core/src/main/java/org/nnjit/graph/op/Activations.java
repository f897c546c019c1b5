package org.nnjit.graph.op;

import static org.nnjit.compute.Expr.add;
import static org.nnjit.compute.Expr.div;
import static org.nnjit.compute.Expr.lt;
import static org.nnjit.compute.Expr.max;
import static org.nnjit.compute.Expr.min;
import static org.nnjit.compute.Expr.mul;
import static org.nnjit.compute.Expr.select;
import static org.nnjit.compute.Expr.sub;
import static org.nnjit.compute.Expr.unary;

import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;

/** Activation functions. */
final class Activations {
  private Activations() {}

  private static Expr n(Expr like, double v) {
    return Build.number(like.type(), v);
  }

  private static Expr exp(Expr x) {
    return unary(UnaryOp.EXP, x);
  }

  private static double attr(OpContext c, String name, double otherwise) {
    return c.attributes().getFloat(name, otherwise);
  }

  static Operator relu() {
    return new Elementwise("Relu", 1, false, (c, x) -> max(x.get(0), n(x.get(0), 0)));
  }

  static Operator leakyRelu() {
    return new Elementwise(
        "LeakyRelu",
        1,
        false,
        (c, x) -> negative(x.get(0), mul(x.get(0), n(x.get(0), attr(c, "alpha", 0.01)))));
  }

  /** {@code below} where x is negative, else x. */
  private static Expr negative(Expr x, Expr below) {
    return select(lt(x, n(x, 0)), below, x);
  }

  static Operator prelu() {
    return new Elementwise(
        "PRelu", 2, false, (c, x) -> negative(x.get(0), mul(x.get(0), x.get(1))));
  }

  static Operator elu() {
    return new Elementwise(
        "Elu",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          Expr low = mul(n(v, attr(c, "alpha", 1)), sub(exp(min(v, n(v, 0))), n(v, 1)));
          return negative(v, low);
        });
  }

  static Operator celu() {
    return new Elementwise(
        "Celu",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          Expr a = n(v, attr(c, "alpha", 1));
          Expr low = mul(a, sub(exp(min(div(v, a), n(v, 0))), n(v, 1)));
          return add(max(v, n(v, 0)), min(n(v, 0), low));
        });
  }

  static Operator selu() {
    return new Elementwise(
        "Selu",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          Expr a = n(v, attr(c, "alpha", 1.6732632423543772));
          Expr low = mul(a, sub(exp(min(v, n(v, 0))), n(v, 1)));
          return mul(n(v, attr(c, "gamma", 1.0507009873554805)), negative(v, low));
        });
  }

  static Operator gelu() {
    return new Elementwise(
        "Gelu",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          Expr half = mul(v, n(v, 0.5));
          if (c.attributes().getString("approximate", "none").equals("tanh")) {
            Expr cubic = mul(mul(v, mul(v, v)), n(v, 0.044715));
            Expr inner = mul(n(v, 0.7978845608028654), add(v, cubic));
            return mul(half, add(n(v, 1), unary(UnaryOp.TANH, inner)));
          }
          Expr erf = unary(UnaryOp.ERF, mul(v, n(v, 0.7071067811865476)));
          return mul(half, add(n(v, 1), erf));
        });
  }

  static Operator silu() {
    return new Elementwise(
        "nnjit", "Silu", 1, false, (c, x) -> mul(x.get(0), unary(UnaryOp.SIGMOID, x.get(0))));
  }

  static Operator hardSigmoid() {
    return new Elementwise(
        "HardSigmoid",
        1,
        false,
        (c, x) -> hard(x.get(0), attr(c, "alpha", 0.2), attr(c, "beta", 0.5)));
  }

  private static Expr hard(Expr v, double alpha, double beta) {
    return max(n(v, 0), min(n(v, 1), add(mul(v, n(v, alpha)), n(v, beta))));
  }

  static Operator hardSwish() {
    return new Elementwise(
        "HardSwish", 1, false, (c, x) -> mul(x.get(0), hard(x.get(0), 1.0 / 6, 0.5)));
  }

  static Operator softplus() {
    return new Elementwise(
        "Softplus",
        1,
        false,
        (c, x) -> {
          // log(1 + e^x) as max(x, 0) + log(1 + e^-|x|), which does not overflow.
          Expr v = x.get(0);
          Expr tail = exp(unary(UnaryOp.NEG, unary(UnaryOp.ABS, v)));
          return add(max(v, n(v, 0)), unary(UnaryOp.LOG, add(n(v, 1), tail)));
        });
  }

  static Operator softsign() {
    return new Elementwise(
        "Softsign",
        1,
        false,
        (c, x) -> div(x.get(0), add(n(x.get(0), 1), unary(UnaryOp.ABS, x.get(0)))));
  }

  static Operator thresholdedRelu() {
    return new Elementwise(
        "ThresholdedRelu",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          return select(lt(n(v, attr(c, "alpha", 1)), v), v, n(v, 0));
        });
  }

  static Operator shrink() {
    return new Elementwise(
        "Shrink",
        1,
        false,
        (c, x) -> {
          Expr v = x.get(0);
          Expr lambd = n(v, attr(c, "lambd", 0.5));
          Expr bias = n(v, attr(c, "bias", 0));
          Expr low = select(lt(v, n(v, -attr(c, "lambd", 0.5))), add(v, bias), n(v, 0));
          return select(lt(lambd, v), sub(v, bias), low);
        });
  }
}
