package org.nnjit.kernel.emit.wasm;

import org.nnjit.compute.UnaryOp;

/** Which expansion an elementary function has. */
final class FloatFunctions {
  private FloatFunctions() {}

  static void emit(MathCode math, UnaryOp op) {
    switch (op) {
      case ACOS -> math.acos();
      case ACOSH -> math.acosh();
      case ASIN -> math.asin();
      case ASINH -> math.asinh();
      case ATAN -> math.atan();
      case ATANH -> math.atanh();
      case COS -> math.sin(true);
      case COSH -> math.cosh();
      case ERF -> math.erf();
      case EXP -> math.exp();
      case LOG -> math.log();
      case SIGMOID -> math.sigmoid();
      case SIN -> math.sin(false);
      case SINH -> math.sinh();
      case TAN -> math.tan();
      case TANH -> math.tanh();
      default -> throw new IllegalStateException("no expansion of " + op);
    }
  }
}
