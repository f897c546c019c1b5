package org.nnjit.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Prints loops:
 *
 * <pre>
 * kernel NAME (buffer: type, ...) parts=N
 *   for i = 0 .. 16 step 1
 *     acc = fma(splat a[p + 4], b[q + 0], acc)
 * </pre>
 */
public final class LoopText {
  private final StringBuilder out = new StringBuilder();
  private final Map<Local, String> names = new HashMap<>();
  private final Map<String, Integer> taken = new HashMap<>();
  private final List<Tile> tiles = new ArrayList<>();

  private LoopText() {}

  /** The kernel's loops, then those of its tiles. */
  public static String print(LoopNest nest) {
    LoopText t = new LoopText();
    t.out.append("kernel ").append(nest.name()).append(" (");
    for (int i = 0; i < nest.buffers().size(); i++) {
      Buffer b = nest.buffers().get(i);
      t.out.append(i == 0 ? "" : ", ").append(b.name()).append(": ").append(b.dtype());
    }
    t.out.append(") parts=").append(nest.blocks()).append('\n');
    t.stmt(nest.body(), 1);
    for (int i = 0; i < t.tiles.size(); i++) {
      Tile tile = t.tiles.get(i);
      t.out.append("tile ").append(tile.name()).append(" (");
      for (int p = 0; p < tile.params().size(); p++) {
        t.out.append(p == 0 ? "" : ", ").append(t.name(tile.params().get(p)));
      }
      t.out.append(")\n");
      t.stmt(tile.body(), 1);
    }
    return t.out.toString();
  }

  private String name(Local l) {
    String n = names.get(l);
    if (n == null) {
      int count = taken.merge(l.name(), 1, Integer::sum);
      n = count == 1 ? l.name() : l.name() + "'" + count;
      names.put(l, n);
    }
    return n;
  }

  private StringBuilder line(int depth) {
    for (int i = 0; i < depth; i++) {
      out.append("  ");
    }
    return out;
  }

  private void stmt(Stmt s, int depth) {
    switch (s) {
      case Stmt.Block b -> {
        for (Stmt x : b.body()) {
          stmt(x, depth);
        }
      }
      case Stmt.For f -> {
        line(depth).append("for ").append(name(f.var())).append(" = ").append(text(f.begin()));
        out.append(" .. ").append(text(f.end())).append(" step ").append(f.step()).append('\n');
        stmt(f.body(), depth + 1);
      }
      case Stmt.Let l ->
          line(depth).append(name(l.local())).append(" = ").append(text(l.value())).append('\n');
      case Stmt.Store st -> {
        line(depth).append(place(st.pointer(), st.offset()));
        out.append(st.value().type().isVector() ? " <" + st.lanes() + ">" : "");
        out.append(" = ").append(text(st.value())).append('\n');
      }
      case Stmt.If i -> {
        line(depth).append("if ").append(text(i.condition())).append('\n');
        stmt(i.then(), depth + 1);
        if (i.otherwise() != null) {
          line(depth).append("else\n");
          stmt(i.otherwise(), depth + 1);
        }
      }
      case Stmt.TileCall c -> {
        if (!tiles.contains(c.tile())) {
          tiles.add(c.tile());
        }
        line(depth).append(c.tile().name()).append('(');
        for (int i = 0; i < c.args().size(); i++) {
          out.append(i == 0 ? "" : ", ").append(text(c.args().get(i)));
        }
        out.append(")\n");
      }
    }
  }

  private String place(Value pointer, int offset) {
    return Value.bufferOf(pointer).name() + "[" + text(pointer)
        + (offset == 0 ? "" : " + " + offset) + "]";
  }

  private String call(String op, Value... operands) {
    StringBuilder s = new StringBuilder(op).append('(');
    for (int i = 0; i < operands.length; i++) {
      s.append(i == 0 ? "" : ", ").append(text(operands[i]));
    }
    return s.append(')').toString();
  }

  private String text(Value v) {
    return switch (v) {
      case Value.IntConst c -> Long.toString(c.value());
      case Value.FloatConst c -> Double.toString(c.value());
      case Value.Get g -> name(g.local());
      case Value.Address a -> text(a.index());
      case Value.Offset o -> text(o.pointer()) + " + " + text(o.index());
      case Value.Load l ->
          (l.access() == Value.Access.VECTOR ? "v4 " : l.access() == Value.Access.SPLAT ? "splat " : "")
              + place(l.pointer(), l.offset());
      case Value.Splat s -> call("splat", s.x());
      case Value.Lane l -> text(l.x()) + "." + l.lane();
      case Value.Lanes l -> call("lanes", l.a(), l.b(), l.c(), l.d());
      case Value.Unary u -> call(u.op().name().toLowerCase(), u.x());
      case Value.Binary b ->
          switch (b.op()) {
            case ADD -> "(" + text(b.a()) + " + " + text(b.b()) + ")";
            case SUB -> "(" + text(b.a()) + " - " + text(b.b()) + ")";
            case MUL -> "(" + text(b.a()) + " * " + text(b.b()) + ")";
            default -> call(b.op().name().toLowerCase(), b.a(), b.b());
          };
      case Value.MulAdd m -> call("fma", m.a(), m.b(), m.c());
      case Value.Select s -> call("select", s.condition(), s.whenTrue(), s.whenFalse());
      case Value.Convert c -> call("to_" + c.to(), c.x());
      case Value.Horizontal h -> call("across_" + h.combiner().name().toLowerCase(), h.x());
    };
  }
}
