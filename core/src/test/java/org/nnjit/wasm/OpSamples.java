package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.List;

/** A small valid module around any instruction. */
final class OpSamples {
  /** Every instruction. */
  static final List<Op> ALL = all();

  private OpSamples() {}

  /** A module that has one of everything an instruction may refer to. */
  static WasmModule surroundings() {
    WasmModule module = new WasmModule();
    module.memory(1, 2, false);
    module.table(4, 8);
    module.global(ValType.I32, true, 7);
    module.data(16, new byte[] {1, 2, 3});
    return module;
  }

  private static List<Op> all() {
    List<Op> all = new ArrayList<>();
    for (int prefix : new int[] {0, 0xfc, 0xfd, 0xfe}) {
      for (int code = 0; code < 0x200; code++) {
        Op op = Op.of(prefix, code);
        if (op != null) {
          all.add(op);
        }
      }
    }
    return all;
  }

  static byte[] module(Op op) {
    return builder(op).toBytes();
  }

  /** A module whose function "f" takes the operands, executes the instruction, gives results. */
  static WasmModule builder(Op op) {
    WasmModule module = surroundings();
    String signature = op.signature().isEmpty() ? context(op) : op.signature();
    FunctionBuilder f = module.function("f", signature);
    module.export("f", f);
    module.elements(0, 0, f.index());
    for (int i = 0; i < signature.indexOf(':'); i++) {
      f.get(i);
    }
    emit(f, op, module.type(":"));
    return module;
  }

  private static String context(Op op) {
    return switch (op.text()) {
      case "if", "br_if", "br_table" -> "i:";
      case "drop", "local.set", "global.set" -> "i:";
      case "select" -> op == Op.SELECT ? "vvi:v" : "rri:r";
      case "local.tee" -> "i:i";
      case "local.get", "global.get" -> ":i";
      case "call_indirect" -> "i:";
      default -> ":";
    };
  }

  /** Emits an instruction whose operands stand on the stack. */
  static void emit(FunctionBuilder f, Op op, int voidType) {
    switch (op.immediate()) {
      case NONE -> f.op(op);
      case BLOCK -> {
        switch (op.text()) {
          case "block" -> f.block();
          case "loop" -> f.loop();
          default -> f.ifThen();
        }
        f.end();
      }
      case BLOCK_PART -> {
        f.i32(1);
        f.ifThen();
        f.elseThen();
        f.end();
      }
      case LABEL -> {
        if (op == Op.BR) {
          f.br(0);
        } else {
          f.brIf(0);
        }
      }
      case LABEL_TABLE -> f.brTable(new int[] {0, 0}, 0);
      case FUNCTION -> {
        if (op == Op.CALL) {
          f.call(f.index());
        } else {
          f.refFunc(f.index());
        }
      }
      case TYPE_TABLE -> f.callIndirect(voidType, 0);
      case TYPES -> f.selectTyped(ValType.FUNCREF);
      case TYPE_REF -> f.refNull();
      case LOCAL -> {
        int local = f.local(ValType.I32);
        switch (op.text()) {
          case "local.get" -> f.get(local);
          case "local.set" -> f.set(local);
          default -> f.tee(local);
        }
      }
      case GLOBAL -> {
        if (op == Op.GLOBAL_GET) {
          f.globalGet(0);
        } else {
          f.globalSet(0);
        }
      }
      case TABLE, ELEMENTS, DATA, MEMORY -> f.indexed(op, 0);
      case TABLE_TABLE, ELEMENTS_TABLE, DATA_MEMORY, MEMORY_MEMORY -> f.indexed(op, 0, 0);
      case MEMARG -> f.memory(op, 65536);
      case MEMARG_LANE -> f.memoryLane(op, 1, 8, op.lanes() - 1);
      case LANE -> f.lane(op, op.lanes() - 1);
      case SHUFFLE -> f.shuffle(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 31);
      case FENCE -> f.fence();
      case I32 -> f.i32(Integer.MIN_VALUE);
      case I64 -> f.i64(Long.MIN_VALUE);
      case F32 -> f.f32(-1.5e-40f);
      case F64 -> f.f64(-1.5e-310);
      case V128 -> f.v128(1, -2, 3, Integer.MIN_VALUE);
    }
  }
}
