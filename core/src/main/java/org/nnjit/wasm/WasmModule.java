package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Builds a WebAssembly module: declare imports first, then functions, globals, tables and the rest
 * in any order, and take the bytes.
 *
 * <pre>{@code
 * WasmModule module = new WasmModule();
 * module.importMemory("env", "memory", 1, 65536, true);
 * FunctionBuilder add = module.function("add", "ii:i");
 * add.get(0);
 * add.get(1);
 * add.op(Op.I32_ADD);
 * module.export("add", add);
 * byte[] bytes = module.toBytes();
 * }</pre>
 *
 * <p>Misuse throws {@link IllegalStateException}. The bytes follow section 5.5 of the WebAssembly
 * core specification; types are checked by {@link WasmVerifier}.
 */
public final class WasmModule {
  private static final int FUNCTION = 0;
  private static final int TABLE = 1;
  private static final int MEMORY = 2;
  private static final int GLOBAL = 3;

  private final List<String> signatures = new ArrayList<>();
  private final Section types = new Section(1);
  private final Section imports = new Section(2);
  private final Section tables = new Section(4);
  private final Section memories = new Section(5);
  private final Section globals = new Section(6);
  private final Section exports = new Section(7);
  private final Section elements = new Section(9);
  private final Section data = new Section(11);

  private final List<FunctionBuilder> functions = new ArrayList<>();
  private final List<String> importedFunctionNames = new ArrayList<>();
  private final int[] importCounts = new int[4];
  private final StringBuilder globalMutability = new StringBuilder();
  private boolean usesDataIndices;
  private int featureMask;

  /** A section's entries as they are added. */
  private static final class Section {
    final int id;
    private Bytes bytes;
    int count;

    Section(int id) {
      this.id = id;
    }

    Bytes entry() {
      if (bytes == null) {
        bytes = new Bytes(64);
      }
      count++;
      return bytes;
    }

    int size() {
      return bytes == null ? 0 : bytes.size();
    }

    void writeTo(Bytes out) {
      if (count > 0) {
        out.u8(id);
        out.u32(Bytes.sizeOfU32(count) + bytes.size());
        out.u32(count);
        out.append(bytes);
      }
    }
  }

  // Types and functions.

  /** Index of a function type such as {@code "ii:v"} (see {@link ValType}); equal ones are one. */
  public int type(String signature) {
    int known = signatures.indexOf(signature);
    if (known >= 0) {
      return known;
    }
    int colon = signature.indexOf(':');
    if (colon < 0) {
      throw misuse("signature '", signature, "' has no colon, as in \"ii:v\"");
    }
    for (int i = 0; i < signature.length(); i++) {
      if (i != colon && ValType.ofLetter(signature.charAt(i)) == null) {
        throw misuse(
            "signature '", signature, "' has letter ", signature.charAt(i), ", wanted i l f d v r");
      }
    }
    if (signature.length() - colon > 2) {
      featureMask |= Feature.MULTI_VALUE.mask();
    }
    signatures.add(signature);
    Bytes out = types.entry();
    out.u8(0x60);
    out.types(signature, 0, colon);
    out.types(signature, colon + 1, signature.length());
    return signatures.size() - 1;
  }

  /** Index of a function type. */
  public int type(List<ValType> params, List<ValType> results) {
    return type(signature(params, results));
  }

  private static String signature(List<ValType> params, List<ValType> results) {
    StringBuilder text = new StringBuilder();
    for (ValType type : params) {
      text.append(type.letter);
    }
    text.append(':');
    for (ValType type : results) {
      text.append(type.letter);
    }
    return text.toString();
  }

  /**
   * Declares a function; its index is known at once and its body may be emitted later.
   *
   * @param name for the name section and for error messages
   * @param signature types such as {@code "ii:v"}
   */
  public FunctionBuilder function(String name, String signature) {
    int type = type(signature);
    FunctionBuilder function =
        new FunctionBuilder(
            this,
            name,
            importCounts[FUNCTION] + functions.size(),
            type,
            signature.substring(0, signature.indexOf(':')));
    functions.add(function);
    return function;
  }

  /** Declares a function; see {@link #function(String, String)}. */
  public FunctionBuilder function(String name, List<ValType> params, List<ValType> results) {
    return function(name, signature(params, results));
  }

  // Imports.

  /** Imports a function and returns its index. */
  public int importFunction(String from, String name, String signature) {
    if (!functions.isEmpty()) {
      throw misuse("import function '", name, "' before declaring functions: their indices follow");
    }
    int type = type(signature);
    importEntry(from, name, FUNCTION).u32(type);
    importedFunctionNames.add(name);
    return importCounts[FUNCTION]++;
  }

  /**
   * Imports the memory.
   *
   * @param minPages pages of 64 KiB it has at least
   * @param maxPages pages it may grow to, or -1 for no bound; a shared memory needs one
   */
  public void importMemory(String from, String name, int minPages, int maxPages, boolean shared) {
    oneMemory();
    limits(importEntry(from, name, MEMORY), minPages, maxPages, shared);
    importCounts[MEMORY]++;
  }

  /** Imports a table of functions and returns its index. */
  public int importTable(String from, String name, int min, int max) {
    if (tables.count > 0) {
      throw misuse("import table '", name, "' before declaring tables");
    }
    Bytes out = importEntry(from, name, TABLE);
    out.u8(ValType.FUNCREF.code);
    limits(out, min, max, false);
    return importCounts[TABLE]++;
  }

  /** Imports a global and returns its index. */
  public int importGlobal(String from, String name, ValType type, boolean mutable) {
    if (globals.count > 0) {
      throw misuse("import global '", name, "' before declaring globals");
    }
    Bytes out = importEntry(from, name, GLOBAL);
    out.u8(type.code);
    out.u8(mutable ? 1 : 0);
    globalMutability.append(mutable ? 'm' : 'c');
    featureMask |= mutable ? Feature.MUTABLE_GLOBALS.mask() : 0;
    return importCounts[GLOBAL]++;
  }

  private Bytes importEntry(String from, String name, int kind) {
    Bytes out = imports.entry();
    out.name(from);
    out.name(name);
    out.u8(kind);
    return out;
  }

  // Memory, tables and globals of the module's own.

  /** Declares the memory; see {@link #importMemory} for the parameters. */
  public void memory(int minPages, int maxPages, boolean shared) {
    oneMemory();
    limits(memories.entry(), minPages, maxPages, shared);
  }

  private void oneMemory() {
    if (importCounts[MEMORY] + memories.count > 0) {
      throw misuse("the module has a memory already");
    }
  }

  /** Declares a table of functions with {@code min} to {@code max} (-1: no bound) elements. */
  public int table(int min, int max) {
    Bytes out = tables.entry();
    out.u8(ValType.FUNCREF.code);
    limits(out, min, max, false);
    return importCounts[TABLE] + tables.count - 1;
  }

  private void limits(Bytes out, int min, int max, boolean shared) {
    if (min < 0 || max < -1 || (max >= 0 && max < min) || (shared && max < 0)) {
      throw misuse("limits ", min, " to ", max, shared ? " of a shared memory" : "", " are wrong");
    }
    featureMask |= shared ? Feature.THREADS.mask() : 0;
    out.u8((max < 0 ? 0 : 1) | (shared ? 2 : 0));
    out.u32(min);
    if (max >= 0) {
      out.u32(max);
    }
  }

  /**
   * Declares a global and returns its index.
   *
   * @param bits its first value: the integer, or the bits of the float; a v128 takes them in its
   *     low half, a funcref is null
   */
  public int global(ValType type, boolean mutable, long bits) {
    Bytes out = globals.entry();
    globalMutability.append(mutable ? 'm' : 'c');
    out.u8(type.code);
    out.u8(mutable ? 1 : 0);
    switch (type) {
      case I32 -> {
        out.op(Op.I32_CONST);
        out.s32((int) bits);
      }
      case I64 -> {
        out.op(Op.I64_CONST);
        out.s64(bits);
      }
      case F32 -> {
        out.op(Op.F32_CONST);
        out.fixed32((int) bits);
      }
      case F64, V128 -> {
        out.op(type == ValType.F64 ? Op.F64_CONST : Op.V128_CONST);
        out.fixed32((int) bits);
        out.fixed32((int) (bits >> 32));
        if (type == ValType.V128) {
          featureMask |= Feature.SIMD.mask();
          out.fixed32(0);
          out.fixed32(0);
        }
      }
      case FUNCREF -> {
        featureMask |= Feature.REFERENCE_TYPES.mask();
        out.op(Op.REF_NULL);
        out.u8(ValType.FUNCREF.code);
      }
    }
    out.op(Op.END);
    return importCounts[GLOBAL] + globals.count - 1;
  }

  // Exports, elements and data.

  /** Exports a function. */
  public void export(String name, FunctionBuilder function) {
    exportEntry(name, FUNCTION, function.index());
  }

  /** Exports a function by index, an imported one too. */
  public void exportFunction(String name, int index) {
    exportEntry(name, FUNCTION, index);
  }

  public void exportTable(String name, int index) {
    exportEntry(name, TABLE, index);
  }

  public void exportMemory(String name) {
    exportEntry(name, MEMORY, 0);
  }

  public void exportGlobal(String name, int index) {
    if (globalMutability.charAt(index) == 'm') {
      featureMask |= Feature.MUTABLE_GLOBALS.mask();
    }
    exportEntry(name, GLOBAL, index);
  }

  private void exportEntry(String name, int kind, int index) {
    Bytes out = exports.entry();
    out.name(name);
    out.u8(kind);
    out.u32(index);
  }

  /** Puts functions into a table from element {@code offset} on when the module starts. */
  public void elements(int table, int offset, int... functionIndices) {
    Bytes out = elements.entry();
    out.u8(table == 0 ? 0 : 2);
    if (table != 0) {
      featureMask |= Feature.REFERENCE_TYPES.mask();
      out.u32(table);
    }
    constant(out, offset);
    if (table != 0) {
      out.u8(0);
    }
    out.u32(functionIndices.length);
    for (int function : functionIndices) {
      out.u32(function);
    }
  }

  /** Writes bytes to memory at address {@code offset} (unsigned) when the module starts. */
  public void data(int offset, byte[] bytes) {
    Bytes out = data.entry();
    out.u8(0);
    constant(out, offset);
    out.u32(bytes.length);
    out.bytes(bytes);
  }

  private static void constant(Bytes out, int value) {
    out.op(Op.I32_CONST);
    out.s32(value);
    out.op(Op.END);
  }

  /** A function names a data segment, so their number must precede the code. */
  void usesData(Op op) {
    usesDataIndices |= op.immediate == Immediate.DATA || op.immediate == Immediate.DATA_MEMORY;
  }

  // The result.

  /** Features an engine must have to compile the module as it stands. */
  public Set<Feature> features() {
    int mask = featureMask;
    for (FunctionBuilder function : functions) {
      mask |= function.featureMask();
    }
    return Feature.ofMask(mask);
  }

  /** The module with a name section. */
  public byte[] toBytes() {
    return toBytes(true);
  }

  /**
   * The module in the binary format.
   *
   * @param names whether to add the custom section "name" with the functions' names
   */
  public byte[] toBytes(boolean names) {
    int declaredBytes = Bytes.sizeOfU32(functions.size());
    int codeBytes = declaredBytes;
    for (FunctionBuilder function : functions) {
      declaredBytes += Bytes.sizeOfU32(function.typeIndex());
      int body = function.bodyBytes();
      codeBytes += Bytes.sizeOfU32(body) + body;
    }
    Bytes out = new Bytes(512 + codeBytes + data.size());
    out.fixed32(0x6d736100);
    out.fixed32(1);
    types.writeTo(out);
    imports.writeTo(out);
    if (!functions.isEmpty()) {
      out.u8(3);
      out.u32(declaredBytes);
      out.u32(functions.size());
      for (FunctionBuilder function : functions) {
        out.u32(function.typeIndex());
      }
    }
    tables.writeTo(out);
    memories.writeTo(out);
    globals.writeTo(out);
    exports.writeTo(out);
    elements.writeTo(out);
    if (usesDataIndices) {
      out.u8(12);
      out.u32(Bytes.sizeOfU32(data.count));
      out.u32(data.count);
    }
    if (!functions.isEmpty()) {
      out.u8(10);
      out.u32(codeBytes);
      out.u32(functions.size());
      for (FunctionBuilder function : functions) {
        function.encode(out);
      }
    }
    data.writeTo(out);
    if (names) {
      writeNames(out);
    }
    return out.toArray();
  }

  private void writeNames(Bytes out) {
    int count = importedFunctionNames.size() + functions.size();
    int mapBytes = Bytes.sizeOfU32(count);
    for (int i = 0; i < count; i++) {
      mapBytes += Bytes.sizeOfU32(i) + Bytes.sizeOfName(functionName(i));
    }
    out.u8(0);
    out.u32(Bytes.sizeOfName("name") + 1 + Bytes.sizeOfU32(mapBytes) + mapBytes);
    out.name("name");
    out.u8(1);
    out.u32(mapBytes);
    out.u32(count);
    for (int i = 0; i < count; i++) {
      out.u32(i);
      out.name(functionName(i));
    }
  }

  private static IllegalStateException misuse(Object... what) {
    return new IllegalStateException(WasmException.join(what));
  }

  private String functionName(int index) {
    int imported = importedFunctionNames.size();
    return index < imported
        ? importedFunctionNames.get(index)
        : functions.get(index - imported).name();
  }
}
