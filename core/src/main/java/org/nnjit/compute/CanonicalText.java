package org.nnjit.compute;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Expr.Var;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.TensorType;

/**
 * Prints a compute so that equal computes print equally: axes are numbered in order of
 * declaration, names are left out.
 *
 * <pre>
 * compute  := "(" type* ") -> " type "; for " extent* stage* "; " expr " at " expr*
 * stage    := "; s" N ("[" extent* "]")? " = " combiner "/" outer "[" extent* "] " expr
 * expr     := "a" N | constant ":" type | "(" op expr* ")" | "x" ARG "[" expr* "]"
 *           | "s" N ("[" expr* "]")?
 * </pre>
 */
public final class CanonicalText {
  private final List<Axis> axes = new ArrayList<>();
  private final StringBuilder out = new StringBuilder();

  private CanonicalText() {}

  /** The canonical text of a compute. */
  public static String of(Compute c) {
    CanonicalText t = new CanonicalText();
    t.out.append('(');
    for (int i = 0; i < c.inputs().size(); i++) {
      TensorType type = c.inputs().get(i);
      t.out.append(i == 0 ? "" : ", ").append(type);
    }
    t.out.append(") -> ").append(c.output()).append("; for");
    for (Axis a : c.spatial()) {
      t.declare(a);
    }
    for (int i = 0; i < c.stages().size(); i++) {
      Stage s = c.stages().get(i);
      t.out.append("; s").append(i);
      if (!s.points().isEmpty()) {
        t.out.append('[');
        for (Axis a : s.points()) {
          t.declare(a);
        }
        t.out.append(']');
      }
      t.out.append(" = ").append(s.combiner().name().toLowerCase());
      t.out.append('/').append(s.outer()).append('[');
      for (Axis a : s.axes()) {
        t.declare(a);
      }
      t.out.append("] ");
      t.expr(s.body());
    }
    t.out.append("; ");
    t.expr(c.body());
    t.out.append(" at");
    for (Expr e : c.store()) {
      t.out.append(' ');
      t.expr(e);
    }
    return t.out.toString();
  }

  /** The canonical text of an expression over these axes. */
  public static String of(Expr e, List<Axis> axes) {
    CanonicalText t = new CanonicalText();
    t.axes.addAll(axes);
    t.expr(e);
    return t.out.toString();
  }

  /** FNV-1a over the UTF-16 units, two 32-bit lanes, as 16 hexadecimal digits. */
  public static String hash(String text) {
    int a = 0x811c9dc5;
    int b = 0x9747b28c;
    for (int i = 0; i < text.length(); i++) {
      a = (a ^ text.charAt(i)) * 0x01000193;
      b = (b ^ text.charAt(i)) * 0x01000193 + (b >>> 15);
    }
    return hex(a) + hex(b);
  }

  private static String hex(int v) {
    StringBuilder s = new StringBuilder(8);
    for (int shift = 28; shift >= 0; shift -= 4) {
      s.append("0123456789abcdef".charAt(v >>> shift & 15));
    }
    return s.toString();
  }

  private void declare(Axis a) {
    axes.add(a);
    out.append(' ').append(a.extent());
  }

  private void expr(Expr e) {
    switch (e) {
      case IntConst c -> out.append(c.value()).append(':').append(c.type());
      case FloatConst c -> out.append(Numbers.text(c.value())).append(':').append(c.type());
      case Var v -> out.append('a').append(axes.indexOf(v.axis()));
      case Read r -> {
        out.append('x').append(r.arg());
        index(r.index());
      }
      case ReadFlat r -> {
        out.append('x').append(r.arg()).append("[flat ");
        expr(r.index());
        out.append(']');
      }
      case StageValue s -> {
        out.append('s').append(s.stage());
        if (!s.index().isEmpty()) {
          index(s.index());
        }
      }
      case Unary u -> node(u.op().name().toLowerCase(), u.x());
      case Binary b -> node(b.op().name().toLowerCase(), b.a(), b.b());
      case Select s -> node("select", s.condition(), s.whenTrue(), s.whenFalse());
      case Cast c -> node("to_" + c.type(), c.x());
    }
  }

  private void index(List<Expr> index) {
    out.append('[');
    for (int i = 0; i < index.size(); i++) {
      out.append(i == 0 ? "" : " ");
      expr(index.get(i));
    }
    out.append(']');
  }

  private void node(String op, Expr... operands) {
    out.append('(').append(op);
    for (Expr e : operands) {
      out.append(' ');
      expr(e);
    }
    out.append(')');
  }
}
