package org.nnjit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpTest {
  @Test
  void namesFollowTheTextFormat() {
    assertEquals("f32x4.relaxed_madd", Op.F32X4_RELAXED_MADD.text());
    assertEquals("br_if", Op.BR_IF.text());
    assertEquals("select", Op.SELECT_T.text());
    assertEquals("local.get", Op.LOCAL_GET.text());
    assertEquals("i32.atomic.rmw8.cmpxchg_u", Op.I32_ATOMIC_RMW8_CMPXCHG_U.text());
    assertEquals("i64.atomic.load", Op.I64_ATOMIC_LOAD.text());
    assertEquals("memory.atomic.wait32", Op.MEMORY_ATOMIC_WAIT32.text());
    assertEquals("atomic.fence", Op.ATOMIC_FENCE.text());
    assertEquals(
        "i32x4.relaxed_dot_i8x16_i7x16_add_s", Op.I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S.text());
  }

  @Test
  void opcodesAreFoundAgain() {
    assertEquals(524, OpSamples.ALL.size());
    for (Op op : OpSamples.ALL) {
      assertEquals(op, Op.of(op.code >> 12, op.code & 0xfff));
    }
    assertEquals(null, Op.of(0, 0x06));
    assertEquals(null, Op.of(0xfd, 0x114));
    assertEquals(null, Op.of(0xfe, -1));
  }

  @Test
  void everyInstructionPassesTheVerifierAndTheEngine() {
    List<byte[]> modules = new ArrayList<>();
    for (Op op : OpSamples.ALL) {
      byte[] bytes = OpSamples.module(op);
      WasmVerifier.verify(bytes);
      assertTrue(WasmText.print(bytes).contains(op.text()), op.text());
      modules.add(bytes);
    }
    List<String> answers = Node.validate(modules);
    List<String> refused = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      if (!answers.get(i).isEmpty()) {
        refused.add(OpSamples.ALL.get(i).text() + ": " + answers.get(i));
      }
    }
    assertEquals(List.of(), refused);
  }

  @Test
  void featuresAreThoseUsed() {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, 2, true);
    FunctionBuilder f = module.function("f", "vvv:v");
    assertEquals(Set.of(Feature.THREADS), module.features());
    f.get(0);
    f.get(1);
    f.get(2);
    f.op(Op.F32X4_RELAXED_MADD);
    assertEquals(EnumSet.of(Feature.THREADS, Feature.RELAXED_SIMD), module.features());
    assertEquals(null, Op.F32_ADD.feature());
    assertEquals(Feature.SIMD, Op.F32X4_ADD.feature());
    assertEquals(Feature.BULK_MEMORY, Op.MEMORY_COPY.feature());
    assertEquals(Feature.REFERENCE_TYPES, Op.TABLE_GROW.feature());
    assertEquals(Feature.SIGN_EXTENSION, Op.I64_EXTEND32_S.feature());
    assertEquals(Feature.SATURATING_FLOAT_TO_INT, Op.I64_TRUNC_SAT_F64_U.feature());
  }

  @Test
  void theWrongMethodIsToldTheRightOne() {
    FunctionBuilder f = new WasmModule().function("gemm", ":");
    assertEquals(
        "function 0 'gemm', code byte 0: emit v128.load with memory(op, offset)",
        assertThrows(IllegalStateException.class, () -> f.op(Op.V128_LOAD)).getMessage());
    assertEquals(
        "function 0 'gemm', code byte 0: emit end with elseThen() or end()",
        assertThrows(IllegalStateException.class, () -> f.op(Op.END)).getMessage());
    assertEquals(
        "function 0 'gemm', code byte 1: v128.load32_splat got alignment 8, its natural one is 4",
        assertThrows(
                IllegalStateException.class,
                () -> {
                  f.op(Op.NOP);
                  f.memory(Op.V128_LOAD32_SPLAT, 8, 0);
                })
            .getMessage());
  }
}
