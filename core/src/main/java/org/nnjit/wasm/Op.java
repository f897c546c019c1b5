package org.nnjit.wasm;

/**
 * Every instruction of WebAssembly 2.0 (without externref), of relaxed SIMD and of threads.
 *
 * <p>A line reads: opcode, operand and result types as {@link ValType} letters ({@code "iv:v"}),
 * then either the kind of immediate or, for instructions that touch memory, the natural alignment
 * as a power of two. Opcodes with a prefix are written {@code prefix_code}. Where the types depend
 * on the context the signature is empty and {@link WasmVerifier} knows the rule. The text name
 * follows from the constant's name.
 *
 * <p>Sources: WebAssembly core specification 2.0, section 5.4 (binary) and 3.3 (types); the
 * relaxed-simd and threads proposals.
 */
public enum Op {
  // Control and variables (core 5.4.1, 5.4.4).
  UNREACHABLE(0x00, ""),
  NOP(0x01, ""),
  BLOCK(0x02, "", Immediate.BLOCK),
  LOOP(0x03, "", Immediate.BLOCK),
  IF(0x04, "", Immediate.BLOCK),
  ELSE(0x05, "", Immediate.BLOCK_PART),
  END(0x0b, "", Immediate.BLOCK_PART),
  BR(0x0c, "", Immediate.LABEL),
  BR_IF(0x0d, "", Immediate.LABEL),
  BR_TABLE(0x0e, "", Immediate.LABEL_TABLE),
  RETURN(0x0f, ""),
  CALL(0x10, "", Immediate.FUNCTION),
  CALL_INDIRECT(0x11, "", Immediate.TYPE_TABLE),
  DROP(0x1a, ""),
  SELECT(0x1b, ""),
  SELECT_T(0x1c, "", Immediate.TYPES),
  LOCAL_GET(0x20, "", Immediate.LOCAL),
  LOCAL_SET(0x21, "", Immediate.LOCAL),
  LOCAL_TEE(0x22, "", Immediate.LOCAL),
  GLOBAL_GET(0x23, "", Immediate.GLOBAL),
  GLOBAL_SET(0x24, "", Immediate.GLOBAL),
  TABLE_GET(0x25, "i:r", Immediate.TABLE),
  TABLE_SET(0x26, "ir:", Immediate.TABLE),

  // Memory.
  I32_LOAD(0x28, "i:i", 2),
  I64_LOAD(0x29, "i:l", 3),
  F32_LOAD(0x2a, "i:f", 2),
  F64_LOAD(0x2b, "i:d", 3),
  I32_LOAD8_S(0x2c, "i:i", 0),
  I32_LOAD8_U(0x2d, "i:i", 0),
  I32_LOAD16_S(0x2e, "i:i", 1),
  I32_LOAD16_U(0x2f, "i:i", 1),
  I64_LOAD8_S(0x30, "i:l", 0),
  I64_LOAD8_U(0x31, "i:l", 0),
  I64_LOAD16_S(0x32, "i:l", 1),
  I64_LOAD16_U(0x33, "i:l", 1),
  I64_LOAD32_S(0x34, "i:l", 2),
  I64_LOAD32_U(0x35, "i:l", 2),
  I32_STORE(0x36, "ii:", 2),
  I64_STORE(0x37, "il:", 3),
  F32_STORE(0x38, "if:", 2),
  F64_STORE(0x39, "id:", 3),
  I32_STORE8(0x3a, "ii:", 0),
  I32_STORE16(0x3b, "ii:", 1),
  I64_STORE8(0x3c, "il:", 0),
  I64_STORE16(0x3d, "il:", 1),
  I64_STORE32(0x3e, "il:", 2),
  MEMORY_SIZE(0x3f, ":i", Immediate.MEMORY),
  MEMORY_GROW(0x40, "i:i", Immediate.MEMORY),

  // Numeric.
  I32_CONST(0x41, ":i", Immediate.I32),
  I64_CONST(0x42, ":l", Immediate.I64),
  F32_CONST(0x43, ":f", Immediate.F32),
  F64_CONST(0x44, ":d", Immediate.F64),
  I32_EQZ(0x45, "i:i"),
  I32_EQ(0x46, "ii:i"),
  I32_NE(0x47, "ii:i"),
  I32_LT_S(0x48, "ii:i"),
  I32_LT_U(0x49, "ii:i"),
  I32_GT_S(0x4a, "ii:i"),
  I32_GT_U(0x4b, "ii:i"),
  I32_LE_S(0x4c, "ii:i"),
  I32_LE_U(0x4d, "ii:i"),
  I32_GE_S(0x4e, "ii:i"),
  I32_GE_U(0x4f, "ii:i"),
  I64_EQZ(0x50, "l:i"),
  I64_EQ(0x51, "ll:i"),
  I64_NE(0x52, "ll:i"),
  I64_LT_S(0x53, "ll:i"),
  I64_LT_U(0x54, "ll:i"),
  I64_GT_S(0x55, "ll:i"),
  I64_GT_U(0x56, "ll:i"),
  I64_LE_S(0x57, "ll:i"),
  I64_LE_U(0x58, "ll:i"),
  I64_GE_S(0x59, "ll:i"),
  I64_GE_U(0x5a, "ll:i"),
  F32_EQ(0x5b, "ff:i"),
  F32_NE(0x5c, "ff:i"),
  F32_LT(0x5d, "ff:i"),
  F32_GT(0x5e, "ff:i"),
  F32_LE(0x5f, "ff:i"),
  F32_GE(0x60, "ff:i"),
  F64_EQ(0x61, "dd:i"),
  F64_NE(0x62, "dd:i"),
  F64_LT(0x63, "dd:i"),
  F64_GT(0x64, "dd:i"),
  F64_LE(0x65, "dd:i"),
  F64_GE(0x66, "dd:i"),
  I32_CLZ(0x67, "i:i"),
  I32_CTZ(0x68, "i:i"),
  I32_POPCNT(0x69, "i:i"),
  I32_ADD(0x6a, "ii:i"),
  I32_SUB(0x6b, "ii:i"),
  I32_MUL(0x6c, "ii:i"),
  I32_DIV_S(0x6d, "ii:i"),
  I32_DIV_U(0x6e, "ii:i"),
  I32_REM_S(0x6f, "ii:i"),
  I32_REM_U(0x70, "ii:i"),
  I32_AND(0x71, "ii:i"),
  I32_OR(0x72, "ii:i"),
  I32_XOR(0x73, "ii:i"),
  I32_SHL(0x74, "ii:i"),
  I32_SHR_S(0x75, "ii:i"),
  I32_SHR_U(0x76, "ii:i"),
  I32_ROTL(0x77, "ii:i"),
  I32_ROTR(0x78, "ii:i"),
  I64_CLZ(0x79, "l:l"),
  I64_CTZ(0x7a, "l:l"),
  I64_POPCNT(0x7b, "l:l"),
  I64_ADD(0x7c, "ll:l"),
  I64_SUB(0x7d, "ll:l"),
  I64_MUL(0x7e, "ll:l"),
  I64_DIV_S(0x7f, "ll:l"),
  I64_DIV_U(0x80, "ll:l"),
  I64_REM_S(0x81, "ll:l"),
  I64_REM_U(0x82, "ll:l"),
  I64_AND(0x83, "ll:l"),
  I64_OR(0x84, "ll:l"),
  I64_XOR(0x85, "ll:l"),
  I64_SHL(0x86, "ll:l"),
  I64_SHR_S(0x87, "ll:l"),
  I64_SHR_U(0x88, "ll:l"),
  I64_ROTL(0x89, "ll:l"),
  I64_ROTR(0x8a, "ll:l"),
  F32_ABS(0x8b, "f:f"),
  F32_NEG(0x8c, "f:f"),
  F32_CEIL(0x8d, "f:f"),
  F32_FLOOR(0x8e, "f:f"),
  F32_TRUNC(0x8f, "f:f"),
  F32_NEAREST(0x90, "f:f"),
  F32_SQRT(0x91, "f:f"),
  F32_ADD(0x92, "ff:f"),
  F32_SUB(0x93, "ff:f"),
  F32_MUL(0x94, "ff:f"),
  F32_DIV(0x95, "ff:f"),
  F32_MIN(0x96, "ff:f"),
  F32_MAX(0x97, "ff:f"),
  F32_COPYSIGN(0x98, "ff:f"),
  F64_ABS(0x99, "d:d"),
  F64_NEG(0x9a, "d:d"),
  F64_CEIL(0x9b, "d:d"),
  F64_FLOOR(0x9c, "d:d"),
  F64_TRUNC(0x9d, "d:d"),
  F64_NEAREST(0x9e, "d:d"),
  F64_SQRT(0x9f, "d:d"),
  F64_ADD(0xa0, "dd:d"),
  F64_SUB(0xa1, "dd:d"),
  F64_MUL(0xa2, "dd:d"),
  F64_DIV(0xa3, "dd:d"),
  F64_MIN(0xa4, "dd:d"),
  F64_MAX(0xa5, "dd:d"),
  F64_COPYSIGN(0xa6, "dd:d"),
  I32_WRAP_I64(0xa7, "l:i"),
  I32_TRUNC_F32_S(0xa8, "f:i"),
  I32_TRUNC_F32_U(0xa9, "f:i"),
  I32_TRUNC_F64_S(0xaa, "d:i"),
  I32_TRUNC_F64_U(0xab, "d:i"),
  I64_EXTEND_I32_S(0xac, "i:l"),
  I64_EXTEND_I32_U(0xad, "i:l"),
  I64_TRUNC_F32_S(0xae, "f:l"),
  I64_TRUNC_F32_U(0xaf, "f:l"),
  I64_TRUNC_F64_S(0xb0, "d:l"),
  I64_TRUNC_F64_U(0xb1, "d:l"),
  F32_CONVERT_I32_S(0xb2, "i:f"),
  F32_CONVERT_I32_U(0xb3, "i:f"),
  F32_CONVERT_I64_S(0xb4, "l:f"),
  F32_CONVERT_I64_U(0xb5, "l:f"),
  F32_DEMOTE_F64(0xb6, "d:f"),
  F64_CONVERT_I32_S(0xb7, "i:d"),
  F64_CONVERT_I32_U(0xb8, "i:d"),
  F64_CONVERT_I64_S(0xb9, "l:d"),
  F64_CONVERT_I64_U(0xba, "l:d"),
  F64_PROMOTE_F32(0xbb, "f:d"),
  I32_REINTERPRET_F32(0xbc, "f:i"),
  I64_REINTERPRET_F64(0xbd, "d:l"),
  F32_REINTERPRET_I32(0xbe, "i:f"),
  F64_REINTERPRET_I64(0xbf, "l:d"),

  // Sign extension.
  I32_EXTEND8_S(0xc0, "i:i"),
  I32_EXTEND16_S(0xc1, "i:i"),
  I64_EXTEND8_S(0xc2, "l:l"),
  I64_EXTEND16_S(0xc3, "l:l"),
  I64_EXTEND32_S(0xc4, "l:l"),

  // References.
  REF_NULL(0xd0, ":r", Immediate.TYPE_REF),
  REF_IS_NULL(0xd1, "r:i"),
  REF_FUNC(0xd2, ":r", Immediate.FUNCTION),

  // Saturating float to integer.
  I32_TRUNC_SAT_F32_S(0xfc_000, "f:i"),
  I32_TRUNC_SAT_F32_U(0xfc_001, "f:i"),
  I32_TRUNC_SAT_F64_S(0xfc_002, "d:i"),
  I32_TRUNC_SAT_F64_U(0xfc_003, "d:i"),
  I64_TRUNC_SAT_F32_S(0xfc_004, "f:l"),
  I64_TRUNC_SAT_F32_U(0xfc_005, "f:l"),
  I64_TRUNC_SAT_F64_S(0xfc_006, "d:l"),
  I64_TRUNC_SAT_F64_U(0xfc_007, "d:l"),

  // Bulk memory and tables.
  MEMORY_INIT(0xfc_008, "iii:", Immediate.DATA_MEMORY),
  DATA_DROP(0xfc_009, "", Immediate.DATA),
  MEMORY_COPY(0xfc_00a, "iii:", Immediate.MEMORY_MEMORY),
  MEMORY_FILL(0xfc_00b, "iii:", Immediate.MEMORY),
  TABLE_INIT(0xfc_00c, "iii:", Immediate.ELEMENTS_TABLE),
  ELEM_DROP(0xfc_00d, "", Immediate.ELEMENTS),
  TABLE_COPY(0xfc_00e, "iii:", Immediate.TABLE_TABLE),
  TABLE_GROW(0xfc_00f, "ri:i", Immediate.TABLE),
  TABLE_SIZE(0xfc_010, ":i", Immediate.TABLE),
  TABLE_FILL(0xfc_011, "iri:", Immediate.TABLE),

  // SIMD.
  V128_LOAD(0xfd_000, "i:v", 4),
  V128_LOAD8X8_S(0xfd_001, "i:v", 3),
  V128_LOAD8X8_U(0xfd_002, "i:v", 3),
  V128_LOAD16X4_S(0xfd_003, "i:v", 3),
  V128_LOAD16X4_U(0xfd_004, "i:v", 3),
  V128_LOAD32X2_S(0xfd_005, "i:v", 3),
  V128_LOAD32X2_U(0xfd_006, "i:v", 3),
  V128_LOAD8_SPLAT(0xfd_007, "i:v", 0),
  V128_LOAD16_SPLAT(0xfd_008, "i:v", 1),
  V128_LOAD32_SPLAT(0xfd_009, "i:v", 2),
  V128_LOAD64_SPLAT(0xfd_00a, "i:v", 3),
  V128_STORE(0xfd_00b, "iv:", 4),
  V128_CONST(0xfd_00c, ":v", Immediate.V128),
  I8X16_SHUFFLE(0xfd_00d, "vv:v", Immediate.SHUFFLE),
  I8X16_SWIZZLE(0xfd_00e, "vv:v"),
  I8X16_SPLAT(0xfd_00f, "i:v"),
  I16X8_SPLAT(0xfd_010, "i:v"),
  I32X4_SPLAT(0xfd_011, "i:v"),
  I64X2_SPLAT(0xfd_012, "l:v"),
  F32X4_SPLAT(0xfd_013, "f:v"),
  F64X2_SPLAT(0xfd_014, "d:v"),
  I8X16_EXTRACT_LANE_S(0xfd_015, "v:i", Immediate.LANE),
  I8X16_EXTRACT_LANE_U(0xfd_016, "v:i", Immediate.LANE),
  I8X16_REPLACE_LANE(0xfd_017, "vi:v", Immediate.LANE),
  I16X8_EXTRACT_LANE_S(0xfd_018, "v:i", Immediate.LANE),
  I16X8_EXTRACT_LANE_U(0xfd_019, "v:i", Immediate.LANE),
  I16X8_REPLACE_LANE(0xfd_01a, "vi:v", Immediate.LANE),
  I32X4_EXTRACT_LANE(0xfd_01b, "v:i", Immediate.LANE),
  I32X4_REPLACE_LANE(0xfd_01c, "vi:v", Immediate.LANE),
  I64X2_EXTRACT_LANE(0xfd_01d, "v:l", Immediate.LANE),
  I64X2_REPLACE_LANE(0xfd_01e, "vl:v", Immediate.LANE),
  F32X4_EXTRACT_LANE(0xfd_01f, "v:f", Immediate.LANE),
  F32X4_REPLACE_LANE(0xfd_020, "vf:v", Immediate.LANE),
  F64X2_EXTRACT_LANE(0xfd_021, "v:d", Immediate.LANE),
  F64X2_REPLACE_LANE(0xfd_022, "vd:v", Immediate.LANE),
  I8X16_EQ(0xfd_023, "vv:v"),
  I8X16_NE(0xfd_024, "vv:v"),
  I8X16_LT_S(0xfd_025, "vv:v"),
  I8X16_LT_U(0xfd_026, "vv:v"),
  I8X16_GT_S(0xfd_027, "vv:v"),
  I8X16_GT_U(0xfd_028, "vv:v"),
  I8X16_LE_S(0xfd_029, "vv:v"),
  I8X16_LE_U(0xfd_02a, "vv:v"),
  I8X16_GE_S(0xfd_02b, "vv:v"),
  I8X16_GE_U(0xfd_02c, "vv:v"),
  I16X8_EQ(0xfd_02d, "vv:v"),
  I16X8_NE(0xfd_02e, "vv:v"),
  I16X8_LT_S(0xfd_02f, "vv:v"),
  I16X8_LT_U(0xfd_030, "vv:v"),
  I16X8_GT_S(0xfd_031, "vv:v"),
  I16X8_GT_U(0xfd_032, "vv:v"),
  I16X8_LE_S(0xfd_033, "vv:v"),
  I16X8_LE_U(0xfd_034, "vv:v"),
  I16X8_GE_S(0xfd_035, "vv:v"),
  I16X8_GE_U(0xfd_036, "vv:v"),
  I32X4_EQ(0xfd_037, "vv:v"),
  I32X4_NE(0xfd_038, "vv:v"),
  I32X4_LT_S(0xfd_039, "vv:v"),
  I32X4_LT_U(0xfd_03a, "vv:v"),
  I32X4_GT_S(0xfd_03b, "vv:v"),
  I32X4_GT_U(0xfd_03c, "vv:v"),
  I32X4_LE_S(0xfd_03d, "vv:v"),
  I32X4_LE_U(0xfd_03e, "vv:v"),
  I32X4_GE_S(0xfd_03f, "vv:v"),
  I32X4_GE_U(0xfd_040, "vv:v"),
  F32X4_EQ(0xfd_041, "vv:v"),
  F32X4_NE(0xfd_042, "vv:v"),
  F32X4_LT(0xfd_043, "vv:v"),
  F32X4_GT(0xfd_044, "vv:v"),
  F32X4_LE(0xfd_045, "vv:v"),
  F32X4_GE(0xfd_046, "vv:v"),
  F64X2_EQ(0xfd_047, "vv:v"),
  F64X2_NE(0xfd_048, "vv:v"),
  F64X2_LT(0xfd_049, "vv:v"),
  F64X2_GT(0xfd_04a, "vv:v"),
  F64X2_LE(0xfd_04b, "vv:v"),
  F64X2_GE(0xfd_04c, "vv:v"),
  V128_NOT(0xfd_04d, "v:v"),
  V128_AND(0xfd_04e, "vv:v"),
  V128_ANDNOT(0xfd_04f, "vv:v"),
  V128_OR(0xfd_050, "vv:v"),
  V128_XOR(0xfd_051, "vv:v"),
  V128_BITSELECT(0xfd_052, "vvv:v"),
  V128_ANY_TRUE(0xfd_053, "v:i"),
  V128_LOAD8_LANE(0xfd_054, "iv:v", 0),
  V128_LOAD16_LANE(0xfd_055, "iv:v", 1),
  V128_LOAD32_LANE(0xfd_056, "iv:v", 2),
  V128_LOAD64_LANE(0xfd_057, "iv:v", 3),
  V128_STORE8_LANE(0xfd_058, "iv:", 0),
  V128_STORE16_LANE(0xfd_059, "iv:", 1),
  V128_STORE32_LANE(0xfd_05a, "iv:", 2),
  V128_STORE64_LANE(0xfd_05b, "iv:", 3),
  V128_LOAD32_ZERO(0xfd_05c, "i:v", 2),
  V128_LOAD64_ZERO(0xfd_05d, "i:v", 3),
  F32X4_DEMOTE_F64X2_ZERO(0xfd_05e, "v:v"),
  F64X2_PROMOTE_LOW_F32X4(0xfd_05f, "v:v"),
  I8X16_ABS(0xfd_060, "v:v"),
  I8X16_NEG(0xfd_061, "v:v"),
  I8X16_POPCNT(0xfd_062, "v:v"),
  I8X16_ALL_TRUE(0xfd_063, "v:i"),
  I8X16_BITMASK(0xfd_064, "v:i"),
  I8X16_NARROW_I16X8_S(0xfd_065, "vv:v"),
  I8X16_NARROW_I16X8_U(0xfd_066, "vv:v"),
  F32X4_CEIL(0xfd_067, "v:v"),
  F32X4_FLOOR(0xfd_068, "v:v"),
  F32X4_TRUNC(0xfd_069, "v:v"),
  F32X4_NEAREST(0xfd_06a, "v:v"),
  I8X16_SHL(0xfd_06b, "vi:v"),
  I8X16_SHR_S(0xfd_06c, "vi:v"),
  I8X16_SHR_U(0xfd_06d, "vi:v"),
  I8X16_ADD(0xfd_06e, "vv:v"),
  I8X16_ADD_SAT_S(0xfd_06f, "vv:v"),
  I8X16_ADD_SAT_U(0xfd_070, "vv:v"),
  I8X16_SUB(0xfd_071, "vv:v"),
  I8X16_SUB_SAT_S(0xfd_072, "vv:v"),
  I8X16_SUB_SAT_U(0xfd_073, "vv:v"),
  F64X2_CEIL(0xfd_074, "v:v"),
  F64X2_FLOOR(0xfd_075, "v:v"),
  I8X16_MIN_S(0xfd_076, "vv:v"),
  I8X16_MIN_U(0xfd_077, "vv:v"),
  I8X16_MAX_S(0xfd_078, "vv:v"),
  I8X16_MAX_U(0xfd_079, "vv:v"),
  F64X2_TRUNC(0xfd_07a, "v:v"),
  I8X16_AVGR_U(0xfd_07b, "vv:v"),
  I16X8_EXTADD_PAIRWISE_I8X16_S(0xfd_07c, "v:v"),
  I16X8_EXTADD_PAIRWISE_I8X16_U(0xfd_07d, "v:v"),
  I32X4_EXTADD_PAIRWISE_I16X8_S(0xfd_07e, "v:v"),
  I32X4_EXTADD_PAIRWISE_I16X8_U(0xfd_07f, "v:v"),
  I16X8_ABS(0xfd_080, "v:v"),
  I16X8_NEG(0xfd_081, "v:v"),
  I16X8_Q15MULR_SAT_S(0xfd_082, "vv:v"),
  I16X8_ALL_TRUE(0xfd_083, "v:i"),
  I16X8_BITMASK(0xfd_084, "v:i"),
  I16X8_NARROW_I32X4_S(0xfd_085, "vv:v"),
  I16X8_NARROW_I32X4_U(0xfd_086, "vv:v"),
  I16X8_EXTEND_LOW_I8X16_S(0xfd_087, "v:v"),
  I16X8_EXTEND_HIGH_I8X16_S(0xfd_088, "v:v"),
  I16X8_EXTEND_LOW_I8X16_U(0xfd_089, "v:v"),
  I16X8_EXTEND_HIGH_I8X16_U(0xfd_08a, "v:v"),
  I16X8_SHL(0xfd_08b, "vi:v"),
  I16X8_SHR_S(0xfd_08c, "vi:v"),
  I16X8_SHR_U(0xfd_08d, "vi:v"),
  I16X8_ADD(0xfd_08e, "vv:v"),
  I16X8_ADD_SAT_S(0xfd_08f, "vv:v"),
  I16X8_ADD_SAT_U(0xfd_090, "vv:v"),
  I16X8_SUB(0xfd_091, "vv:v"),
  I16X8_SUB_SAT_S(0xfd_092, "vv:v"),
  I16X8_SUB_SAT_U(0xfd_093, "vv:v"),
  F64X2_NEAREST(0xfd_094, "v:v"),
  I16X8_MUL(0xfd_095, "vv:v"),
  I16X8_MIN_S(0xfd_096, "vv:v"),
  I16X8_MIN_U(0xfd_097, "vv:v"),
  I16X8_MAX_S(0xfd_098, "vv:v"),
  I16X8_MAX_U(0xfd_099, "vv:v"),
  I16X8_AVGR_U(0xfd_09b, "vv:v"),
  I16X8_EXTMUL_LOW_I8X16_S(0xfd_09c, "vv:v"),
  I16X8_EXTMUL_HIGH_I8X16_S(0xfd_09d, "vv:v"),
  I16X8_EXTMUL_LOW_I8X16_U(0xfd_09e, "vv:v"),
  I16X8_EXTMUL_HIGH_I8X16_U(0xfd_09f, "vv:v"),
  I32X4_ABS(0xfd_0a0, "v:v"),
  I32X4_NEG(0xfd_0a1, "v:v"),
  I32X4_ALL_TRUE(0xfd_0a3, "v:i"),
  I32X4_BITMASK(0xfd_0a4, "v:i"),
  I32X4_EXTEND_LOW_I16X8_S(0xfd_0a7, "v:v"),
  I32X4_EXTEND_HIGH_I16X8_S(0xfd_0a8, "v:v"),
  I32X4_EXTEND_LOW_I16X8_U(0xfd_0a9, "v:v"),
  I32X4_EXTEND_HIGH_I16X8_U(0xfd_0aa, "v:v"),
  I32X4_SHL(0xfd_0ab, "vi:v"),
  I32X4_SHR_S(0xfd_0ac, "vi:v"),
  I32X4_SHR_U(0xfd_0ad, "vi:v"),
  I32X4_ADD(0xfd_0ae, "vv:v"),
  I32X4_SUB(0xfd_0b1, "vv:v"),
  I32X4_MUL(0xfd_0b5, "vv:v"),
  I32X4_MIN_S(0xfd_0b6, "vv:v"),
  I32X4_MIN_U(0xfd_0b7, "vv:v"),
  I32X4_MAX_S(0xfd_0b8, "vv:v"),
  I32X4_MAX_U(0xfd_0b9, "vv:v"),
  I32X4_DOT_I16X8_S(0xfd_0ba, "vv:v"),
  I32X4_EXTMUL_LOW_I16X8_S(0xfd_0bc, "vv:v"),
  I32X4_EXTMUL_HIGH_I16X8_S(0xfd_0bd, "vv:v"),
  I32X4_EXTMUL_LOW_I16X8_U(0xfd_0be, "vv:v"),
  I32X4_EXTMUL_HIGH_I16X8_U(0xfd_0bf, "vv:v"),
  I64X2_ABS(0xfd_0c0, "v:v"),
  I64X2_NEG(0xfd_0c1, "v:v"),
  I64X2_ALL_TRUE(0xfd_0c3, "v:i"),
  I64X2_BITMASK(0xfd_0c4, "v:i"),
  I64X2_EXTEND_LOW_I32X4_S(0xfd_0c7, "v:v"),
  I64X2_EXTEND_HIGH_I32X4_S(0xfd_0c8, "v:v"),
  I64X2_EXTEND_LOW_I32X4_U(0xfd_0c9, "v:v"),
  I64X2_EXTEND_HIGH_I32X4_U(0xfd_0ca, "v:v"),
  I64X2_SHL(0xfd_0cb, "vi:v"),
  I64X2_SHR_S(0xfd_0cc, "vi:v"),
  I64X2_SHR_U(0xfd_0cd, "vi:v"),
  I64X2_ADD(0xfd_0ce, "vv:v"),
  I64X2_SUB(0xfd_0d1, "vv:v"),
  I64X2_MUL(0xfd_0d5, "vv:v"),
  I64X2_EQ(0xfd_0d6, "vv:v"),
  I64X2_NE(0xfd_0d7, "vv:v"),
  I64X2_LT_S(0xfd_0d8, "vv:v"),
  I64X2_GT_S(0xfd_0d9, "vv:v"),
  I64X2_LE_S(0xfd_0da, "vv:v"),
  I64X2_GE_S(0xfd_0db, "vv:v"),
  I64X2_EXTMUL_LOW_I32X4_S(0xfd_0dc, "vv:v"),
  I64X2_EXTMUL_HIGH_I32X4_S(0xfd_0dd, "vv:v"),
  I64X2_EXTMUL_LOW_I32X4_U(0xfd_0de, "vv:v"),
  I64X2_EXTMUL_HIGH_I32X4_U(0xfd_0df, "vv:v"),
  F32X4_ABS(0xfd_0e0, "v:v"),
  F32X4_NEG(0xfd_0e1, "v:v"),
  F32X4_SQRT(0xfd_0e3, "v:v"),
  F32X4_ADD(0xfd_0e4, "vv:v"),
  F32X4_SUB(0xfd_0e5, "vv:v"),
  F32X4_MUL(0xfd_0e6, "vv:v"),
  F32X4_DIV(0xfd_0e7, "vv:v"),
  F32X4_MIN(0xfd_0e8, "vv:v"),
  F32X4_MAX(0xfd_0e9, "vv:v"),
  F32X4_PMIN(0xfd_0ea, "vv:v"),
  F32X4_PMAX(0xfd_0eb, "vv:v"),
  F64X2_ABS(0xfd_0ec, "v:v"),
  F64X2_NEG(0xfd_0ed, "v:v"),
  F64X2_SQRT(0xfd_0ef, "v:v"),
  F64X2_ADD(0xfd_0f0, "vv:v"),
  F64X2_SUB(0xfd_0f1, "vv:v"),
  F64X2_MUL(0xfd_0f2, "vv:v"),
  F64X2_DIV(0xfd_0f3, "vv:v"),
  F64X2_MIN(0xfd_0f4, "vv:v"),
  F64X2_MAX(0xfd_0f5, "vv:v"),
  F64X2_PMIN(0xfd_0f6, "vv:v"),
  F64X2_PMAX(0xfd_0f7, "vv:v"),
  I32X4_TRUNC_SAT_F32X4_S(0xfd_0f8, "v:v"),
  I32X4_TRUNC_SAT_F32X4_U(0xfd_0f9, "v:v"),
  F32X4_CONVERT_I32X4_S(0xfd_0fa, "v:v"),
  F32X4_CONVERT_I32X4_U(0xfd_0fb, "v:v"),
  I32X4_TRUNC_SAT_F64X2_S_ZERO(0xfd_0fc, "v:v"),
  I32X4_TRUNC_SAT_F64X2_U_ZERO(0xfd_0fd, "v:v"),
  F64X2_CONVERT_LOW_I32X4_S(0xfd_0fe, "v:v"),
  F64X2_CONVERT_LOW_I32X4_U(0xfd_0ff, "v:v"),

  // Relaxed SIMD.
  I8X16_RELAXED_SWIZZLE(0xfd_100, "vv:v"),
  I32X4_RELAXED_TRUNC_F32X4_S(0xfd_101, "v:v"),
  I32X4_RELAXED_TRUNC_F32X4_U(0xfd_102, "v:v"),
  I32X4_RELAXED_TRUNC_F64X2_S_ZERO(0xfd_103, "v:v"),
  I32X4_RELAXED_TRUNC_F64X2_U_ZERO(0xfd_104, "v:v"),
  F32X4_RELAXED_MADD(0xfd_105, "vvv:v"),
  F32X4_RELAXED_NMADD(0xfd_106, "vvv:v"),
  F64X2_RELAXED_MADD(0xfd_107, "vvv:v"),
  F64X2_RELAXED_NMADD(0xfd_108, "vvv:v"),
  I8X16_RELAXED_LANESELECT(0xfd_109, "vvv:v"),
  I16X8_RELAXED_LANESELECT(0xfd_10a, "vvv:v"),
  I32X4_RELAXED_LANESELECT(0xfd_10b, "vvv:v"),
  I64X2_RELAXED_LANESELECT(0xfd_10c, "vvv:v"),
  F32X4_RELAXED_MIN(0xfd_10d, "vv:v"),
  F32X4_RELAXED_MAX(0xfd_10e, "vv:v"),
  F64X2_RELAXED_MIN(0xfd_10f, "vv:v"),
  F64X2_RELAXED_MAX(0xfd_110, "vv:v"),
  I16X8_RELAXED_Q15MULR_S(0xfd_111, "vv:v"),
  I16X8_RELAXED_DOT_I8X16_I7X16_S(0xfd_112, "vv:v"),
  I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S(0xfd_113, "vvv:v"),

  // Threads.
  MEMORY_ATOMIC_NOTIFY(0xfe_000, "ii:i", 2),
  MEMORY_ATOMIC_WAIT32(0xfe_001, "iil:i", 2),
  MEMORY_ATOMIC_WAIT64(0xfe_002, "ill:i", 3),
  ATOMIC_FENCE(0xfe_003, "", Immediate.FENCE),
  I32_ATOMIC_LOAD(0xfe_010, "i:i", 2),
  I64_ATOMIC_LOAD(0xfe_011, "i:l", 3),
  I32_ATOMIC_LOAD8_U(0xfe_012, "i:i", 0),
  I32_ATOMIC_LOAD16_U(0xfe_013, "i:i", 1),
  I64_ATOMIC_LOAD8_U(0xfe_014, "i:l", 0),
  I64_ATOMIC_LOAD16_U(0xfe_015, "i:l", 1),
  I64_ATOMIC_LOAD32_U(0xfe_016, "i:l", 2),
  I32_ATOMIC_STORE(0xfe_017, "ii:", 2),
  I64_ATOMIC_STORE(0xfe_018, "il:", 3),
  I32_ATOMIC_STORE8(0xfe_019, "ii:", 0),
  I32_ATOMIC_STORE16(0xfe_01a, "ii:", 1),
  I64_ATOMIC_STORE8(0xfe_01b, "il:", 0),
  I64_ATOMIC_STORE16(0xfe_01c, "il:", 1),
  I64_ATOMIC_STORE32(0xfe_01d, "il:", 2),
  I32_ATOMIC_RMW_ADD(0xfe_01e, "ii:i", 2),
  I64_ATOMIC_RMW_ADD(0xfe_01f, "il:l", 3),
  I32_ATOMIC_RMW8_ADD_U(0xfe_020, "ii:i", 0),
  I32_ATOMIC_RMW16_ADD_U(0xfe_021, "ii:i", 1),
  I64_ATOMIC_RMW8_ADD_U(0xfe_022, "il:l", 0),
  I64_ATOMIC_RMW16_ADD_U(0xfe_023, "il:l", 1),
  I64_ATOMIC_RMW32_ADD_U(0xfe_024, "il:l", 2),
  I32_ATOMIC_RMW_SUB(0xfe_025, "ii:i", 2),
  I64_ATOMIC_RMW_SUB(0xfe_026, "il:l", 3),
  I32_ATOMIC_RMW8_SUB_U(0xfe_027, "ii:i", 0),
  I32_ATOMIC_RMW16_SUB_U(0xfe_028, "ii:i", 1),
  I64_ATOMIC_RMW8_SUB_U(0xfe_029, "il:l", 0),
  I64_ATOMIC_RMW16_SUB_U(0xfe_02a, "il:l", 1),
  I64_ATOMIC_RMW32_SUB_U(0xfe_02b, "il:l", 2),
  I32_ATOMIC_RMW_AND(0xfe_02c, "ii:i", 2),
  I64_ATOMIC_RMW_AND(0xfe_02d, "il:l", 3),
  I32_ATOMIC_RMW8_AND_U(0xfe_02e, "ii:i", 0),
  I32_ATOMIC_RMW16_AND_U(0xfe_02f, "ii:i", 1),
  I64_ATOMIC_RMW8_AND_U(0xfe_030, "il:l", 0),
  I64_ATOMIC_RMW16_AND_U(0xfe_031, "il:l", 1),
  I64_ATOMIC_RMW32_AND_U(0xfe_032, "il:l", 2),
  I32_ATOMIC_RMW_OR(0xfe_033, "ii:i", 2),
  I64_ATOMIC_RMW_OR(0xfe_034, "il:l", 3),
  I32_ATOMIC_RMW8_OR_U(0xfe_035, "ii:i", 0),
  I32_ATOMIC_RMW16_OR_U(0xfe_036, "ii:i", 1),
  I64_ATOMIC_RMW8_OR_U(0xfe_037, "il:l", 0),
  I64_ATOMIC_RMW16_OR_U(0xfe_038, "il:l", 1),
  I64_ATOMIC_RMW32_OR_U(0xfe_039, "il:l", 2),
  I32_ATOMIC_RMW_XOR(0xfe_03a, "ii:i", 2),
  I64_ATOMIC_RMW_XOR(0xfe_03b, "il:l", 3),
  I32_ATOMIC_RMW8_XOR_U(0xfe_03c, "ii:i", 0),
  I32_ATOMIC_RMW16_XOR_U(0xfe_03d, "ii:i", 1),
  I64_ATOMIC_RMW8_XOR_U(0xfe_03e, "il:l", 0),
  I64_ATOMIC_RMW16_XOR_U(0xfe_03f, "il:l", 1),
  I64_ATOMIC_RMW32_XOR_U(0xfe_040, "il:l", 2),
  I32_ATOMIC_RMW_XCHG(0xfe_041, "ii:i", 2),
  I64_ATOMIC_RMW_XCHG(0xfe_042, "il:l", 3),
  I32_ATOMIC_RMW8_XCHG_U(0xfe_043, "ii:i", 0),
  I32_ATOMIC_RMW16_XCHG_U(0xfe_044, "ii:i", 1),
  I64_ATOMIC_RMW8_XCHG_U(0xfe_045, "il:l", 0),
  I64_ATOMIC_RMW16_XCHG_U(0xfe_046, "il:l", 1),
  I64_ATOMIC_RMW32_XCHG_U(0xfe_047, "il:l", 2),
  I32_ATOMIC_RMW_CMPXCHG(0xfe_048, "iii:i", 2),
  I64_ATOMIC_RMW_CMPXCHG(0xfe_049, "ill:l", 3),
  I32_ATOMIC_RMW8_CMPXCHG_U(0xfe_04a, "iii:i", 0),
  I32_ATOMIC_RMW16_CMPXCHG_U(0xfe_04b, "iii:i", 1),
  I64_ATOMIC_RMW8_CMPXCHG_U(0xfe_04c, "ill:l", 0),
  I64_ATOMIC_RMW16_CMPXCHG_U(0xfe_04d, "ill:l", 1),
  I64_ATOMIC_RMW32_CMPXCHG_U(0xfe_04e, "ill:l", 2);

  /** Opcode; with a prefix byte {@code p} it is {@code p << 12 | code}. */
  final int code;

  final Immediate immediate;
  final int alignLog2;

  /** Feature's mask, 0 for the MVP. */
  final int featureMask;

  private final String signature;

  Op(int code, String signature) {
    this(code, signature, Immediate.NONE, 0);
  }

  Op(int code, String signature, Immediate immediate) {
    this(code, signature, immediate, 0);
  }

  Op(int code, String signature, int alignLog2) {
    this(
        code,
        signature,
        code >= 0xfd_054 && code <= 0xfd_05b ? Immediate.MEMARG_LANE : Immediate.MEMARG,
        alignLog2);
  }

  Op(int code, String signature, Immediate immediate, int alignLog2) {
    this.code = code;
    this.signature = signature;
    this.immediate = immediate;
    this.alignLog2 = alignLog2;
    Feature feature = featureOf(code);
    this.featureMask = feature == null ? 0 : feature.mask();
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
        ? Integer.parseInt(name().substring(name().indexOf('X') + 1, name().indexOf('_')))
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
    if (this == SELECT_T) {
      return "select";
    }
    String name = name();
    StringBuilder text = new StringBuilder(name);
    boolean dot = code >= 0x20;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        text.setCharAt(i, (char) (c + 32));
      } else if (c == '_' && dot) {
        text.setCharAt(i, '.');
        dot = name.startsWith("ATOMIC", i + 1) || name.startsWith("RMW", i + 1);
      }
    }
    return text.toString();
  }

  /** The instruction of an opcode, or null. {@code code} is any int. */
  static Op of(int prefix, int code) {
    return code < 0 || code > 0x1ff ? null : Table.OPS[Table.start(prefix) | code];
  }

  /** Built when the first module is read; emitting needs no look-up. */
  private static final class Table {
    static final Op[] OPS = new Op[4 << 9];

    static {
      for (Op op : values()) {
        int prefix = op.code >> 12;
        OPS[start(prefix) | (op.code & 0x1ff)] = op;
      }
    }

    private Table() {}

    /** Where a prefix's 512 instructions begin. */
    static int start(int prefix) {
      return prefix == 0 ? 0 : (prefix - 0xfb) << 9;
    }
  }
}
