package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nnjit.wasm.Node;
import org.nnjit.wasm.WasmVerifier;

class MemoryProbeTest {
  private static final String NUMBERS =
      """
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 3 });
      const { run } = (await WebAssembly.instantiate(wasm, { env: { memory } })).instance.exports;
      const words = new Int32Array(memory.buffer);
      words.forEach((v, i) => words[i] = Math.imul(i + 1, 0x9e3779b1));
      """;

  @Test
  void bandwidthProbesReadTheirRange() {
    for (MemoryProbe probe : MemoryProbe.values()) {
      byte[] module = probe.module();
      WasmVerifier.verify(module);
      String script =
          """
          const word = SPLATS ? (i) => words[i & ~3] : (i) => words[i];
          const wanted = (address, bytes, repeats) => {
            let sum = 0;
            for (let r = 0; r < Math.max(repeats, 1); r++)
              for (let i = 0; i < bytes / 4; i++) sum = sum + word(address / 4 + i) | 0;
            return sum;
          };
          for (const args of [[0, 128, 1], [256, 128 * 100, 3], [0, 131072, 2], [128, 256, 0]]) {
            const got = run(...args);
            if (got !== wanted(...args)) throw new Error(args + ': ' + got);
          }
          console.log('right');
          """
              .replace("SPLATS", String.valueOf(probe == MemoryProbe.SPLATS));
      assertEquals("right", Node.run(module, NUMBERS + script), probe.name());
    }
  }

  @Test
  void latencyProbeGoesFromLineToLine() {
    byte[] module = MemoryProbe.latency();
    WasmVerifier.verify(module);
    String script =
        """
        const wanted = (state, lines, steps) => {
          for (let i = 0; i < steps; i++) {
            const line = Math.floor((state >>> 0) * lines / 2 ** 32);
            state = (Math.imul(state, 1664525) + words[line * 16] + 1013904223) | 0;
          }
          return state;
        };
        for (const args of [[1, 1, 1], [-5, 2048, 10000], [77, 1537, 333]]) {
          const got = run(...args);
          if (got !== wanted(...args)) throw new Error(args + ': ' + got);
        }
        console.log('right');
        """;
    assertEquals("right", Node.run(module, NUMBERS + script));
  }
}
