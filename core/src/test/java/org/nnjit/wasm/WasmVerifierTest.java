package org.nnjit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Broken modules and what the verifier says about them; the engine refuses each of them too. */
class WasmVerifierTest {
  private static final List<byte[]> BROKEN = new ArrayList<>();

  @AfterAll
  static void theEngineRefusesThemToo() {
    if (Node.isAvailable()) {
      for (String answer : Node.validate(BROKEN)) {
        assertFalse(answer.isEmpty(), "the engine accepts a module that the verifier refuses");
      }
    }
  }

  /** Message about a function "gemm" of this type and body, which begins at byte {@code codeAt}. */
  private static String body(String signature, Consumer<FunctionBuilder> body) {
    WasmModule module = OpSamples.surroundings();
    FunctionBuilder f = module.function("gemm", signature);
    body.accept(f);
    return message(module.toBytes());
  }

  private static String message(byte[] bytes) {
    BROKEN.add(bytes);
    return assertThrows(WasmException.class, () -> WasmVerifier.verify(bytes))
        .getMessage()
        .replaceAll(" \\(at byte \\d+\\)$", "");
  }

  @Test
  void wrongOperand() {
    assertEquals(
        "function 0 'gemm', f32x4.add: wanted v128, got i32",
        body(
            "vi:v",
            f -> {
              f.get(0);
              f.get(1);
              f.op(Op.F32X4_ADD);
            }));
  }

  @Test
  void emptyStack() {
    assertEquals(
        "function 0 'gemm', i32.add: wanted i32, got an empty stack",
        body(
            ":i",
            f -> {
              f.i32(1);
              f.block(ValType.I32);
              f.i32(2);
              f.op(Op.I32_ADD);
              f.end();
            }));
    assertEquals(
        "function 0 'gemm', drop: wanted an operand, got an empty stack",
        body(":", f -> f.op(Op.DROP)));
  }

  @Test
  void leftOverOperands() {
    assertEquals(
        "function 0 'gemm', end: 2 more operands than the results (i32), the top one is f32",
        body(
            ":i",
            f -> {
              f.f32(1);
              f.f32(2);
              f.i32(3);
            }));
  }

  @Test
  void missingResult() {
    assertEquals("function 0 'gemm', end: wanted v128, got an empty stack", body(":v", f -> {}));
    assertEquals(
        "function 0 'gemm', end: if without else must give what it takes, its type is :i",
        body(
            "i:",
            f -> {
              f.get(0);
              f.ifThen(ValType.I32);
              f.i32(1);
              f.end();
              f.op(Op.DROP);
            }));
  }

  @Test
  void indices() {
    assertEquals("function 0 'gemm', local.get: local 2 of 2", body("ii:", f -> f.get(2)));
    assertEquals("function 0 'gemm', call: function 9 of 1", body(":", f -> f.call(9)));
    assertEquals("function 0 'gemm', br: label 1 of 1", body(":", f -> f.br(1)));
    assertEquals("function 0 'gemm', global.get: global 1 of 1", body(":", f -> f.globalGet(1)));
    assertEquals(
        "function 0 'gemm', call_indirect: table 1 of 1",
        body(
            ":",
            f -> {
              f.i32(0);
              f.callIndirect(0, 1);
            }));
    assertEquals(
        "function 0 'gemm', f32x4.extract_lane: lane 4 of 4",
        body(
            "v:f",
            f -> {
              f.get(0);
              f.lane(Op.F32X4_EXTRACT_LANE, 4);
            }));
    assertEquals(
        "function 0 'gemm', i8x16.shuffle: lane 32 of 32",
        body("vv:v", f -> f.shuffle(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 32)));
    assertEquals(
        "function 0 'gemm', ref.func: function 0 is neither exported nor in a table",
        body(":r", f -> f.refFunc(0)));
  }

  @Test
  void deadCodeIsTypedToo() {
    assertEquals(
        "function 0 'gemm', i32.add: wanted i32, got f32",
        body(
            ":i",
            f -> {
              f.op(Op.UNREACHABLE);
              f.f32(1);
              f.op(Op.I32_ADD);
            }));
  }

  @Test
  void branchTargetsThatDisagree() {
    assertEquals(
        "function 0 'gemm', br_table: target 0 takes (f32), the default ()",
        body(
            ":",
            f -> {
              f.block(ValType.F32);
              f.f32(1);
              f.i32(0);
              f.brTable(new int[] {0}, 1);
              f.end();
              f.op(Op.DROP);
            }));
  }

  @Test
  void selectOfTwoTypes() {
    assertEquals(
        "function 0 'gemm', select: wanted two operands of one type, got f32 and i32",
        body(
            ":",
            f -> {
              f.f32(1);
              f.i32(1);
              f.i32(1);
              f.op(Op.SELECT);
              f.op(Op.DROP);
            }));
  }

  @Test
  void immutableGlobal() {
    WasmModule module = new WasmModule();
    module.global(ValType.F32, false, 0);
    FunctionBuilder f = module.function("f", "f:");
    f.get(0);
    f.globalSet(0);
    assertEquals(
        "function 0 'f', global.set: global 0 is immutable", message(module.toBytes(true)));
  }

  @Test
  void memoryIsNeeded() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("load", "i:v");
    f.get(0);
    f.memory(Op.V128_LOAD, 0);
    assertEquals(
        "function 0 'load', v128.load: the module has no memory", message(module.toBytes()));
    assertEquals("function 0, v128.load: the module has no memory", message(module.toBytes(false)));
  }

  @Test
  void moduleFields() {
    WasmModule twice = OpSamples.surroundings();
    twice.exportMemory("m");
    twice.exportMemory("m");
    assertEquals("export 'm' stands twice", message(twice.toBytes()));
    WasmModule unknown = OpSamples.surroundings();
    unknown.exportFunction("f", 3);
    assertEquals("export 'f' 3 of 0", message(unknown.toBytes()));
    WasmModule elements = OpSamples.surroundings();
    elements.elements(0, 0, 0, 5);
    assertEquals("element segment 0, function 0 of 0", message(elements.toBytes()));
    WasmModule data = new WasmModule();
    data.data(0, new byte[1]);
    assertEquals("data segment 0, memory 0 of 0", message(data.toBytes()));
    WasmModule pages = new WasmModule();
    pages.memory(65537, -1, false);
    assertEquals("memory: limits 65537 to -1 are wrong, at most 65536", message(pages.toBytes()));
  }

  @Test
  void damagedBytes() {
    byte[] bytes = OpSamples.module(Op.F32X4_ADD);
    assertEquals("not a WebAssembly module: wanted the bytes 0 'asm'", changed(bytes, 1, 'A'));
    assertEquals("wanted version 1", changed(bytes, 4, 2));
    assertEquals("unknown or unsupported section 14", changed(bytes, 8, 14));
    assertEquals("type section wants 100 bytes, 88 left", changed(bytes, 9, 100));
    assertEquals(
        "type 0: wanted a function type (0x60), got unknown or unsupported form 0x61",
        changed(bytes, 11, 0x61));
    assertEquals("function type: unknown or unsupported value type 0x1", changed(bytes, 13, 1));
    byte[] cut = new byte[5];
    System.arraycopy(bytes, 0, cut, 0, 5);
    assertEquals("version wants 4 bytes, 1 left", message(cut));
    assertEquals("magic number wants 4 bytes, 0 left", message(new byte[0]));
  }

  private static String changed(byte[] bytes, int at, int value) {
    byte[] copy = bytes.clone();
    copy[at] = (byte) value;
    return message(copy);
  }

  @Test
  void theByteAtFaultIsNamed() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("f", ":");
    f.op(Op.NOP);
    f.op(Op.DROP);
    byte[] bytes = module.toBytes(false);
    WasmException e = assertThrows(WasmException.class, () -> WasmVerifier.verify(bytes));
    assertEquals(0x1a, bytes[e.offset()]);
    assertEquals(
        "function 0, drop: wanted an operand, got an empty stack (at byte " + e.offset() + ")",
        e.getMessage());
  }
}
