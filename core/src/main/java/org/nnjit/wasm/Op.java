package org.nnjit.wasm;

/**
 * An instruction; {@link OpTable} has all of them, and those that nnJIT emits have a constant
 * here. Compared by identity.
 */
public final class Op {
  /** By opcode, 512 for each prefix. */
  private static final Op[] ALL = new Op[4 << 9];

  static {
    int code = 0;
    int from = 0;
    while (from < OpTable.ROWS.length()) {
      int end = OpTable.ROWS.indexOf(';', from);
      String row = OpTable.ROWS.substring(from, end);
      if (row.charAt(0) == '@') {
        code = Integer.parseInt(row.substring(1), 16);
      } else {
        ALL[start(code >> 12) | (code & 0x1ff)] = new Op(code, row);
        code++;
      }
      from = end + 1;
    }
  }

  // Control and variables (core 5.4.1, 5.4.4).
  public static final Op UNREACHABLE = at(0x00);
  public static final Op NOP = at(0x01);
  public static final Op BLOCK = at(0x02);
  public static final Op LOOP = at(0x03);
  public static final Op IF = at(0x04);
  public static final Op ELSE = at(0x05);
  public static final Op END = at(0x0b);
  public static final Op BR = at(0x0c);
  public static final Op BR_IF = at(0x0d);
  public static final Op RETURN = at(0x0f);
  public static final Op CALL = at(0x10);
  public static final Op DROP = at(0x1a);
  public static final Op SELECT = at(0x1b);
  public static final Op SELECT_T = at(0x1c);
  public static final Op LOCAL_GET = at(0x20);
  public static final Op GLOBAL_GET = at(0x23);

  // Memory.
  public static final Op I32_LOAD = at(0x28);
  public static final Op I64_LOAD = at(0x29);
  public static final Op F32_LOAD = at(0x2a);
  public static final Op F64_LOAD = at(0x2b);
  public static final Op I32_LOAD8_S = at(0x2c);
  public static final Op I32_LOAD8_U = at(0x2d);
  public static final Op I32_LOAD16_S = at(0x2e);
  public static final Op I32_LOAD16_U = at(0x2f);
  public static final Op I32_STORE = at(0x36);
  public static final Op I64_STORE = at(0x37);
  public static final Op F32_STORE = at(0x38);
  public static final Op F64_STORE = at(0x39);
  public static final Op I32_STORE8 = at(0x3a);
  public static final Op I32_STORE16 = at(0x3b);

  // Numeric.
  public static final Op I32_CONST = at(0x41);
  public static final Op I64_CONST = at(0x42);
  public static final Op F32_CONST = at(0x43);
  public static final Op F64_CONST = at(0x44);
  public static final Op I32_EQZ = at(0x45);
  public static final Op I32_EQ = at(0x46);
  public static final Op I32_NE = at(0x47);
  public static final Op I32_LT_S = at(0x48);
  public static final Op I32_LT_U = at(0x49);
  public static final Op I32_GT_S = at(0x4a);
  public static final Op I32_LE_S = at(0x4c);
  public static final Op I32_LE_U = at(0x4d);
  public static final Op I32_GE_U = at(0x4f);
  public static final Op I64_EQZ = at(0x50);
  public static final Op I64_EQ = at(0x51);
  public static final Op I64_NE = at(0x52);
  public static final Op I64_LT_S = at(0x53);
  public static final Op I64_LT_U = at(0x54);
  public static final Op I64_LE_S = at(0x57);
  public static final Op I64_LE_U = at(0x58);
  public static final Op F32_EQ = at(0x5b);
  public static final Op F32_NE = at(0x5c);
  public static final Op F32_LT = at(0x5d);
  public static final Op F32_GT = at(0x5e);
  public static final Op F32_LE = at(0x5f);
  public static final Op F64_EQ = at(0x61);
  public static final Op F64_NE = at(0x62);
  public static final Op F64_LT = at(0x63);
  public static final Op F64_GT = at(0x64);
  public static final Op F64_LE = at(0x65);
  public static final Op F64_GE = at(0x66);
  public static final Op I32_ADD = at(0x6a);
  public static final Op I32_SUB = at(0x6b);
  public static final Op I32_MUL = at(0x6c);
  public static final Op I32_DIV_S = at(0x6d);
  public static final Op I32_DIV_U = at(0x6e);
  public static final Op I32_REM_S = at(0x6f);
  public static final Op I32_REM_U = at(0x70);
  public static final Op I32_AND = at(0x71);
  public static final Op I32_OR = at(0x72);
  public static final Op I32_XOR = at(0x73);
  public static final Op I32_SHL = at(0x74);
  public static final Op I32_SHR_S = at(0x75);
  public static final Op I32_SHR_U = at(0x76);
  public static final Op I64_ADD = at(0x7c);
  public static final Op I64_SUB = at(0x7d);
  public static final Op I64_MUL = at(0x7e);
  public static final Op I64_DIV_S = at(0x7f);
  public static final Op I64_DIV_U = at(0x80);
  public static final Op I64_REM_S = at(0x81);
  public static final Op I64_REM_U = at(0x82);
  public static final Op I64_AND = at(0x83);
  public static final Op I64_OR = at(0x84);
  public static final Op I64_XOR = at(0x85);
  public static final Op I64_SHL = at(0x86);
  public static final Op I64_SHR_S = at(0x87);
  public static final Op I64_SHR_U = at(0x88);
  public static final Op F32_ABS = at(0x8b);
  public static final Op F32_NEG = at(0x8c);
  public static final Op F32_CEIL = at(0x8d);
  public static final Op F32_FLOOR = at(0x8e);
  public static final Op F32_TRUNC = at(0x8f);
  public static final Op F32_NEAREST = at(0x90);
  public static final Op F32_SQRT = at(0x91);
  public static final Op F32_ADD = at(0x92);
  public static final Op F32_SUB = at(0x93);
  public static final Op F32_MUL = at(0x94);
  public static final Op F32_DIV = at(0x95);
  public static final Op F32_MIN = at(0x96);
  public static final Op F32_MAX = at(0x97);
  public static final Op F64_ABS = at(0x99);
  public static final Op F64_NEG = at(0x9a);
  public static final Op F64_CEIL = at(0x9b);
  public static final Op F64_FLOOR = at(0x9c);
  public static final Op F64_TRUNC = at(0x9d);
  public static final Op F64_NEAREST = at(0x9e);
  public static final Op F64_SQRT = at(0x9f);
  public static final Op F64_ADD = at(0xa0);
  public static final Op F64_SUB = at(0xa1);
  public static final Op F64_MUL = at(0xa2);
  public static final Op F64_DIV = at(0xa3);
  public static final Op F64_MIN = at(0xa4);
  public static final Op F64_MAX = at(0xa5);
  public static final Op I32_WRAP_I64 = at(0xa7);
  public static final Op I64_EXTEND_I32_S = at(0xac);
  public static final Op I64_EXTEND_I32_U = at(0xad);
  public static final Op F32_CONVERT_I32_S = at(0xb2);
  public static final Op F32_CONVERT_I32_U = at(0xb3);
  public static final Op F32_CONVERT_I64_S = at(0xb4);
  public static final Op F32_CONVERT_I64_U = at(0xb5);
  public static final Op F32_DEMOTE_F64 = at(0xb6);
  public static final Op F64_CONVERT_I32_S = at(0xb7);
  public static final Op F64_CONVERT_I32_U = at(0xb8);
  public static final Op F64_CONVERT_I64_S = at(0xb9);
  public static final Op F64_CONVERT_I64_U = at(0xba);
  public static final Op F64_PROMOTE_F32 = at(0xbb);
  public static final Op I32_REINTERPRET_F32 = at(0xbc);
  public static final Op I64_REINTERPRET_F64 = at(0xbd);
  public static final Op F32_REINTERPRET_I32 = at(0xbe);
  public static final Op F64_REINTERPRET_I64 = at(0xbf);

  // Sign extension.
  public static final Op I32_EXTEND8_S = at(0xc0);
  public static final Op I32_EXTEND16_S = at(0xc1);
  public static final Op I64_EXTEND32_S = at(0xc4);

  // References.
  public static final Op REF_NULL = at(0xd0);
  public static final Op REF_IS_NULL = at(0xd1);
  public static final Op REF_FUNC = at(0xd2);

  // Saturating float to integer.
  public static final Op I32_TRUNC_SAT_F32_S = at(0xfc_000);
  public static final Op I32_TRUNC_SAT_F64_S = at(0xfc_002);
  public static final Op I64_TRUNC_SAT_F32_S = at(0xfc_004);
  public static final Op I64_TRUNC_SAT_F32_U = at(0xfc_005);
  public static final Op I64_TRUNC_SAT_F64_S = at(0xfc_006);
  public static final Op I64_TRUNC_SAT_F64_U = at(0xfc_007);

  // Bulk memory and tables.
  public static final Op MEMORY_COPY = at(0xfc_00a);
  public static final Op MEMORY_FILL = at(0xfc_00b);
  public static final Op TABLE_GROW = at(0xfc_00f);

  // SIMD.
  public static final Op V128_LOAD = at(0xfd_000);
  public static final Op V128_LOAD16X4_S = at(0xfd_003);
  public static final Op V128_LOAD16X4_U = at(0xfd_004);
  public static final Op V128_LOAD32_SPLAT = at(0xfd_009);
  public static final Op V128_STORE = at(0xfd_00b);
  public static final Op V128_CONST = at(0xfd_00c);
  public static final Op I8X16_SHUFFLE = at(0xfd_00d);
  public static final Op I32X4_SPLAT = at(0xfd_011);
  public static final Op F32X4_SPLAT = at(0xfd_013);
  public static final Op I32X4_EXTRACT_LANE = at(0xfd_01b);
  public static final Op I32X4_REPLACE_LANE = at(0xfd_01c);
  public static final Op F32X4_EXTRACT_LANE = at(0xfd_01f);
  public static final Op F32X4_REPLACE_LANE = at(0xfd_020);
  public static final Op I32X4_EQ = at(0xfd_037);
  public static final Op I32X4_NE = at(0xfd_038);
  public static final Op I32X4_LT_S = at(0xfd_039);
  public static final Op I32X4_LT_U = at(0xfd_03a);
  public static final Op I32X4_LE_S = at(0xfd_03d);
  public static final Op I32X4_LE_U = at(0xfd_03e);
  public static final Op F32X4_EQ = at(0xfd_041);
  public static final Op F32X4_NE = at(0xfd_042);
  public static final Op F32X4_LT = at(0xfd_043);
  public static final Op F32X4_GT = at(0xfd_044);
  public static final Op F32X4_LE = at(0xfd_045);
  public static final Op V128_NOT = at(0xfd_04d);
  public static final Op V128_AND = at(0xfd_04e);
  public static final Op V128_OR = at(0xfd_050);
  public static final Op V128_XOR = at(0xfd_051);
  public static final Op V128_BITSELECT = at(0xfd_052);
  public static final Op V128_STORE8_LANE = at(0xfd_058);
  public static final Op V128_STORE16_LANE = at(0xfd_059);
  public static final Op V128_STORE32_LANE = at(0xfd_05a);
  public static final Op V128_STORE64_LANE = at(0xfd_05b);
  public static final Op V128_LOAD32_ZERO = at(0xfd_05c);
  public static final Op I8X16_POPCNT = at(0xfd_062);
  public static final Op F32X4_CEIL = at(0xfd_067);
  public static final Op F32X4_FLOOR = at(0xfd_068);
  public static final Op F32X4_TRUNC = at(0xfd_069);
  public static final Op F32X4_NEAREST = at(0xfd_06a);
  public static final Op I16X8_EXTEND_LOW_I8X16_S = at(0xfd_087);
  public static final Op I16X8_EXTEND_LOW_I8X16_U = at(0xfd_089);
  public static final Op I16X8_EXTEND_HIGH_I8X16_U = at(0xfd_08a);
  public static final Op I16X8_SHL = at(0xfd_08b);
  public static final Op I16X8_SHR_S = at(0xfd_08c);
  public static final Op I32X4_ABS = at(0xfd_0a0);
  public static final Op I32X4_NEG = at(0xfd_0a1);
  public static final Op I32X4_EXTEND_LOW_I16X8_S = at(0xfd_0a7);
  public static final Op I32X4_EXTEND_LOW_I16X8_U = at(0xfd_0a9);
  public static final Op I32X4_SHL = at(0xfd_0ab);
  public static final Op I32X4_SHR_S = at(0xfd_0ac);
  public static final Op I32X4_SHR_U = at(0xfd_0ad);
  public static final Op I32X4_ADD = at(0xfd_0ae);
  public static final Op I32X4_SUB = at(0xfd_0b1);
  public static final Op I32X4_MUL = at(0xfd_0b5);
  public static final Op I32X4_MIN_S = at(0xfd_0b6);
  public static final Op I32X4_MIN_U = at(0xfd_0b7);
  public static final Op I32X4_MAX_S = at(0xfd_0b8);
  public static final Op I32X4_MAX_U = at(0xfd_0b9);
  public static final Op I32X4_DOT_I16X8_S = at(0xfd_0ba);
  public static final Op F32X4_ABS = at(0xfd_0e0);
  public static final Op F32X4_NEG = at(0xfd_0e1);
  public static final Op F32X4_SQRT = at(0xfd_0e3);
  public static final Op F32X4_ADD = at(0xfd_0e4);
  public static final Op F32X4_SUB = at(0xfd_0e5);
  public static final Op F32X4_MUL = at(0xfd_0e6);
  public static final Op F32X4_DIV = at(0xfd_0e7);
  public static final Op F32X4_PMIN = at(0xfd_0ea);
  public static final Op F32X4_PMAX = at(0xfd_0eb);
  public static final Op I32X4_TRUNC_SAT_F32X4_S = at(0xfd_0f8);
  public static final Op I32X4_TRUNC_SAT_F32X4_U = at(0xfd_0f9);
  public static final Op F32X4_CONVERT_I32X4_S = at(0xfd_0fa);
  public static final Op F32X4_CONVERT_I32X4_U = at(0xfd_0fb);

  // Relaxed SIMD.
  public static final Op F32X4_RELAXED_MADD = at(0xfd_105);
  public static final Op I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S = at(0xfd_113);

  // Threads.
  public static final Op MEMORY_ATOMIC_NOTIFY = at(0xfe_000);
  public static final Op MEMORY_ATOMIC_WAIT32 = at(0xfe_001);
  public static final Op ATOMIC_FENCE = at(0xfe_003);
  public static final Op I32_ATOMIC_LOAD = at(0xfe_010);
  public static final Op I64_ATOMIC_LOAD = at(0xfe_011);
  public static final Op I32_ATOMIC_STORE = at(0xfe_017);
  public static final Op I32_ATOMIC_RMW_ADD = at(0xfe_01e);
  public static final Op I32_ATOMIC_RMW8_CMPXCHG_U = at(0xfe_04a);

  /** Opcode; with a prefix byte {@code p} it is {@code p << 12 | code}. */
  final int code;

  final Immediate immediate;
  final int alignLog2;

  /** Feature's mask, 0 for the MVP. */
  final int featureMask;

  private final String text;
  private final String signature;

  /** Reads a row of the table. */
  private Op(int code, String row) {
    this.code = code;
    int types = row.indexOf(' ');
    int last = types < 0 ? -1 : row.indexOf(' ', types + 1);
    text = types < 0 ? row : row.substring(0, types);
    String between = types < 0 ? "-" : row.substring(types + 1, last < 0 ? row.length() : last);
    signature = between.equals("-") ? "" : between;
    String kind = last < 0 ? "NONE" : row.substring(last + 1);
    boolean memory = kind.charAt(0) <= '9';
    alignLog2 = memory ? kind.charAt(0) - '0' : 0;
    boolean lane = code >= 0xfd_054 && code <= 0xfd_05b;
    immediate =
        !memory ? Immediate.valueOf(kind) : lane ? Immediate.MEMARG_LANE : Immediate.MEMARG;
    Feature feature = featureOf(code);
    featureMask = feature == null ? 0 : feature.mask();
  }

  private static Feature featureOf(int code) {
    if (code < 0xc0) {
      return code == 0x1c || code == 0x25 || code == 0x26 ? Feature.REFERENCE_TYPES : null;
    }
    if (code < 0xfc_000) {
      return code < 0xd0 ? Feature.SIGN_EXTENSION : Feature.REFERENCE_TYPES;
    }
    if (code < 0xfd_000) {
      return code < 0xfc_008
          ? Feature.SATURATING_FLOAT_TO_INT
          : code < 0xfc_00f ? Feature.BULK_MEMORY : Feature.REFERENCE_TYPES;
    }
    if (code < 0xfe_000) {
      return code < 0xfd_100 ? Feature.SIMD : Feature.RELAXED_SIMD;
    }
    return Feature.THREADS;
  }

  /** Kind of immediate that follows the opcode. */
  public Immediate immediate() {
    return immediate;
  }

  /** Operand and result types as letters, {@code "vv:v"}; empty when the context decides. */
  public String signature() {
    return signature;
  }

  /** Bytes that the memory access spans, which is its natural alignment; 1 for other ops. */
  public int naturalAlignBytes() {
    return 1 << alignLog2;
  }

  /** Lanes that a lane immediate may name: 4 for {@code f32x4.extract_lane}; else 0. */
  int lanes() {
    if (immediate == Immediate.MEMARG_LANE) {
      return 16 >> alignLog2;
    }
    return immediate == Immediate.LANE
        ? Integer.parseInt(text.substring(text.indexOf('x') + 1, text.indexOf('.')))
        : 0;
  }

  /** True for atomic accesses, which must be aligned naturally. */
  public boolean isAtomic() {
    return code >= 0xfe_000;
  }

  /** The feature an engine needs, or null when every engine has this instruction. */
  public Feature feature() {
    return featureOf(code);
  }

  /** Name in the text format: {@code f32x4.relaxed_madd}, {@code i32.atomic.rmw8.add_u}. */
  public String text() {
    return text;
  }

  @Override
  public String toString() {
    return text;
  }

  /** The instruction of an opcode, or null. {@code code} is any int. */
  static Op of(int prefix, int code) {
    return code < 0 || code > 0x1ff ? null : ALL[start(prefix) | code];
  }

  private static Op at(int code) {
    return of(code >> 12, code & 0xfff);
  }

  /** Where a prefix's 512 instructions begin. */
  private static int start(int prefix) {
    return prefix == 0 ? 0 : (prefix - 0xfb) << 9;
  }
}
