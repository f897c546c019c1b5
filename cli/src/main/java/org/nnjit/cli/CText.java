package org.nnjit.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.ModelException;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.tensor.DType;

/**
 * Prints loop nests as C with WebAssembly's SIMD intrinsics, statement by statement, so that a C
 * compiler can be compared with on the same schedule. The kernel is exported as {@code run}: the
 * address of each buffer, then begin and end. A multiply-add is rounded twice.
 *
 * <p>Kernels whose buffers all hold f32 and whose integers are i32 are known; others are refused.
 */
final class CText {
  private final LoopNest nest;
  private final StringBuilder functions = new StringBuilder();
  private final Set<Tile> tiles = new LinkedHashSet<>();
  private final Map<Object, String> names = new HashMap<>();
  private final Map<String, Integer> taken = new HashMap<>();
  private final CValues values = new CValues(this::name);

  private CText(LoopNest nest) {
    this.nest = nest;
  }

  /**
   * The whole kernel, its tiles and the functions it uses.
   *
   * @throws ModelException when it holds something that is not printed as C
   */
  static String print(LoopNest nest) {
    for (Buffer b : nest.buffers()) {
      if (b.dtype() != DType.F32) {
        throw new ModelException(nest.name() + ": C is printed for f32, " + b + " is " + b.dtype());
      }
    }
    CText text = new CText(nest);
    String kernel =
        text.function(
            "__attribute__((export_name(\"run\"))) void run",
            List.of(nest.begin(), nest.end()),
            nest.body());
    return "// " + nest.name() + "\n#include <math.h>\n#include <wasm_simd128.h>\n\n"
        + text.values.prelude() + text.functions + kernel;
  }

  /** A name that nothing else in the file has. */
  private String name(Object thing) {
    return names.computeIfAbsent(
        thing,
        t -> {
          String plain = t.toString().replaceAll("[^A-Za-z0-9_]", "_") + "_";
          int count = taken.merge(plain, 1, Integer::sum);
          return count == 1 ? plain : plain + count;
        });
  }

  private String declared(Local local) {
    return type(local.type()) + name(local);
  }

  private static String type(LType type) {
    return switch (type) {
      case I32 -> "int ";
      case F32 -> "float ";
      case F32X4, I32X4 -> "v128_t ";
      case PTR -> "float *";
      case I64, F64 -> throw new ModelException("C is printed for 32 bits, not for " + type);
    };
  }

  private String function(String head, List<Local> params, Stmt body) {
    List<String> list = new ArrayList<>();
    nest.buffers().forEach(b -> list.add("float *" + name(b)));
    params.forEach(p -> list.add(declared(p)));
    Set<Local> locals = new LinkedHashSet<>();
    collect(body, locals);
    params.forEach(locals::remove);
    StringBuilder out = new StringBuilder(head + "(" + String.join(", ", list) + ") {\n");
    locals.forEach(l -> out.append("  ").append(declared(l)).append(";\n"));
    print(out, body, 1);
    return out.append("}\n\n").toString();
  }

  private static void collect(Stmt stmt, Set<Local> locals) {
    switch (stmt) {
      case Stmt.Block block -> block.body().forEach(s -> collect(s, locals));
      case Stmt.For loop -> {
        locals.add(loop.var());
        collect(loop.body(), locals);
      }
      case Stmt.Let let -> locals.add(let.local());
      case Stmt.If choice -> {
        collect(choice.then(), locals);
        if (choice.otherwise() != null) {
          collect(choice.otherwise(), locals);
        }
      }
      case Stmt.Store store -> {}
      case Stmt.TileCall call -> {}
      case Stmt.Barrier b -> {}
      case Stmt.Join j -> {}
    }
  }

  private void print(StringBuilder out, Stmt stmt, int depth) {
    String indent = "  ".repeat(depth);
    switch (stmt) {
      case Stmt.Block block -> block.body().forEach(s -> print(out, s, depth));
      case Stmt.For loop -> {
        String i = name(loop.var());
        out.append(indent).append("for (").append(i).append(" = ").append(values.of(loop.begin()));
        out.append("; ").append(i).append(" < ").append(values.of(loop.end())).append("; ");
        out.append(i).append(" += ").append(loop.step()).append(") {\n");
        print(out, loop.body(), depth + 1);
        out.append(indent).append("}\n");
      }
      case Stmt.Let let ->
          out.append(indent).append(name(let.local())).append(" = ")
              .append(values.of(let.value())).append(";\n");
      case Stmt.If choice -> {
        out.append(indent).append("if (").append(values.of(choice.condition())).append(") {\n");
        print(out, choice.then(), depth + 1);
        if (choice.otherwise() != null) {
          out.append(indent).append("} else {\n");
          print(out, choice.otherwise(), depth + 1);
        }
        out.append(indent).append("}\n");
      }
      case Stmt.Store store -> store(out, store, indent);
      case Stmt.Barrier b -> throw new IllegalStateException("a barrier in a kernel for a CPU");
      case Stmt.Join j -> throw new IllegalStateException("a barrier in a kernel for a CPU");
      case Stmt.TileCall call -> {
        if (tiles.add(call.tile())) {
          String head = "__attribute__((noinline)) static void " + call.tile().name();
          functions.append(function(head, call.tile().params(), call.tile().body()));
        }
        List<String> args = new ArrayList<>();
        nest.buffers().forEach(b -> args.add(name(b)));
        call.args().forEach(a -> args.add(values.of(a)));
        out.append(indent).append(call.tile().name());
        out.append("(").append(String.join(", ", args)).append(");\n");
      }
    }
  }

  private void store(StringBuilder out, Stmt.Store store, String indent) {
    String at = values.of(store.pointer()) + " + " + store.offset();
    String value = values.of(store.value());
    if (!store.value().type().isVector()) {
      out.append(indent).append("*(").append(at).append(") = ").append(value).append(";\n");
    } else if (store.lanes() == 4) {
      out.append(indent).append("wasm_v128_store(").append(at);
      out.append(", ").append(value).append(");\n");
    } else {
      out.append(indent).append("{ v128_t v = ").append(value).append(";");
      for (int i = 0; i < store.lanes(); i++) {
        out.append(" wasm_v128_store32_lane(").append(at).append(" + ").append(i).append(", v, ");
        out.append(i).append(");");
      }
      out.append(" }\n");
    }
  }
}
