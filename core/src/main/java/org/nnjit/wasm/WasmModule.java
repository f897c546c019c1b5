package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A module under construction: types, one imported memory, functions, a table, exports. */
public final class WasmModule {
  private final List<String> types = new ArrayList<>();
  private final Map<String, Integer> typeIndex = new HashMap<>();
  private final List<Code> functions = new ArrayList<>();
  private final List<String> exportNames = new ArrayList<>();
  private final List<Code> exported = new ArrayList<>();
  private final List<Code> table = new ArrayList<>();
  private int memoryMin = -1;
  private int memoryMax;
  private boolean shared;

  /** Imports memory {@code env.memory}, in pages of 64 KiB; a shared one needs its maximum. */
  public void importMemory(int minPages, int maxPages, boolean isShared) {
    memoryMin = minPages;
    memoryMax = maxPages;
    shared = isShared;
  }

  /** Index of a function type, e.g. {@code "iii:v"}: parameters, then results. */
  public int type(String signature) {
    Integer i = typeIndex.get(signature);
    if (i == null) {
      i = types.size();
      types.add(signature);
      typeIndex.put(signature, i);
    }
    return i;
  }

  /** A new function; instructions may be added in any order among functions. */
  public Code function(String name, String signature) {
    int colon = signature.indexOf(':');
    Code code = new Code(name, functions.size(), type(signature), colon);
    functions.add(code);
    return code;
  }

  public void export(String name, Code function) {
    exportNames.add(name);
    exported.add(function);
  }

  /** Puts a function into the exported table {@code table} and returns its index there. */
  public int tableEntry(Code function) {
    table.add(function);
    return table.size() - 1;
  }

  /** Bytes of instructions so far, over all functions. */
  public int codeBytes() {
    int n = 0;
    for (Code c : functions) {
      n += c.size();
    }
    return n;
  }

  public int functions() {
    return functions.size();
  }

  /** The binary module, with function names in its name section. */
  public byte[] toBytes() {
    ByteSink out = new ByteSink(4096);
    out.fixed32(0x6d736100);
    out.fixed32(1);
    ByteSink s = new ByteSink(256);
    s.u32(types.size());
    for (String t : types) {
      s.put(0x60);
      int colon = t.indexOf(':');
      valTypes(s, t, 0, colon);
      valTypes(s, t, colon + 1, t.length());
    }
    section(out, 1, s);
    if (memoryMin >= 0) {
      s = new ByteSink(32);
      s.u32(1);
      s.name("env");
      s.name("memory");
      s.put(2);
      s.put(shared ? 3 : memoryMax > 0 ? 1 : 0);
      s.u32(memoryMin);
      if (shared || memoryMax > 0) {
        s.u32(memoryMax);
      }
      section(out, 2, s);
    }
    s = new ByteSink(64);
    s.u32(functions.size());
    for (Code f : functions) {
      s.u32(f.type());
    }
    section(out, 3, s);
    if (!table.isEmpty()) {
      s = new ByteSink(8);
      s.u32(1);
      s.put(0x70);
      s.put(0);
      s.u32(table.size());
      section(out, 4, s);
    }
    s = new ByteSink(64);
    s.u32(exported.size() + (table.isEmpty() ? 0 : 1));
    for (int i = 0; i < exported.size(); i++) {
      s.name(exportNames.get(i));
      s.put(0);
      s.u32(exported.get(i).index());
    }
    if (!table.isEmpty()) {
      s.name("table");
      s.put(1);
      s.u32(0);
    }
    section(out, 7, s);
    if (!table.isEmpty()) {
      s = new ByteSink(64);
      s.u32(1);
      s.u32(0);
      s.put(Op.I32_CONST.code());
      s.s32(0);
      s.put(Op.END.code());
      s.u32(table.size());
      for (Code f : table) {
        s.u32(f.index());
      }
      section(out, 9, s);
    }
    s = new ByteSink(4096);
    s.u32(functions.size());
    for (Code f : functions) {
      s.sized(f.body());
    }
    section(out, 10, s);
    names(out);
    return out.toBytes();
  }

  private static void valTypes(ByteSink s, String letters, int from, int to) {
    s.u32(to - from);
    for (int i = from; i < to; i++) {
      for (ValType t : ValType.values()) {
        if (t.letter() == letters.charAt(i)) {
          s.put(t.code());
        }
      }
    }
  }

  private static void section(ByteSink out, int id, ByteSink content) {
    out.put(id);
    out.sized(content);
  }

  private void names(ByteSink out) {
    ByteSink map = new ByteSink(256);
    map.u32(functions.size());
    for (Code f : functions) {
      map.u32(f.index());
      map.name(f.name());
    }
    ByteSink s = new ByteSink(256);
    s.name("name");
    s.put(1);
    s.sized(map);
    section(out, 0, s);
  }
}
