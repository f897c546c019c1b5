package org.nnjit.wasm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Modules that are built, verified and run. */
class WasmModuleTest {
  @Test
  void theSmallestModuleIsItsHeader() {
    byte[] header = {0, 'a', 's', 'm', 1, 0, 0, 0};
    assertArrayEquals(header, new WasmModule().toBytes(false));
  }

  @Test
  void aFunctionAddsTwoNumbers() {
    WasmModule module = new WasmModule();
    FunctionBuilder add = module.function("add", "ii:i");
    add.get(add.param(0));
    add.get(add.param(1));
    add.op(Op.I32_ADD);
    module.export("add", add);
    byte[] bytes = module.toBytes(false);
    byte[] wanted = {
      0, 'a', 's', 'm', 1, 0, 0, 0, //
      1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, //
      3, 2, 1, 0, //
      7, 7, 1, 3, 'a', 'd', 'd', 0, 0, //
      10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b
    };
    assertArrayEquals(wanted, bytes);
    assertEquals("42", Node.evaluate(bytes, "exports.add(40, 2)"));
  }

  @Test
  void functionsCallOthersThatAreEmittedLater() {
    WasmModule module = new WasmModule();
    FunctionBuilder main = module.function("main", List.of(ValType.F64), List.of(ValType.F64));
    FunctionBuilder half = module.function("half", "d:d");
    module.export("main", main);
    main.get(0);
    main.call(half.index());
    half.get(0);
    half.f64(0.5);
    half.op(Op.F64_MUL);
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    assertEquals("1.25", Node.evaluate(bytes, "exports.main(2.5)"));
    assertEquals(half.typeIndex(), main.typeIndex(), "equal types are one");
  }

  @Test
  void aLoopSumsVectorsOfFloats() {
    WasmModule module = new WasmModule();
    module.memory(1, 1, false);
    module.exportMemory("memory");
    FunctionBuilder f = module.function("sum", "ii:f");
    module.export("sum", f);
    int address = f.param(0);
    int end = f.param(1);
    int sum = f.local(ValType.V128);
    f.block();
    int done = f.loop() - 1;
    f.get(address);
    f.get(end);
    f.op(Op.I32_GE_U);
    f.brIfTo(done);
    f.get(sum);
    f.get(address);
    f.memory(Op.V128_LOAD, 4, 64L);
    f.op(Op.F32X4_ADD);
    f.set(sum);
    f.get(address);
    f.i32(16);
    f.op(Op.I32_ADD);
    f.set(address);
    f.br(0);
    f.end();
    f.end();
    for (int lane = 0; lane < 4; lane++) {
      f.get(sum);
      f.lane(Op.F32X4_EXTRACT_LANE, lane);
      if (lane > 0) {
        f.op(Op.F32_ADD);
      }
    }
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    assertEquals(
        "528",
        Node.evaluate(
            bytes,
            "(new Float32Array(exports.memory.buffer, 64, 32).forEach((v, i, a) => a[i] = i + 1),"
                + " exports.sum(0, 128))"));
  }

  @Test
  void twoThreadsAddAtomically() {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, 1, true);
    FunctionBuilder f = module.function("add", "i:");
    module.export("add", f);
    int loop = f.loop();
    f.i32(0);
    f.i32(1);
    f.memory(Op.I32_ATOMIC_RMW_ADD, 128);
    f.op(Op.DROP);
    f.get(0);
    f.i32(-1);
    f.op(Op.I32_ADD);
    f.tee(0);
    f.brIfTo(loop);
    f.end();
    f.i32(0);
    f.i32(1);
    f.memory(Op.I32_ATOMIC_RMW_ADD, 256);
    f.op(Op.DROP);
    f.i32(256);
    f.i32(-1);
    f.memory(Op.MEMORY_ATOMIC_NOTIFY, 0);
    f.op(Op.DROP);
    FunctionBuilder wait = module.function("wait", "i:i");
    module.export("wait", wait);
    wait.i32(256);
    wait.get(0);
    wait.i64(10_000_000_000L);
    wait.memory(Op.MEMORY_ATOMIC_WAIT32, 0);
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    String script =
        """
        const { Worker } = require('worker_threads');
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
        const { exports } = (await WebAssembly.instantiate(wasm, { env: { memory } })).instance;
        const code = `const { workerData: { wasm, memory } } = require('worker_threads');
          const module = new WebAssembly.Module(wasm);
          new WebAssembly.Instance(module, { env: { memory } }).exports.add(100000);`;
        for (let i = 0; i < 2; i++) {
          new Worker(code, { eval: true, workerData: { wasm, memory } });
        }
        const cells = new Int32Array(memory.buffer);
        while (cells[64] < 2) exports.wait(cells[64]);
        console.log(cells[32]);
        """;
    assertEquals("200000", Node.run(bytes, script));
  }

  @Test
  void tablesGlobalsDataAndImportsWorkTogether() {
    WasmModule module = new WasmModule();
    int log = module.importFunction("env", "log", "i:");
    int base = module.importGlobal("env", "base", ValType.I32, false);
    module.importTable("env", "spare", 1, -1);
    int table = module.table(2, 2);
    int counter = module.global(ValType.I64, true, -5);
    int scale = module.global(ValType.F32, false, Float.floatToRawIntBits(1.5f));
    module.memory(1, -1, false);
    module.data(8, new byte[] {1, 2, 3, (byte) 0xff});
    FunctionBuilder one = module.function("one", ":i");
    one.i32(1);
    FunctionBuilder two = module.function("two", ":i");
    two.i32(8);
    two.memory(Op.I32_LOAD, 1, 0);
    module.elements(table, 0, one.index(), two.index());
    FunctionBuilder main = module.function("main", "i:f");
    module.export("main", main);
    module.exportGlobal("counter", counter);
    module.exportTable("table", table);
    main.get(0);
    main.callIndirect(one.typeIndex(), table);
    main.globalGet(base);
    main.op(Op.I32_ADD);
    main.call(log);
    main.globalGet(counter);
    main.i64(1L << 40);
    main.op(Op.I64_ADD);
    main.globalSet(counter);
    main.globalGet(scale);
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    assertEquals(
        "101,-16579995,1.5,1.5,2199023255547,2",
        Node.run(
            bytes,
            """
            const out = [];
            const spare = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
            const env = { log: v => out.push(v), base: 100, spare };
            const { exports } = (await WebAssembly.instantiate(wasm, { env })).instance;
            const a = exports.main(0), b = exports.main(1);
            console.log([...out, a, b, exports.counter.value, exports.table.length].join());
            """));
  }

  @Test
  void constantsKeepTheirValues() {
    Random random = new Random(7);
    WasmModule module = new WasmModule();
    StringBuilder calls = new StringBuilder("[");
    StringBuilder wanted = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      int shift = random.nextInt(64);
      long value = i < 128 ? (1L << (i / 2)) - (i & 1) : random.nextLong() >> shift;
      FunctionBuilder f = module.function("f" + i, ":il");
      f.i32((int) value);
      f.i64(value);
      module.export("f" + i, f);
      calls.append(i == 0 ? "" : ",").append("exports.f").append(i).append("()");
      wanted.append(i == 0 ? "" : ",").append((int) value).append(',').append(value);
    }
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    assertEquals(wanted.toString(), Node.evaluate(bytes, calls + "].flat()"));
    assertTrue(module.features().contains(Feature.MULTI_VALUE));
  }

  @Test
  void localsAreGroupedAndReused() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("f", "i:");
    int a = f.local(ValType.V128);
    int b = f.local(ValType.V128);
    int c = f.local(ValType.I32);
    assertEquals(List.of(1, 2, 3), List.of(a, b, c));
    f.release(a);
    assertEquals(4, f.local(ValType.I32), "another type is not reused");
    assertEquals(a, f.local(ValType.V128));
    f.release(b);
    assertEquals(5, f.newLocal(ValType.V128));
    byte[] bytes = module.toBytes(false);
    byte[] body = {3, 2, 0x7b, 2, 0x7f, 1, 0x7b, 0x0b};
    byte[] tail = new byte[body.length];
    System.arraycopy(bytes, bytes.length - body.length, tail, 0, body.length);
    assertArrayEquals(body, tail);
    assertThrows(IllegalStateException.class, () -> f.release(b), "released twice");
    assertThrows(IllegalStateException.class, () -> f.release(0), "a parameter");
  }

  @Test
  void namesAreUtf8() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("f", ":");
    String[] names = {"", "a\u0080\u07ff\u0800\uffff", "\ud83d\ude00 \udbff\udfff", "\ue000"};
    StringBuilder wanted = new StringBuilder();
    for (String name : names) {
      module.export(name, f);
      for (char c : name.toCharArray()) {
        wanted.append((int) c).append(' ');
      }
    }
    byte[] bytes = module.toBytes();
    WasmVerifier.verify(bytes);
    String codes =
        Node.evaluate(
            bytes,
            "Object.keys(exports).join('').split('').map(c => c.charCodeAt(0) + ' ').join('')");
    assertEquals(wanted.toString().strip(), codes);
    List<ModuleContents.Export> read = new ModuleReader(bytes).read().exports;
    for (int i = 0; i < names.length; i++) {
      assertEquals(names[i], read.get(i).name());
    }
    assertThrows(IllegalStateException.class, () -> module.export("half \ud800", f));
  }

  @Test
  void misuseSaysWhatIsWrong() {
    WasmModule module = new WasmModule();
    FunctionBuilder f = module.function("open", ":");
    f.block();
    assertEquals(
        "function 0 'open', code byte 2: has 1 blocks without end",
        assertThrows(IllegalStateException.class, module::toBytes).getMessage());
    assertEquals(
        "signature 'iq:' has letter q, wanted i l f d v r",
        assertThrows(IllegalStateException.class, () -> module.type("iq:")).getMessage());
    assertEquals(
        "import function 'log' before declaring functions: their indices follow",
        assertThrows(IllegalStateException.class, () -> module.importFunction("e", "log", ":"))
            .getMessage());
    assertThrows(IllegalStateException.class, () -> module.memory(1, -1, true));
    assertThrows(IllegalStateException.class, () -> f.brTo(2));
    assertThrows(IllegalStateException.class, () -> f.memory(Op.I32_LOAD, 4, 1L << 32));
  }
}
