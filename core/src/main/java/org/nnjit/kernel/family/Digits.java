package org.nnjit.kernel.family;

import java.util.List;
import java.util.function.Consumer;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/**
 * The lowest digit of a number, as that of a kernel's part is taken apart into an index for each
 * axis, and the digits above it.
 */
record Digits(Value lowest, Value above) {

  /** Emits both as locals: the remainder and the quotient of an I32 that is not negative. */
  static Digits of(Value number, int extent, String name, Consumer<Stmt> into) {
    Local lowest = Local.of(name, LType.I32);
    Local above = Local.of("rest", LType.I32);
    into.accept(Stmt.let(lowest, integer(BinaryOp.REM, number, extent)));
    into.accept(Stmt.let(above, integer(BinaryOp.DIV, number, extent)));
    return new Digits(Value.get(lowest), Value.get(above));
  }

  /** Binds axes to the digits of a number, the last to the lowest. */
  static void bind(List<Axis> axes, Value number, LoopBuilder b) {
    Value rest = number;
    for (int i = axes.size() - 1; i >= 0; i--) {
      Axis a = axes.get(i);
      Value index = rest;
      if (i > 0) {
        Digits digits = of(rest, a.extent(), a.name(), b::emit);
        index = digits.lowest();
        rest = digits.above();
      }
      b.bind(a, index);
    }
  }

  static Value integer(BinaryOp op, Value a, int b) {
    return new Value.Binary(op, DType.I32, a, Value.i32(b));
  }
}
