package org.nnjit.wasm;

import static org.nnjit.wasm.ModuleContents.FUNCTION;
import static org.nnjit.wasm.ModuleContents.GLOBAL;
import static org.nnjit.wasm.ModuleContents.MEMORY;
import static org.nnjit.wasm.ModuleContents.TABLE;

/**
 * Takes a module apart into its sections (core specification 5.5) and throws {@link WasmException}
 * when it is malformed: lengths, order, counts, encodings. Whether indices and types fit is the
 * verifier's business, except for type indices, which every later step needs.
 */
final class ModuleReader extends ByteReader {
  private static final String[] SECTIONS = {
    "custom section",
    "type section",
    "import section",
    "function section",
    "table section",
    "memory section",
    "global section",
    "export section",
    "start section",
    "element section",
    "code section",
    "data section",
    "data count section"
  };

  /** Limits of the WebAssembly JavaScript API. */
  private static final int MAX_PARAMS = 1000;

  private static final int MAX_BODY_BYTES = 7_654_321;

  private final ModuleContents module;

  ModuleReader(byte[] bytes) {
    super(bytes, 0, bytes.length);
    module = new ModuleContents(bytes);
  }

  ModuleContents read() {
    if (fixed32("magic number") != 0x6d736100) {
      pos = 0;
      throw fail("not a WebAssembly module: wanted the bytes 0 'asm'");
    }
    if (fixed32("version") != 1) {
      pos = 4;
      throw fail("wanted version 1");
    }
    int moduleEnd = end;
    int lastRank = 0;
    while (pos < moduleEnd) {
      int sectionAt = pos;
      int id = u8("section");
      int length = u32("length of a section");
      if (id >= SECTIONS.length) {
        pos = sectionAt;
        throw fail("unknown or unsupported section ", id);
      }
      String name = SECTIONS[id];
      int sectionEnd = skip(length, name) + length;
      pos = sectionEnd - length;
      end = sectionEnd;
      if (id == 0) {
        custom();
      } else {
        int rank = id == 12 ? 19 : id * 2;
        if (rank <= lastRank) {
          pos = sectionAt;
          throw fail(name, " stands twice or too late");
        }
        lastRank = rank;
        section(id);
      }
      if (pos != sectionEnd) {
        throw fail(name, ": ", sectionEnd - pos, " bytes more than its entries");
      }
      end = moduleEnd;
    }
    int declared = module.functions.size() - module.importedFunctions;
    if (module.bodies.size() != declared) {
      throw fail(declared, " functions declared, ", module.bodies.size(), " have a body");
    }
    if (module.dataCount >= 0 && module.dataCount != module.data.size()) {
      throw fail(
          "data count section says ",
          module.dataCount,
          " segments, there are ",
          module.data.size());
    }
    return module;
  }

  private void custom() {
    String name = name("custom section's name");
    if (name.equals("name")) {
      try {
        functionNames();
      } catch (WasmException e) {
        // Malformed names make no module invalid (core 7.4): keep those read so far.
      }
    }
    pos = end;
  }

  private void functionNames() {
    int sectionEnd = end;
    while (pos < sectionEnd) {
      int id = u8("name subsection");
      int length = u32("length of a name subsection");
      int from = skip(length, "name subsection");
      int next = pos;
      if (id == 1) {
        pos = from;
        int n = count("names");
        for (int i = 0; i < n; i++) {
          int function = u32("function");
          module.names.put(function, name("function's name"));
        }
      }
      pos = next;
    }
  }

  private void section(int id) {
    if (id == 8) {
      module.start = index("start function");
      return;
    }
    if (id == 12) {
      module.dataCount = index("data count");
      return;
    }
    int n = count(SECTIONS[id]);
    for (int i = 0; i < n; i++) {
      switch (id) {
        case 1 -> type();
        case 2 -> anImport();
        case 3 -> module.functions.add(typeIndex());
        case 4 -> module.tables.add(table());
        case 5 -> module.memories.add(memory());
        case 6 -> global();
        case 7 -> export();
        case 9 -> elementSegment();
        case 10 -> body();
        default -> dataSegment();
      }
    }
  }

  /** An index or count that must fit a Java int. */
  private int index(String what) {
    int value = u32(what);
    if (value < 0) {
      throw fail(what, " ", Integer.toUnsignedString(value), " is too large");
    }
    return value;
  }

  private void type() {
    int form = u8("type");
    if (form != 0x60) {
      pos--;
      throw fail(
          "type ",
          module.types.size(),
          ": wanted a function type (0x60), got unknown or unsupported form 0x",
          Integer.toHexString(form));
    }
    String params = types("parameters");
    module.types.add(params + ':' + types("results"));
  }

  private String types(String what) {
    int n = count(what);
    if (n > MAX_PARAMS) {
      throw fail(n, " ", what, ", at most ", MAX_PARAMS);
    }
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < n; i++) {
      letters.append(valType("function type").letter);
    }
    return letters.toString();
  }

  private int typeIndex() {
    int type = u32("type of a function");
    if (type < 0 || type >= module.types.size()) {
      throw fail(
          "function ",
          module.functions.size(),
          " has type ",
          Integer.toUnsignedString(type),
          " of ",
          module.types.size());
    }
    return type;
  }

  private void anImport() {
    String from = name("import's module");
    String name = name("import's name");
    int kind = u8("kind of an import");
    int index;
    switch (kind) {
      case FUNCTION -> {
        index = module.importedFunctions++;
        module.functions.add(typeIndex());
        module.names.put(index, name);
      }
      case TABLE -> {
        index = module.tables.size();
        module.tables.add(table());
      }
      case MEMORY -> {
        index = module.memories.size();
        module.memories.add(memory());
      }
      case GLOBAL -> {
        index = module.globals.size();
        module.globals.add(globalType(-1));
      }
      default -> throw fail("import '", name, "': unknown or unsupported kind ", kind);
    }
    module.imports.add(new ModuleContents.Import(from, name, kind, index));
  }

  private ModuleContents.Limits table() {
    if (valType("table") != ValType.FUNCREF) {
      throw fail("table: wanted the type funcref");
    }
    int flags = u8("limits of a table");
    if (flags > 1) {
      throw fail("table: unknown or unsupported limits 0x", Integer.toHexString(flags));
    }
    return limits(flags);
  }

  private ModuleContents.Limits memory() {
    int flags = u8("limits of a memory");
    if (flags == 2) {
      throw fail("memory: a shared memory needs a maximum");
    }
    if (flags > 3) {
      throw fail("memory: unknown or unsupported limits 0x", Integer.toHexString(flags));
    }
    return limits(flags);
  }

  private ModuleContents.Limits limits(int flags) {
    int min = u32("minimum");
    long max = (flags & 1) != 0 ? u32("maximum") & 0xffffffffL : -1;
    return new ModuleContents.Limits(min, max, (flags & 2) != 0);
  }

  private void global() {
    ModuleContents.Global type = globalType(0);
    int initAt = pos;
    constant();
    module.globals.add(new ModuleContents.Global(type.type(), type.mutable(), initAt));
  }

  private ModuleContents.Global globalType(int initAt) {
    ValType type = valType("global");
    int mutable = u8("mutability of a global");
    if (mutable > 1) {
      throw fail("global: wanted mutability 0 or 1, got ", mutable);
    }
    return new ModuleContents.Global(type, mutable == 1, initAt);
  }

  /** Passes a constant expression; its instructions are checked by the verifier. */
  private int constant() {
    int from = pos;
    CodeReader code = new CodeReader(module, "constant expression", pos, end);
    do {
      code.next();
      if (code.op.immediate == Immediate.BLOCK) {
        throw code.fail("not constant");
      }
    } while (code.op != Op.END);
    pos = code.pos;
    return from;
  }

  private void export() {
    int at = pos;
    String name = name("export's name");
    int kind = u8("kind of an export");
    if (kind > GLOBAL) {
      throw fail("export '", name, "': unknown or unsupported kind ", kind);
    }
    module.exports.add(new ModuleContents.Export(name, kind, index("exported index"), at));
  }

  private void elementSegment() {
    int flags = index("element segment");
    if (flags > 7) {
      throw fail("element segment: wanted flags 0 to 7, got ", flags);
    }
    boolean active = (flags & 1) == 0;
    boolean expressions = (flags & 4) != 0;
    int table = active && (flags & 2) != 0 ? index("table") : 0;
    int offsetAt = active ? constant() : -1;
    if ((flags & 3) != 0) {
      int kind = u8("element kind");
      if (kind != (expressions ? ValType.FUNCREF.code : 0)) {
        throw fail("element segment: unknown or unsupported kind 0x", Integer.toHexString(kind));
      }
    }
    int n = count("elements");
    int[] values = new int[n];
    for (int i = 0; i < n; i++) {
      values[i] = expressions ? constant() : index("function");
    }
    module.elements.add(
        new ModuleContents.Segment(
            active,
            (flags & 3) == 3,
            table,
            offsetAt,
            expressions ? null : values,
            expressions ? values : null,
            0,
            0));
  }

  private void body() {
    int length = u32("length of a body");
    if (length < 0 || length > MAX_BODY_BYTES) {
      throw fail("body ", module.bodies.size(), " is larger than ", MAX_BODY_BYTES, " bytes");
    }
    int from = skip(length, "body");
    module.bodies.add(new ModuleContents.Body(from, pos));
  }

  private void dataSegment() {
    int flags = index("data segment");
    if (flags > 2) {
      throw fail("data segment: wanted flags 0 to 2, got ", flags);
    }
    int memory = flags == 2 ? index("memory") : 0;
    int offsetAt = flags != 1 ? constant() : -1;
    int length = u32("length of a data segment");
    int from = skip(length, "data segment");
    module.data.add(
        new ModuleContents.Segment(flags != 1, false, memory, offsetAt, null, null, from, pos));
  }
}
