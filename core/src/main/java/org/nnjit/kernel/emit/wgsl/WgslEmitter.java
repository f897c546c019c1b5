package org.nnjit.kernel.emit.wgsl;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

/**
 * Prints a kernel as a WGSL module. Buffers are bindings 0, 1, ... of group 0, of which only the
 * last is written; the entry point is {@code main}. A kernel of more workgroups than one dimension
 * takes may be dispatched in two: surplus workgroups do nothing.
 *
 * <p>Elements of four bytes lie as they are, a u32 as the i32 of the same bits; elements of eight as
 * {@code vec2<u32>}. Narrow ones lie packed, or wide: each as an i32, or an f32 for a float, of its
 * own. The result always lies wide, as invocations must not write parts of one word. Packed floats of
 * 16 bits that are read four at a time are two words, unpacked in registers: a matrix of them takes
 * half the time to read, on every device.
 */
public final class WgslEmitter {
  private final GridNest nest;
  private final List<Boolean> wide;
  private final WgslLibrary library = new WgslLibrary();
  private final WgslValues values;
  private final StringBuilder out = new StringBuilder();
  private final Map<Local, String> names = new HashMap<>();
  /** In order: the same kernel must be the same text, so that browsers know it again. */
  private final Set<Local> changing = new LinkedHashSet<>();
  private final Set<Local> seen = new HashSet<>();
  private boolean joins;
  private int next;

  private WgslEmitter(GridNest nest, List<Boolean> wide) {
    this.nest = nest;
    this.wide = wide;
    this.values = new WgslValues(this, library, out);
  }

  /**
   * The module of a kernel.
   *
   * @param wide for each buffer, whether elements of narrow types lie wide
   * @throws IllegalStateException when the kernel has what WGSL has not: a bug of the schedule
   */
  public static String print(GridNest nest, List<Boolean> wide) {
    return new WgslEmitter(nest, wide).module();
  }

  private String module() {
    findChanging(nest.body());
    out.append("@compute @workgroup_size(").append(nest.size()).append(")\n");
    out.append("fn main(@builtin(workgroup_id) wid: vec3<u32>, ");
    out.append("@builtin(num_workgroups) wgs: vec3<u32>,\n");
    out.append("    @builtin(local_invocation_index) lid: u32");
    if (joins) {
      out.append(", @builtin(subgroup_size) sgs: u32");
      out.append(", @builtin(subgroup_invocation_id) sid: u32");
    }
    out.append(") {\n");
    out.append("  let ").append(name(nest.group())).append(" = i32(wid.x + wid.y * wgs.x);\n");
    out.append("  if (").append(name(nest.group())).append(" >= ").append(nest.groups());
    out.append(") { return; }\n");
    out.append("  let ").append(name(nest.lane())).append(" = i32(lid);\n");
    for (Local local : changing) {
      if (!local.equals(nest.group()) && !local.equals(nest.lane())) {
        out.append("  var ").append(name(local)).append(": ").append(type(local.type()));
        out.append(";\n");
      }
    }
    print(nest.body(), 1);
    String body = out.append("}\n").toString();
    StringBuilder module = new StringBuilder(joins ? "enable subgroups;\n" : "");
    int last = nest.buffers().size() - 1;
    for (int i = 0; i <= last; i++) {
      Buffer b = nest.buffers().get(i);
      module.append("@group(0) @binding(").append(i).append(") var<storage, ");
      module.append(i == last ? "read_write> " : "read> ").append(b.name()).append(": array<");
      module.append(element(b)).append(">;\n");
      if (isPacked(b)) {
        accessor(b, module);
      }
    }
    for (GridNest.Shared s : nest.shared()) {
      module.append("var<workgroup> ").append(s.buffer().name()).append(": array<");
      module.append(s.fours() ? "vec4<f32>, " : element(s.buffer()) + ", ");
      module.append(s.fours() ? s.elements() / 4 : s.elements()).append(">;\n");
    }
    return module.append(library.text()).append(body).toString();
  }

  /** A function that gives one element of a packed buffer, and one that gives four of 16 bits. */
  private void accessor(Buffer b, StringBuilder module) {
    DType type = b.dtype();
    int bits = type.bytes() * 8;
    String word = b.name() + "[u32(i) >> " + (bits == 8 ? 2 : 1) + "u]";
    if (isFours(b)) {
      word = b.name() + "[u32(i) >> 2u][(u32(i) >> 1u) & 1u]";
      module.append("fn ").append(b.name()).append("_four(i: i32) -> vec4<f32> { let w = ");
      module.append(b.name()).append("[u32(i) >> 2u]; return ");
      module.append(
          type == DType.F16
              ? "vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y))"
              : "bitcast<vec4<f32>>(vec4<u32>(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u))");
      module.append("; }\n");
    }
    String shift = "(u32(i) & " + (32 / bits - 1) + "u) * " + bits + "u";
    module.append("fn ").append(b.name()).append("_at(i: i32) -> ");
    module.append(type(Value.scalarType(type))).append(" { return ");
    switch (type) {
      case F16 -> module.append("unpack2x16float(" + word + " >> (" + shift + ")).x");
      case BF16 -> module.append("bitcast<f32>((" + word + " >> (" + shift + ")) << 16u)");
      case I8, I16 -> module.append("extractBits(bitcast<i32>(" + word + "), " + shift + ", " + bits + "u)");
      default -> module.append("i32(extractBits(" + word + ", " + shift + ", " + bits + "u))");
    }
    module.append("; }\n");
  }

  /** Locals that are given a value at more than one place, or in no place that all uses are in. */
  private void findChanging(Stmt stmt) {
    switch (stmt) {
      case Stmt.Block block -> block.body().forEach(this::findChanging);
      case Stmt.For loop -> findChanging(loop.body());
      case Stmt.If choice -> {
        findChanging(choice.then());
        if (choice.otherwise() != null) {
          findChanging(choice.otherwise());
        }
      }
      case Stmt.Let let -> {
        if (!seen.add(let.local())) {
          changing.add(let.local());
        }
      }
      case Stmt.Join join -> {
        changing.add(join.part());
        joins = true;
      }
      default -> {}
    }
  }

  String name(Local local) {
    return names.computeIfAbsent(local, l -> plain(l.name()) + "_" + next++);
  }

  private static String plain(String name) {
    StringBuilder s = new StringBuilder("v");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      s.append(letter ? c : '_');
    }
    return s.toString();
  }

  /** How a type is called that locals have; a pointer is the index of an element. */
  static String type(LType type) {
    return switch (type) {
      case I32, PTR -> "i32";
      case I64 -> "vec2<u32>";
      case F32 -> "f32";
      case F32X4 -> "vec4<f32>";
      default -> throw new IllegalStateException("no WGSL type for " + type);
    };
  }

  /** True where an element is a vector of four. */
  boolean isFours(Buffer buffer) {
    if (nest.fours().contains(buffer)) {
      return true;
    }
    for (GridNest.Shared s : nest.shared()) {
      if (s.buffer() == buffer) {
        return s.fours();
      }
    }
    return false;
  }

  /** True where several elements share a word. */
  boolean isPacked(Buffer buffer) {
    int i = nest.buffers().indexOf(buffer);
    return buffer.dtype().bytes() < 4 && i >= 0 && !wide.get(i);
  }

  private String element(Buffer buffer) {
    if (isPacked(buffer)) {
      return isFours(buffer) ? "vec2<u32>" : "u32";
    }
    if (nest.fours().contains(buffer)) {
      return "vec4<f32>";
    }
    return type(Value.scalarType(buffer.dtype()));
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
        String var = name(loop.var());
        line(depth).append("for (var ").append(var).append(" = ");
        values.print(loop.begin());
        out.append("; ").append(var).append(" < ");
        values.print(loop.end());
        out.append("; ").append(var).append(" += ").append(loop.step()).append(") {\n");
        print(loop.body(), depth + 1);
        line(depth).append("}\n");
      }
      case Stmt.Let let -> {
        repeated(new Repeated().in(let.value()), depth);
        line(depth).append(changing.contains(let.local()) ? "" : "let ");
        out.append(name(let.local())).append(" = ");
        values.print(let.value());
        values.forget();
        out.append(";\n");
      }
      case Stmt.Store store -> store(store, depth);
      case Stmt.If choice -> {
        repeated(new Repeated().in(choice.condition()), depth);
        line(depth).append("if (");
        values.condition(choice.condition());
        values.forget();
        out.append(") {\n");
        print(choice.then(), depth + 1);
        if (choice.otherwise() != null) {
          line(depth).append("} else {\n");
          print(choice.otherwise(), depth + 1);
        }
        line(depth).append("}\n");
      }
      case Stmt.Barrier b -> line(depth).append("workgroupBarrier();\n");
      case Stmt.Join join -> join(join, depth);
      case Stmt.TileCall call ->
          throw new IllegalStateException(nest.name() + ": a tile in a kernel for a GPU");
    }
  }

  /** Sums of subgroups, taken to be neighbours, and then of these. */
  private void join(Stmt.Join join, int depth) {
    String part = name(join.part());
    String shared = join.shared().name();
    line(depth).append(part).append(" = subgroupAdd(").append(part).append(");\n");
    line(depth).append("if (sid == 0u) { ").append(shared).append("[lid / sgs] = ");
    out.append(part).append("; }\n");
    line(depth).append("workgroupBarrier();\n");
    line(depth).append(part).append(" = ").append(shared).append("[0];\n");
    String n = "n_" + next++;
    line(depth).append("for (var ").append(n).append(" = 1u; ").append(n).append(" * sgs < ");
    out.append(nest.size()).append("u; ").append(n).append("++) { ").append(part).append(" += ");
    out.append(shared).append("[").append(n).append("]; }\n");
  }

  private void store(Stmt.Store store, int depth) {
    Buffer buffer = Value.bufferOf(store.pointer());
    if (isPacked(buffer) || isFours(buffer) != (store.lanes() == 4)) {
      throw new IllegalStateException(nest.name() + ": store of parts of a word in " + buffer);
    }
    repeated(new Repeated().in(store.pointer()).in(store.value()), depth);
    line(depth);
    values.element(store.pointer(), store.offset());
    out.append(" = ");
    DType type = buffer.dtype();
    if (type == DType.F16 || type == DType.BF16) {
      values.call(type + "_round_", store.value());
    } else {
      values.print(store.value());
    }
    values.forget();
    out.append(";\n");
  }

  /** Names what a statement has several times. */
  private void repeated(Repeated repeated, int depth) {
    for (Value part : repeated.parts()) {
      String name = "same_" + next++;
      line(depth).append("let ").append(name).append(" = ");
      values.print(part);
      out.append(";\n");
      values.name(part, name);
    }
  }
}
