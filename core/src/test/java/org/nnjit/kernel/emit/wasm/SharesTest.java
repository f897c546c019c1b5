package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Node;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;
import org.nnjit.wasm.WasmVerifier;

class SharesTest {
  /** Where the counts of the blocks begin. */
  private static final int COUNTS = 1024;

  /** {@code work(thread, threads, blocks)}: counts every block, twice, with a meeting after each. */
  private static byte[] module(boolean shared) {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 1, shared ? 16 : -1, shared);
    FunctionBuilder divide = Shares.add(module, shared);
    FunctionBuilder range = module.function("range", "ii:");
    int old = range.local(ValType.I32);
    int again = range.loop();
    range.get(0);
    range.i32(2);
    range.op(Op.I32_SHL);
    range.tee(old);
    range.get(old);
    range.memory(Op.I32_LOAD, COUNTS);
    range.i32(1);
    range.op(Op.I32_ADD);
    range.memory(Op.I32_STORE, COUNTS);
    range.get(0);
    range.i32(1);
    range.op(Op.I32_ADD);
    range.tee(0);
    range.get(1);
    range.op(Op.I32_LT_S);
    range.brIfTo(again);
    range.end();
    int table = module.table(1, 1);
    module.elements(table, 0, range.index());
    FunctionBuilder barrier = shared ? Barrier.add(module) : null;
    FunctionBuilder work = module.function("work", "iii:");
    for (int i = 0; i < 2; i++) {
      work.get(0);
      work.get(1);
      work.get(2);
      work.i32(0);
      work.call(divide.index());
      if (shared) {
        work.get(1);
        work.call(barrier.index());
      }
    }
    module.export("work", work);
    byte[] bytes = module.toBytes(true);
    WasmVerifier.verify(bytes);
    return bytes;
  }

  @Test
  void everyBlockIsDoneOnceByAnyNumberOfThreads() {
    String script =
        """
        const { Worker } = require('worker_threads');
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true });
        const words = new Int32Array(memory.buffer);
        const compiled = new WebAssembly.Module(wasm);
        const code = `
          const { workerData, parentPort } = require('worker_threads');
          const { compiled, memory, thread } = workerData;
          const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
          parentPort.on('message', ([threads, blocks]) => exports.work(thread, threads, blocks));`;
        const others = [1, 2].map((thread) => new Worker(code, { eval: true, workerData: { compiled, memory, thread } }));
        const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
        let wanted = 0;
        for (let round = 0; round < 20; round++) {
          for (const threads of [1, 2, 3]) {
            for (const blocks of [1, 2, 3, 5, 12, 97, 3000]) {
              for (let t = 1; t < threads; t++) others[t - 1].postMessage([threads, blocks]);
              exports.work(0, threads, blocks);
              for (let b = 0; b < 3000; b++) {
                const is = words[COUNTS / 4 + b];
                words[COUNTS / 4 + b] = 0;
                if (is !== (b < blocks ? 2 : 0)) throw new Error(`${threads} threads, block ${b} of ${blocks}: ${is} times`);
              }
              if (words[NEXT / 4] !== 0) throw new Error(`next piece ${words[NEXT / 4]}`);
              wanted++;
            }
          }
        }
        console.log(wanted);
        process.exit(0);
        """
            .replace("COUNTS", String.valueOf(COUNTS))
            .replace("NEXT", String.valueOf(Shares.NEXT));
    assertEquals("420", Node.run(module(true), script));
  }

  @Test
  void withoutSharedMemoryOneThreadDoesAll() {
    String script =
        """
        const memory = new WebAssembly.Memory({ initial: 1 });
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } });
        exports.work(0, 1, 7);
        console.log(new Int32Array(memory.buffer, COUNTS, 8).join(' '));
        """
            .replace("COUNTS", String.valueOf(COUNTS));
    assertEquals("2 2 2 2 2 2 2 0", Node.run(module(false), script));
  }
}
