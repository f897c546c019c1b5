package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nnjit.wasm.Node;
import org.nnjit.wasm.WasmVerifier;

class TeamProbeTest {
  @Test
  void twoThreadsMeetAndWork() {
    byte[] module = TeamProbe.module(ChainProbe.MUL_ADD, 4);
    WasmVerifier.verify(module);
    WasmVerifier.verify(TeamProbe.module(ChainProbe.RELAXED_MADD, 12));
    // Factors of 4.0 lie in memory: chain c gains 2^(-3 - c mod 3) in each of 8 * 5 additions.
    String script =
        """
        const { Worker } = require('worker_threads');
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
        const words = new Int32Array(memory.buffer);
        const floats = new Float32Array(memory.buffer);
        floats.fill(4, 1024 / 4, 1024 / 4 + 256);
        const compiled = new WebAssembly.Module(wasm);
        const code = `
          const { workerData, parentPort } = require('worker_threads');
          const { compiled, memory } = workerData;
          const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
          parentPort.on('message', (run) => exports[run](1, 2));`;
        const other = new Worker(code, { eval: true, workerData: { compiled, memory } });
        const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
        const both = (run, times) => {
          words[TIMES / 4] = times;
          other.postMessage(run);
          exports[run](0, 2);
        };
        both('meet', 1000);
        if (words[128 / 4] !== 1000) throw new Error('met ' + words[128 / 4] + ' times');
        both('work', 5);
        if (words[128 / 4] !== 1002) throw new Error('met ' + words[128 / 4] + ' times');
        const at = (thread) => floats[(RESULTS + 64 * thread) / 4];
        console.log(at(0), at(1), at(2));
        process.exit(0);
        """
            .replace("TIMES", String.valueOf(TeamProbe.TIMES))
            .replace("RESULTS", String.valueOf(TeamProbe.RESULTS));
    double sum = 4 * (1 + 2 + 3 + 4) + 4 * 40 * (0x1p-3 + 0x1p-4 + 0x1p-5 + 0x1p-3);
    assertEquals((int) sum + " " + (int) sum + " 0", Node.run(module, script));
  }
}
