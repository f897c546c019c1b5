package org.nnjit.wasm;

/**
 * Steps through instructions: {@link #next} decodes one with its immediates into the fields. One
 * reader serves the verifier and the text printer.
 */
final class CodeReader extends ByteReader {
  /** Total of parameters and locals that engines accept (WebAssembly JavaScript API, limits). */
  private static final int MAX_LOCALS = 50_000;

  private final ModuleContents module;
  private final String where;

  /** Where the current instruction begins. */
  int at;

  Op op;

  /** First index, lane, i32 value or f32 bits, default target of br_table. */
  int index;

  /** Second index. */
  int index2;

  int alignLog2;
  int offset;

  /** Value of i64, bits of f64. */
  long bits;

  /** Where 16 immediate bytes lie. */
  int bytesAt;

  /** Type of a block, as a signature. */
  String block;

  /** Type of a typed select. */
  ValType type;

  /** Targets of br_table but the default. */
  int[] targets;

  CodeReader(ModuleContents module, String where, int from, int end) {
    super(module.bytes, from, end);
    this.module = module;
    this.where = where;
    this.at = from;
  }

  @Override
  WasmException fail(Object... parts) {
    String message = WasmException.join(parts);
    return op == null
        ? new WasmException(at, where, ": ", message)
        : new WasmException(at, where, ", ", op.text(), ": ", message);
  }

  /** Reads the declarations at the head of a body: letters of the locals after the parameters. */
  String locals(int params) {
    StringBuilder letters = new StringBuilder();
    int groups = count("groups of locals");
    for (int g = 0; g < groups; g++) {
      at = pos;
      int n = u32("number of locals");
      ValType t = valType("locals");
      if (n < 0 || n > MAX_LOCALS - params - letters.length()) {
        throw fail("more than ", MAX_LOCALS, " locals");
      }
      for (int i = 0; i < n; i++) {
        letters.append(t.letter);
      }
    }
    return letters.toString();
  }

  /** Decodes the next instruction. */
  void next() {
    op = null;
    at = pos;
    int prefix = u8("code: the function's end");
    int code = prefix;
    if (prefix >= 0xfc && prefix <= 0xfe) {
      code = u32("opcode");
    } else {
      prefix = 0;
    }
    Op found = Op.of(prefix, code);
    if (found == null) {
      throw fail(
          "unknown or unsupported opcode 0x",
          Integer.toHexString(prefix == 0 ? code : prefix << 12 | code));
    }
    op = found;
    immediates();
  }

  private void immediates() {
    switch (op.immediate) {
      case NONE, BLOCK_PART -> {}
      case BLOCK -> block = blockType();
      case LABEL, FUNCTION, LOCAL, GLOBAL, TABLE, ELEMENTS, DATA -> index = u32("index");
      case LABEL_TABLE -> {
        targets = new int[count("targets")];
        for (int i = 0; i < targets.length; i++) {
          targets[i] = u32("target");
        }
        index = u32("target");
      }
      case TYPE_TABLE, TABLE_TABLE, ELEMENTS_TABLE -> {
        index = u32("index");
        index2 = u32("index");
      }
      case TYPES -> {
        int n = u32("number of types");
        if (n != 1) {
          throw fail("wanted 1 type, got ", Integer.toUnsignedString(n));
        }
        type = valType("type");
      }
      case TYPE_REF -> {
        if (valType("type") != ValType.FUNCREF) {
          throw fail("wanted func: other heap types are unsupported");
        }
      }
      case DATA_MEMORY -> {
        index = u32("index");
        memoryIndex();
      }
      case MEMORY -> memoryIndex();
      case MEMORY_MEMORY -> {
        memoryIndex();
        memoryIndex();
      }
      case MEMARG, MEMARG_LANE -> {
        alignLog2 = u32("alignment");
        if ((alignLog2 & ~0x3f) == 0x40) {
          throw fail("memory indices are unsupported");
        }
        offset = u32("offset");
        if (op.immediate == Immediate.MEMARG_LANE) {
          index = u8("lane");
        }
      }
      case LANE -> index = u8("lane");
      case SHUFFLE, V128 -> bytesAt = skip(16, "immediate");
      case FENCE -> {
        if (u8("immediate") != 0) {
          throw fail("wanted a zero byte");
        }
      }
      case I32 -> index = s32("value");
      case I64 -> bits = signed(64, "value");
      case F32 -> index = fixed32("value");
      case F64 -> bits = fixed64("value");
    }
  }

  private void memoryIndex() {
    if (u8("memory index") != 0) {
      throw fail("wanted memory 0: others are unsupported");
    }
  }

  private String blockType() {
    long code = signed(33, "block type");
    if (code >= 0) {
      if (code >= module.types.size()) {
        throw fail("block type ", code, " of ", module.types.size(), " types");
      }
      return module.types.get((int) code);
    }
    if (code == -64) {
      return ":";
    }
    ValType result = code > -64 ? ValType.ofCode((int) code & 0x7f) : null;
    if (result == null) {
      throw fail("unknown or unsupported block type ", code);
    }
    return ":" + result.letter;
  }
}
