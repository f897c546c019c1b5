package org.nnjit.wasm;

/**
 * What follows an opcode in the binary format (core specification 5.4), and so which method of
 * {@link FunctionBuilder} emits it.
 */
public enum Immediate {
  NONE("op(op)"),
  BLOCK("block(), loop() or ifThen()"),
  BLOCK_PART("elseThen() or end()"),
  LABEL("br(depth) or brIf(depth)"),
  LABEL_TABLE("brTable(depths, other)"),
  FUNCTION("call(function) or refFunc(function)"),
  TYPE_TABLE("callIndirect(type, table)"),
  TYPES("selectTyped(type)"),
  TYPE_REF("refNull()"),
  LOCAL("get, set or tee"),
  GLOBAL("globalGet or globalSet"),
  TABLE("indexed(op, table)"),
  TABLE_TABLE("indexed(op, to, from)"),
  ELEMENTS("indexed(op, segment)"),
  ELEMENTS_TABLE("indexed(op, segment, table)"),
  DATA("indexed(op, segment)"),
  DATA_MEMORY("indexed(op, segment, 0)"),
  MEMORY("indexed(op, 0)"),
  MEMORY_MEMORY("indexed(op, 0, 0)"),
  MEMARG("memory(op, offset)"),
  MEMARG_LANE("memoryLane(op, align, offset, lane)"),
  LANE("lane(op, lane)"),
  SHUFFLE("shuffle(lanes)"),
  FENCE("fence()"),
  I32("i32(value)"),
  I64("i64(value)"),
  F32("f32(value)"),
  F64("f64(value)"),
  V128("v128(bytes)");

  /** How to emit it, for error messages. */
  final String method;

  Immediate(String method) {
    this.method = method;
  }
}
