package org.nnjit.wasm;

import java.util.HashSet;
import java.util.Set;

/**
 * Prints a module in the text format (core specification, section 6): one instruction a line,
 * indented by block. Functions have the names of the name section, parameters are {@code $p0},
 * other locals {@code $l2}, blocks {@code $b0} in the order they open. The text depends on the
 * bytes alone, so it can stand in golden files.
 */
public final class WasmText {
  private final ModuleContents module;
  private final StringBuilder out = new StringBuilder();
  private final String[] functionNames;

  private WasmText(ModuleContents module) {
    this.module = module;
    functionNames = new String[module.functions.size()];
    Set<String> taken = new HashSet<>();
    for (int f = 0; f < functionNames.length; f++) {
      String name = module.names.get(f);
      String id = "$" + (name == null || name.isEmpty() ? "f" + f : identifier(name));
      while (!taken.add(id)) {
        id += "#" + f;
      }
      functionNames[f] = id;
    }
  }

  /**
   * The module as text. Its types need not be right.
   *
   * @throws WasmException when the module is malformed
   */
  public static String print(byte[] bytes) {
    WasmText text = new WasmText(new ModuleReader(bytes).read());
    text.module();
    return text.out.toString();
  }

  private static String identifier(String name) {
    StringBuilder id = new StringBuilder(name);
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      if (c <= ' ' || c > '~' || "\"(),;[]{}".indexOf(c) >= 0) {
        id.setCharAt(i, '_');
      }
    }
    return id.toString();
  }

  private void module() {
    out.append("(module\n");
    for (int t = 0; t < module.types.size(); t++) {
      out.append("  (type $t").append(t).append(" (func");
      signature(module.types.get(t), false);
      out.append("))\n");
    }
    for (ModuleContents.Import i : module.imports) {
      out.append("  (import ");
      string(i.from());
      out.append(' ');
      string(i.name());
      out.append(' ');
      switch (i.kind()) {
        case ModuleContents.FUNCTION ->
            out.append("(func ")
                .append(function(i.index()))
                .append(" (type $t")
                .append(module.functions.get(i.index()))
                .append("))");
        case ModuleContents.TABLE -> table(i.index());
        case ModuleContents.MEMORY -> memory(i.index());
        default -> global(i.index());
      }
      out.append(")\n");
    }
    for (int t = imported(ModuleContents.TABLE); t < module.tables.size(); t++) {
      out.append("  ");
      table(t);
      out.append('\n');
    }
    for (int m = imported(ModuleContents.MEMORY); m < module.memories.size(); m++) {
      out.append("  ");
      memory(m);
      out.append('\n');
    }
    for (int g = imported(ModuleContents.GLOBAL); g < module.globals.size(); g++) {
      out.append("  ");
      global(g);
      out.append('\n');
    }
    exports();
    if (module.start >= 0) {
      out.append("  (start ").append(function(module.start)).append(")\n");
    }
    segments();
    for (int b = 0; b < module.bodies.size(); b++) {
      body(module.importedFunctions + b, module.bodies.get(b));
    }
    out.append(")\n");
  }

  private int imported(int kind) {
    int n = 0;
    for (ModuleContents.Import i : module.imports) {
      n += i.kind() == kind ? 1 : 0;
    }
    return n;
  }

  private String function(int index) {
    return index >= 0 && index < functionNames.length
        ? functionNames[index]
        : Integer.toUnsignedString(index);
  }

  private void signature(String signature, boolean named) {
    int colon = signature.indexOf(':');
    String params = signature.substring(0, colon);
    if (named) {
      for (int p = 0; p < colon; p++) {
        out.append(" (param $p").append(p).append(' ');
        out.append(ValType.names(params.substring(p, p + 1))).append(')');
      }
    } else if (colon > 0) {
      out.append(" (param ").append(ValType.names(params)).append(')');
    }
    if (colon + 1 < signature.length()) {
      out.append(" (result ").append(ValType.names(signature.substring(colon + 1))).append(')');
    }
  }

  private void limits(ModuleContents.Limits limits) {
    out.append(' ').append(Integer.toUnsignedString(limits.min()));
    if (limits.max() >= 0) {
      out.append(' ').append(limits.max());
    }
  }

  private void table(int index) {
    out.append("(table $T").append(index);
    limits(module.tables.get(index));
    out.append(" funcref)");
  }

  private void memory(int index) {
    out.append("(memory");
    limits(module.memories.get(index));
    out.append(module.memories.get(index).shared() ? " shared)" : ")");
  }

  private void global(int index) {
    ModuleContents.Global global = module.globals.get(index);
    out.append("(global $g").append(index).append(' ');
    out.append(global.mutable() ? "(mut " + global.type() + ")" : global.type().text());
    if (global.initAt() >= 0) {
      out.append(' ');
      constant(global.initAt());
    }
    out.append(')');
  }

  private void constant(int at) {
    CodeReader code = new CodeReader(module, "constant expression", at, module.bytes.length);
    String separator = "(";
    for (code.next(); code.op != Op.END; code.next()) {
      out.append(separator);
      instruction(code, 0);
      separator = " ";
    }
    out.append(')');
  }

  private void exports() {
    String[] kinds = {"(func ", "(table ", "(memory ", "(global "};
    for (ModuleContents.Export e : module.exports) {
      out.append("  (export ");
      string(e.name());
      out.append(' ').append(kinds[e.kind()]);
      out.append(
          e.kind() == ModuleContents.FUNCTION
              ? function(e.index())
              : Integer.toUnsignedString(e.index()));
      out.append("))\n");
    }
  }

  private void segments() {
    for (ModuleContents.Segment e : module.elements) {
      out.append("  (elem ");
      if (e.active()) {
        out.append("(table $T").append(e.index()).append(") ");
        constant(e.offsetAt());
        out.append(' ');
      }
      out.append(e.declarative() ? "declare " : "");
      if (e.functions() != null) {
        out.append("func");
        for (int f : e.functions()) {
          out.append(' ').append(function(f));
        }
      } else {
        out.append("funcref");
        for (int at : e.expressionsAt()) {
          out.append(' ');
          constant(at);
        }
      }
      out.append(")\n");
    }
    for (ModuleContents.Segment d : module.data) {
      out.append("  (data ");
      if (d.active()) {
        constant(d.offsetAt());
        out.append(' ');
      }
      out.append('"');
      for (int i = d.from(); i < d.to(); i++) {
        byteOfString(module.bytes[i] & 0xff);
      }
      out.append("\")\n");
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c > '~') {
        out.append(c);
      } else {
        byteOfString(c);
      }
    }
    out.append('"');
  }

  private void byteOfString(int b) {
    if (b >= ' ' && b <= '~' && b != '"' && b != '\\') {
      out.append((char) b);
    } else {
      out.append('\\').append(b < 16 ? "0" : "").append(Integer.toHexString(b));
    }
  }

  private void body(int function, ModuleContents.Body body) {
    String signature = module.signature(function);
    int params = signature.indexOf(':');
    CodeReader code = new CodeReader(module, module.describe(function), body.from(), body.to());
    String locals = code.locals(params);
    out.append("  (func ").append(function(function));
    out.append(" (type $t").append(module.functions.get(function)).append(')');
    signature(signature, true);
    out.append('\n');
    for (int l = 0; l < locals.length(); l++) {
      out.append(l % 4 == 0 ? "    (local $l" : " (local $l").append(params + l).append(' ');
      out.append(ValType.names(locals.substring(l, l + 1))).append(')');
      out.append(l % 4 == 3 || l == locals.length() - 1 ? "\n" : "");
    }
    labels.setLength(0);
    labelCount = 0;
    while (code.pos < code.end) {
      code.next();
      line(code, params);
    }
    out.append("  )\n");
  }

  /** Number of each open block, innermost last. */
  private final StringBuilder labels = new StringBuilder();

  private int labelCount;

  private void line(CodeReader code, int params) {
    Op op = code.op;
    int open = labels.length();
    if (op == Op.END && open == 0) {
      return;
    }
    if (op == Op.END) {
      labels.setLength(--open);
    }
    int indent = op == Op.ELSE && open > 0 ? open - 1 : open;
    for (int i = 0; i < indent + 2; i++) {
      out.append("  ");
    }
    instruction(code, params);
    out.append('\n');
  }

  private void instruction(CodeReader code, int params) {
    Op op = code.op;
    out.append(op.text());
    switch (op.immediate) {
      case NONE, BLOCK_PART, MEMORY, MEMORY_MEMORY, FENCE -> {}
      case BLOCK -> {
        out.append(" $b").append(labelCount);
        labels.append((char) labelCount++);
        signature(code.block, false);
      }
      case LABEL -> label(code.index);
      case LABEL_TABLE -> {
        for (int target : code.targets) {
          label(target);
        }
        label(code.index);
      }
      case FUNCTION -> out.append(' ').append(function(code.index));
      case TYPE_TABLE -> {
        out.append(" $T").append(Integer.toUnsignedString(code.index2));
        out.append(" (type $t").append(Integer.toUnsignedString(code.index)).append(')');
      }
      case TYPES -> out.append(" (result ").append(code.type).append(')');
      case TYPE_REF -> out.append(" func");
      case LOCAL ->
          out.append(code.index >= 0 && code.index < params ? " $p" : " $l")
              .append(Integer.toUnsignedString(code.index));
      case GLOBAL -> out.append(" $g").append(Integer.toUnsignedString(code.index));
      case TABLE -> out.append(" $T").append(Integer.toUnsignedString(code.index));
      case TABLE_TABLE ->
          out.append(" $T")
              .append(Integer.toUnsignedString(code.index))
              .append(" $T")
              .append(Integer.toUnsignedString(code.index2));
      case ELEMENTS, DATA, DATA_MEMORY, LANE ->
          out.append(' ').append(Integer.toUnsignedString(code.index));
      case ELEMENTS_TABLE ->
          out.append(" $T")
              .append(Integer.toUnsignedString(code.index2))
              .append(' ')
              .append(Integer.toUnsignedString(code.index));
      case MEMARG, MEMARG_LANE -> {
        if (code.offset != 0) {
          out.append(" offset=").append(Integer.toUnsignedString(code.offset));
        }
        if (code.alignLog2 != op.alignLog2) {
          out.append(" align=").append(Long.toString(1L << code.alignLog2));
        }
        if (op.immediate == Immediate.MEMARG_LANE) {
          out.append(' ').append(code.index);
        }
      }
      case SHUFFLE -> {
        for (int i = 0; i < 16; i++) {
          out.append(' ').append(module.bytes[code.bytesAt + i]);
        }
      }
      case I32 -> out.append(' ').append(code.index);
      case I64 -> out.append(' ').append(code.bits);
      case F32 -> out.append(' ').append(f32(code.index));
      case F64 -> out.append(' ').append(f64(code.bits));
      case V128 -> vector(code.bytesAt);
    }
  }

  private void label(int depth) {
    int open = labels.length();
    if (depth >= 0 && depth < open) {
      out.append(" $b").append((int) labels.charAt(open - 1 - depth));
    } else {
      out.append(' ').append(Integer.toUnsignedString(depth));
    }
  }

  private void vector(int at) {
    ByteReader lanes = new ByteReader(module.bytes, at, at + 16);
    out.append(" i32x4");
    for (int i = 0; i < 4; i++) {
      out.append(" 0x").append(Integer.toHexString(lanes.fixed32("lane")));
    }
  }

  private static String f32(int bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (bits < 0 ? "-nan:0x" : "nan:0x") + Integer.toHexString(bits & 0x7fffff);
    }
    float value = Float.intBitsToFloat(bits);
    return decimal(Float.toString(value), value, bits == 0x80000000);
  }

  private static String f64(long bits) {
    if ((bits & Long.MAX_VALUE) > 0x7ff0000000000000L) {
      return (bits < 0 ? "-nan:0x" : "nan:0x") + Long.toHexString(bits & 0xfffffffffffffL);
    }
    double value = Double.longBitsToDouble(bits);
    return decimal(Double.toString(value), value, bits == Long.MIN_VALUE);
  }

  private static String decimal(String text, double value, boolean minusZero) {
    if (value == (int) value && Math.abs(value) < 1e7 && !minusZero) {
      return Integer.toString((int) value);
    }
    return text.endsWith("Infinity") ? (text.startsWith("-") ? "-inf" : "inf") : text;
  }
}
