package org.nnjit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class WasmTextTest {
  @Test
  void aModuleAsText() {
    WasmModule module = new WasmModule();
    int log = module.importFunction("env", "log", "f:");
    module.importMemory("env", "memory", 1, 65536, true);
    int table = module.table(2, -1);
    int global = module.global(ValType.I32, true, -1);
    FunctionBuilder f = module.function("f32_dot k=768", "iii:f");
    module.export("dot", f);
    module.elements(table, 1, f.index());
    module.data(1024, new byte[] {'n', '"', 0, (byte) 0x80});
    int sum = f.local(ValType.V128);
    int i = f.local(ValType.I32);
    int outer = f.block();
    int loop = f.loop();
    f.get(0);
    f.memory(Op.V128_LOAD, 16, 0);
    f.get(1);
    f.memory(Op.V128_LOAD32_SPLAT, 1, 16);
    f.get(sum);
    f.op(Op.F32X4_RELAXED_MADD);
    f.set(sum);
    f.get(i);
    f.brIfTo(outer);
    f.brTo(loop);
    f.end();
    f.end();
    f.globalGet(global);
    f.ifThen(ValType.F32);
    f.f32(0.1f);
    f.elseThen();
    f.f32(Float.NEGATIVE_INFINITY);
    f.end();
    f.call(log);
    f.i32(5);
    f.i32(2);
    f.i32(3);
    f.memory(Op.I32_ATOMIC_RMW_ADD, 0);
    f.callIndirect(module.type("i:"), table);
    f.v128Floats(1, -2, 0.5f, Float.NaN);
    f.lane(Op.F32X4_EXTRACT_LANE, 3);
    assertEquals(
        """
        (module
          (type $t0 (func (param f32)))
          (type $t1 (func (param i32 i32 i32) (result f32)))
          (type $t2 (func (param i32)))
          (import "env" "log" (func $log (type $t0)))
          (import "env" "memory" (memory 1 65536 shared))
          (table $T0 2 funcref)
          (global $g0 (mut i32) (i32.const -1))
          (export "dot" (func $f32_dot_k=768))
          (elem (table $T0) (i32.const 1) func $f32_dot_k=768)
          (data (i32.const 1024) "n\\22\\00\\80")
          (func $f32_dot_k=768 (type $t1) (param $p0 i32) (param $p1 i32) (param $p2 i32) (result f32)
            (local $l3 v128) (local $l4 i32)
            block $b0
              loop $b1
                local.get $p0
                v128.load
                local.get $p1
                v128.load32_splat offset=16 align=1
                local.get $l3
                f32x4.relaxed_madd
                local.set $l3
                local.get $l4
                br_if $b0
                br $b1
              end
            end
            global.get $g0
            if $b2 (result f32)
              f32.const 0.1
            else
              f32.const -inf
            end
            call $log
            i32.const 5
            i32.const 2
            i32.const 3
            i32.atomic.rmw.add
            call_indirect $T0 (type $t2)
            v128.const i32x4 0x3f800000 0xc0000000 0x3f000000 0x7fc00000
            f32x4.extract_lane 3
          )
        )
        """,
        WasmText.print(module.toBytes()));
    WasmVerifier.verify(module.toBytes());
  }

  @Test
  void floatsAsText() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("f", ":");
    float[] values = {0, -0f, 1, -3, 1e7f, 1.5f, 1e-20f, Float.MIN_VALUE, Float.MAX_VALUE};
    for (float v : values) {
      f.f32(v);
    }
    f.f32(Float.intBitsToFloat(0xffc00001));
    f.f64(1.0 / 3);
    f.f64(Double.NaN);
    String[] wanted = {
      "0", "-0.0", "1", "-3", "1.0E7", "1.5", "1.0E-20", "1.0E-45", "3.4028235E38"
    };
    StringBuilder text = new StringBuilder();
    for (String w : wanted) {
      text.append("f32.const ").append(w).append('\n');
    }
    text.append("f32.const -nan:0x400001\n");
    text.append("f64.const 0.3333333333333333\n");
    text.append("f64.const nan:0x8000000000000\n");
    String all = WasmText.print(module.toBytes(false)).replaceAll("(?m)^ +", "");
    assertEquals(text.toString(), all.substring(all.indexOf("f32.const"), all.indexOf(")\n)")));
  }

  @Test
  void namesStayDistinct() {
    WasmModule module = new WasmModule();
    module.function("a b", ":");
    module.function("a(b", ":");
    module.function("", ":");
    String text = WasmText.print(module.toBytes());
    assertEquals(3, text.split("\\(func \\$").length - 1);
    assertEquals(true, text.contains("$a_b ") && text.contains("$a_b#1 ") && text.contains("$f2 "));
  }
}
