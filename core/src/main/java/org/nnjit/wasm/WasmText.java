package org.nnjit.wasm;

import java.util.HashSet;
import java.util.Set;
import org.nnjit.tensor.Numbers;

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

  /**
   * The functions of a kernel as text, its tiles included.
   *
   * @param kernel how the names of its functions begin
   * @throws WasmException when the module is malformed
   */
  public static String functions(byte[] bytes, String kernel) {
    String all = print(bytes);
    StringBuilder out = new StringBuilder();
    String start = "\n  (func $" + kernel;
    int at = all.indexOf(start);
    while (at >= 0) {
      int end = all.indexOf("\n  (", at + 1);
      int after = at + start.length();
      boolean own = all.charAt(after) != '_' || all.startsWith("__tile", after);
      if (own) {
        out.append(all, at + 1, end < 0 ? all.length() : end + 1);
      }
      at = all.indexOf(start, end < 0 ? all.length() : end);
    }
    return out.toString();
  }

  /** Appends the parts; see {@link WasmException#join} for why not one by one. */
  private void put(Object... parts) {
    for (Object part : parts) {
      out.append(part);
    }
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
    put("(module\n");
    for (int t = 0; t < module.types.size(); t++) {
      put("  (type $t", t, " (func");
      signature(module.types.get(t), false);
      put("))\n");
    }
    for (ModuleContents.Import i : module.imports) {
      put("  (import ");
      string(i.from());
      put(' ');
      string(i.name());
      put(' ');
      switch (i.kind()) {
        case ModuleContents.FUNCTION -> {
          put("(func ", function(i.index()));
          put(" (type $t", (int) module.functions.get(i.index()), "))");
        }
        case ModuleContents.TABLE -> table(i.index());
        case ModuleContents.MEMORY -> memory(i.index());
        default -> global(i.index());
      }
      put(")\n");
    }
    for (int t = imported(ModuleContents.TABLE); t < module.tables.size(); t++) {
      put("  ");
      table(t);
      put('\n');
    }
    for (int m = imported(ModuleContents.MEMORY); m < module.memories.size(); m++) {
      put("  ");
      memory(m);
      put('\n');
    }
    for (int g = imported(ModuleContents.GLOBAL); g < module.globals.size(); g++) {
      put("  ");
      global(g);
      put('\n');
    }
    exports();
    if (module.start >= 0) {
      put("  (start ", function(module.start), ")\n");
    }
    segments();
    for (int b = 0; b < module.bodies.size(); b++) {
      body(module.importedFunctions + b, module.bodies.get(b));
    }
    put(")\n");
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
        put(" (param $p", p, ' ');
        put(ValType.names(params.substring(p, p + 1)), ')');
      }
    } else if (colon > 0) {
      put(" (param ", ValType.names(params), ')');
    }
    if (colon + 1 < signature.length()) {
      put(" (result ", ValType.names(signature.substring(colon + 1)), ')');
    }
  }

  private void limits(ModuleContents.Limits limits) {
    put(' ', Integer.toUnsignedString(limits.min()));
    if (limits.max() >= 0) {
      put(' ', limits.max());
    }
  }

  private void table(int index) {
    put("(table $T", index);
    limits(module.tables.get(index));
    put(" funcref)");
  }

  private void memory(int index) {
    put("(memory");
    limits(module.memories.get(index));
    put(module.memories.get(index).shared() ? " shared)" : ")");
  }

  private void global(int index) {
    ModuleContents.Global global = module.globals.get(index);
    put("(global $g", index, ' ');
    put(global.mutable() ? "(mut " : "", global.type(), global.mutable() ? ")" : "");
    if (global.initAt() >= 0) {
      put(' ');
      constant(global.initAt());
    }
    put(')');
  }

  private void constant(int at) {
    CodeReader code = new CodeReader(module, "constant expression", at, module.bytes.length);
    String separator = "(";
    for (code.next(); code.op != Op.END; code.next()) {
      put(separator);
      instruction(code, 0);
      separator = " ";
    }
    put(')');
  }

  private void exports() {
    String[] kinds = {"(func ", "(table ", "(memory ", "(global "};
    for (ModuleContents.Export e : module.exports) {
      put("  (export ");
      string(e.name());
      put(' ', kinds[e.kind()]);
      put(
          e.kind() == ModuleContents.FUNCTION
              ? function(e.index())
              : Integer.toUnsignedString(e.index()));
      put("))\n");
    }
  }

  private void segments() {
    for (ModuleContents.Segment e : module.elements) {
      put("  (elem ");
      if (e.active()) {
        put("(table $T", e.index(), ") ");
        constant(e.offsetAt());
        put(' ');
      }
      put(e.declarative() ? "declare " : "");
      if (e.functions() != null) {
        put("func");
        for (int f : e.functions()) {
          put(' ', function(f));
        }
      } else {
        put("funcref");
        for (int at : e.expressionsAt()) {
          put(' ');
          constant(at);
        }
      }
      put(")\n");
    }
    for (ModuleContents.Segment d : module.data) {
      put("  (data ");
      if (d.active()) {
        constant(d.offsetAt());
        put(' ');
      }
      put('"');
      for (int i = d.from(); i < d.to(); i++) {
        byteOfString(module.bytes[i] & 0xff);
      }
      put("\")\n");
    }
  }

  private void string(String text) {
    put('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c > '~') {
        put(c);
      } else {
        byteOfString(c);
      }
    }
    put('"');
  }

  private void byteOfString(int b) {
    if (b >= ' ' && b <= '~' && b != '"' && b != '\\') {
      put((char) b);
    } else {
      put('\\', b < 16 ? "0" : "", Integer.toHexString(b));
    }
  }

  private void body(int function, ModuleContents.Body body) {
    String signature = module.signature(function);
    int params = signature.indexOf(':');
    CodeReader code = new CodeReader(module, module.describe(function), body.from(), body.to());
    String locals = code.locals(params);
    put("  (func ", function(function));
    put(" (type $t", (int) module.functions.get(function), ')');
    signature(signature, true);
    put('\n');
    for (int l = 0; l < locals.length(); l++) {
      put(l % 4 == 0 ? "    (local $l" : " (local $l", params + l, ' ');
      put(ValType.names(locals.substring(l, l + 1)), ')');
      put(l % 4 == 3 || l == locals.length() - 1 ? "\n" : "");
    }
    labels.setLength(0);
    labelCount = 0;
    while (code.pos < code.end) {
      code.next();
      line(code, params);
    }
    put("  )\n");
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
      put("  ");
    }
    instruction(code, params);
    put('\n');
  }

  private void instruction(CodeReader code, int params) {
    Op op = code.op;
    put(op.text());
    switch (op.immediate) {
      case NONE, BLOCK_PART, MEMORY, MEMORY_MEMORY, FENCE -> {}
      case BLOCK -> {
        put(" $b", labelCount);
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
      case FUNCTION -> put(' ', function(code.index));
      case TYPE_TABLE -> {
        put(" $T", Integer.toUnsignedString(code.index2));
        put(" (type $t", Integer.toUnsignedString(code.index), ')');
      }
      case TYPES -> put(" (result ", code.type, ')');
      case TYPE_REF -> put(" func");
      case LOCAL ->
          put(
              code.index >= 0 && code.index < params ? " $p" : " $l",
              Integer.toUnsignedString(code.index));
      case GLOBAL -> put(" $g", Integer.toUnsignedString(code.index));
      case TABLE -> put(" $T", Integer.toUnsignedString(code.index));
      case TABLE_TABLE ->
          put(
              " $T",
              Integer.toUnsignedString(code.index),
              " $T",
              Integer.toUnsignedString(code.index2));
      case ELEMENTS, DATA, DATA_MEMORY, LANE -> put(' ', Integer.toUnsignedString(code.index));
      case ELEMENTS_TABLE ->
          put(
              " $T",
              Integer.toUnsignedString(code.index2),
              ' ',
              Integer.toUnsignedString(code.index));
      case MEMARG, MEMARG_LANE -> {
        if (code.offset != 0) {
          put(" offset=", Integer.toUnsignedString(code.offset));
        }
        if (code.alignLog2 != op.alignLog2) {
          put(" align=", Long.toString(1L << code.alignLog2));
        }
        if (op.immediate == Immediate.MEMARG_LANE) {
          put(' ', code.index);
        }
      }
      case SHUFFLE -> {
        for (int i = 0; i < 16; i++) {
          put(' ', module.bytes[code.bytesAt + i]);
        }
      }
      case I32 -> put(' ', code.index);
      case I64 -> put(' ', code.bits);
      case F32 -> put(' ', f32(code.index));
      case F64 -> put(' ', f64(code.bits));
      case V128 -> vector(code.bytesAt);
    }
  }

  private void label(int depth) {
    int open = labels.length();
    if (depth >= 0 && depth < open) {
      put(" $b", (int) labels.charAt(open - 1 - depth));
    } else {
      put(' ', Integer.toUnsignedString(depth));
    }
  }

  private void vector(int at) {
    ByteReader lanes = new ByteReader(module.bytes, at, at + 16);
    put(" i32x4");
    for (int i = 0; i < 4; i++) {
      put(" 0x", Integer.toHexString(lanes.fixed32("lane")));
    }
  }

  private static String f32(int bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (bits < 0 ? "-nan:0x" : "nan:0x") + Integer.toHexString(bits & 0x7fffff);
    }
    float value = Float.intBitsToFloat(bits);
    return decimal(Numbers.text(value), value, bits == 0x80000000);
  }

  private static String f64(long bits) {
    if ((bits & Long.MAX_VALUE) > 0x7ff0000000000000L) {
      return (bits < 0 ? "-nan:0x" : "nan:0x") + Long.toHexString(bits & 0xfffffffffffffL);
    }
    double value = Double.longBitsToDouble(bits);
    return decimal(Numbers.text(value), value, bits == Long.MIN_VALUE);
  }

  private static String decimal(String text, double value, boolean minusZero) {
    if (value == (int) value && Math.abs(value) < 1e7 && !minusZero) {
      return Integer.toString((int) value);
    }
    return text.endsWith("Infinity") ? (text.startsWith("-") ? "-inf" : "inf") : text;
  }
}
