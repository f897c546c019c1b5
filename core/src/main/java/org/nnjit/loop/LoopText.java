package org.nnjit.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.BinaryOp;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;

/**
 * Prints loop nests for people: golden files, dumps, error messages.
 *
 * <pre>
 * kernel f32_add (a: f32, b: f32, out: f32) blocks=4
 *   for i = begin .. end step 1
 *     p = &amp;a[i * 16]
 *     v4 out[i * 16] = v4 p[0] + v4 b[i * 16]
 * </pre>
 *
 * <p>{@code p[2]} reads one element, {@code v4 p[2]} four, {@code splat p[2]} one into four lanes;
 * a store says how many lanes it writes. Operations on anything but the plain type of their
 * operands name the element type: {@code a /u32 b}. Tiles follow the kernel.
 */
public final class LoopText {
  private final StringBuilder out = new StringBuilder();
  private final List<Tile> tiles = new ArrayList<>();
  private final Map<Local, String> names = new HashMap<>();
  private final Map<String, Integer> taken = new HashMap<>();

  private LoopText() {}

  /** The whole kernel and its tiles, each line ended. */
  public static String print(LoopNest nest) {
    LoopText text = new LoopText();
    StringBuilder out = text.out;
    out.append("kernel ").append(nest.name()).append(" (");
    for (int i = 0; i < nest.buffers().size(); i++) {
      Buffer buffer = nest.buffers().get(i);
      out.append(i == 0 ? "" : ", ").append(buffer.name()).append(": ").append(buffer.dtype());
    }
    out.append(") blocks=").append(nest.blocks()).append('\n');
    text.print(nest.body(), 1);
    for (int t = 0; t < text.tiles.size(); t++) {
      Tile tile = text.tiles.get(t);
      out.append("tile ").append(tile.name()).append(" (");
      for (int i = 0; i < tile.params().size(); i++) {
        Local p = tile.params().get(i);
        out.append(i == 0 ? "" : ", ").append(text.name(p)).append(": ");
        out.append(p.type() == LType.PTR ? "&" + p.buffer().name() : "i32");
      }
      out.append(")\n");
      text.print(tile.body(), 1);
    }
    return out.toString();
  }

  /** One statement with what it holds. */
  public static String of(Stmt stmt) {
    LoopText text = new LoopText();
    text.print(stmt, 0);
    return text.out.toString();
  }

  /** One value. */
  public static String of(Value value) {
    LoopText text = new LoopText();
    text.print(value, 0);
    return text.out.toString();
  }

  /** The local's name, with a number where another local has it already. */
  private String name(Local local) {
    String name = names.get(local);
    if (name == null) {
      int count = taken.merge(local.name(), 1, Integer::sum);
      name = count == 1 ? local.name() : local.name() + "'" + count;
      names.put(local, name);
    }
    return name;
  }

  private StringBuilder line(int depth) {
    for (int i = 0; i < depth; i++) {
      out.append("  ");
    }
    return out;
  }

  private void print(Stmt stmt, int depth) {
    switch (stmt) {
      case Stmt.Block block -> {
        for (Stmt s : block.body()) {
          print(s, depth);
        }
      }
      case Stmt.For loop -> {
        line(depth).append("for ").append(name(loop.var())).append(" = ");
        print(loop.begin(), 0);
        out.append(" .. ");
        print(loop.end(), 0);
        out.append(" step ").append(loop.step()).append('\n');
        print(loop.body(), depth + 1);
      }
      case Stmt.Let let -> {
        line(depth).append(name(let.local())).append(" = ");
        print(let.value(), 0);
        out.append('\n');
      }
      case Stmt.Store store -> {
        line(depth);
        if (store.value().type().isVector()) {
          out.append('v').append(store.lanes()).append(' ');
        }
        element(store.pointer(), store.offset());
        out.append(" = ");
        print(store.value(), 0);
        out.append('\n');
      }
      case Stmt.If choice -> {
        line(depth).append("if ");
        print(choice.condition(), 0);
        out.append('\n');
        print(choice.then(), depth + 1);
        if (choice.otherwise() != null) {
          line(depth).append("else\n");
          print(choice.otherwise(), depth + 1);
        }
      }
      case Stmt.Barrier b -> line(depth).append("barrier\n");
      case Stmt.Join join -> line(depth).append(join.part()).append(" = sum of all by subgroups\n");
      case Stmt.TileCall call -> {
        line(depth).append("call ").append(call.tile().name());
        arguments(call.args());
        out.append('\n');
        if (!tiles.contains(call.tile())) {
          tiles.add(call.tile());
        }
      }
    }
  }

  private void arguments(List<Value> values) {
    out.append('(');
    for (int i = 0; i < values.size(); i++) {
      out.append(i == 0 ? "" : ", ");
      print(values.get(i), 0);
    }
    out.append(')');
  }

  /** {@code a[i + 2]}, or {@code p[2]} for a pointer p. */
  private void element(Value pointer, int offset) {
    if (pointer instanceof Value.Address a) {
      out.append(a.buffer().name()).append('[');
      print(Value.add(a.index(), Value.i32(offset)), 0);
    } else if (pointer instanceof Value.Offset o) {
      print(o.pointer(), 9);
      out.append('[');
      print(Value.add(o.index(), Value.i32(offset)), 0);
    } else {
      print(pointer, 9);
      out.append('[').append(offset);
    }
    out.append(']');
  }

  /** Prints a value, in parentheses when it binds less than {@code binding}. */
  private void print(Value value, int binding) {
    switch (value) {
      case Value.IntConst c -> {
        out.append(c.value());
        constantType(c.type(), LType.I32);
      }
      case Value.FloatConst c -> {
        out.append(c.type() == LType.F64 ? Numbers.text(c.value()) : Numbers.text((float) c.value()));
        constantType(c.type(), LType.F32);
      }
      case Value.Get get -> out.append(name(get.local()));
      case Value.Address a -> {
        out.append('&');
        element(a, 0);
      }
      case Value.Offset o -> {
        out.append('&');
        element(o, 0);
      }
      case Value.Load load -> {
        switch (load.access()) {
          case SCALAR -> {}
          case VECTOR -> out.append("v4 ");
          case SPLAT -> out.append("splat ");
        }
        element(load.pointer(), load.offset());
      }
      case Value.Splat s -> call("splat", s.x());
      case Value.Lane lane -> {
        print(lane.x(), 9);
        out.append('.').append("xyzw".charAt(lane.lane()));
      }
      case Value.Lanes l -> call("lanes", l.a(), l.b(), l.c(), l.d());
      case Value.Shuffle s -> {
        StringBuilder name = new StringBuilder("shuffle_");
        for (int lane : s.lanes()) {
          name.append(lane);
        }
        call(name.toString(), s.a(), s.b());
      }
      case Value.Unary u -> call(u.op().name().toLowerCase() + suffix(u.on(), u.x()), u.x());
      case Value.Binary b -> binary(b, binding);
      case Value.MulAdd m -> call("fma", m.a(), m.b(), m.c());
      case Value.Select s -> call("select", s.condition(), s.whenTrue(), s.whenFalse());
      case Value.Convert c -> call(c.from() + "_to_" + c.to(), c.x());
      case Value.Bits b -> call("bits", b.x());
      case Value.Packed p ->
          call(p.op().name().toLowerCase(), p.operands().toArray(new Value[0]));
      case Value.Horizontal h ->
          call("across_" + h.combiner().name().toLowerCase() + suffix(h.on(), h.x()), h.x());
    }
  }

  private void constantType(LType type, LType plain) {
    if (type.isVector()) {
      out.append("v");
    } else if (type != plain) {
      out.append(type == LType.I64 ? "L" : "d");
    }
  }

  private void call(String name, Value... args) {
    out.append(name);
    arguments(List.of(args));
  }

  /** The element type where it says more than the register's type. */
  private static String suffix(DType on, Value x) {
    return switch (x.type()) {
      case I32, I32X4 -> on == DType.I32 ? "" : "_" + on;
      case I64 -> on == DType.I64 ? "" : "_" + on;
      default -> "";
    };
  }

  private void binary(Value.Binary b, int binding) {
    String sign = sign(b.op());
    String suffix = suffix(b.on(), b.a());
    if (sign == null) {
      call(b.op().name().toLowerCase() + suffix, b.a(), b.b());
      return;
    }
    int own = b.op().isComparison() ? 1 : b.op() == BinaryOp.MUL || b.op() == BinaryOp.DIV ? 4 : 2;
    boolean parentheses = own < binding || (binding == own && own == 1);
    out.append(parentheses ? "(" : "");
    print(b.a(), own);
    out.append(' ').append(sign);
    out.append(suffix.isEmpty() ? "" : suffix.substring(1)).append(' ');
    print(b.b(), own + 1);
    out.append(parentheses ? ")" : "");
  }

  /** The sign between the operands of an operation that has one, as C has it too, or null. */
  public static String sign(BinaryOp op) {
    return switch (op) {
      case ADD -> "+";
      case SUB -> "-";
      case MUL -> "*";
      case DIV -> "/";
      case EQ -> "==";
      case NE -> "!=";
      case LE -> "<=";
      case LT -> "<";
      default -> null;
    };
  }
}
