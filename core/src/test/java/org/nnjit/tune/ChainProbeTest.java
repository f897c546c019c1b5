package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.nnjit.wasm.Node;
import org.nnjit.wasm.WasmText;
import org.nnjit.wasm.WasmVerifier;

class ChainProbeTest {
  /** V8 11.3 (Node 20) adds to the wrong sum in its first tier's relaxed dot product: go past it. */
  private static final String SCRIPT =
      """
      require('v8').setFlagsFromString('--no-liftoff');
      const { run } = (await WebAssembly.instantiate(wasm)).instance.exports;
      console.log([run(0), run(1), run(999)].map((v) => v.toFixed(6)).join());
      """;

  @Test
  void chainsGiveTheirSum() {
    for (ChainProbe probe : ChainProbe.values()) {
      for (int chains : new int[] {1, 2, 3, 11, 14, 32}) {
        byte[] module = probe.module(chains);
        WasmVerifier.verify(module);
        double once = sum(probe, chains, 1);
        String wanted = once + "," + once + "," + sum(probe, chains, 999);
        String got = Node.run(module, SCRIPT);
        assertEquals(round(wanted), got, probe + " with " + chains + " chains");
      }
    }
  }

  private static String round(String list) {
    StringBuilder out = new StringBuilder();
    for (String v : list.split(",")) {
      out.append(out.isEmpty() ? "" : ",").append(String.format("%.6f", Double.valueOf(v)));
    }
    return out.toString();
  }

  /** All lanes of all chains after so many turns; exact in f32, as all are multiples of 2^-12. */
  private static double sum(ChainProbe probe, int chains, int turns) {
    double sum = 0;
    for (int c = 0; c < chains; c++) {
      double gain =
          switch (probe) {
            case RELAXED_MADD -> 0x1p-10;
            case MUL_ADD -> 0x1p-10 / (1 << c % 3);
            case DOT_I16 -> 2 * (c % 3 + 1);
            case RELAXED_DOT_I8 -> 4;
          };
      sum += 4 * (c + 1 + 8 * turns * gain);
    }
    return sum;
  }

  @Test
  void operationsAreThoseEmitted() {
    for (ChainProbe probe : ChainProbe.values()) {
      String instruction =
          switch (probe) {
            case RELAXED_MADD -> "relaxed_madd";
            case MUL_ADD -> "f32x4.mul";
            case DOT_I16 -> "dot_i16x8_s";
            case RELAXED_DOT_I8 -> "relaxed_dot_i8x16_i7x16_add_s";
          };
      int operations =
          switch (probe) {
            case RELAXED_MADD, MUL_ADD -> 8;
            case DOT_I16 -> 16;
            case RELAXED_DOT_I8 -> 32;
          };
      for (int chains : new int[] {1, 5, 12}) {
        String loop = ProbesTest.loop(WasmText.print(probe.module(chains)));
        int instructions = loop.split(instruction, -1).length - 1;
        assertEquals(probe.operationsPerTurn(chains), instructions * operations);
      }
    }
  }

  @Test
  void chainsAreBounded() {
    for (int chains : new int[] {0, 33}) {
      assertEquals(
          "MUL_ADD wants 1 to 32 chains, got " + chains,
          assertThrows(IllegalArgumentException.class, () -> ChainProbe.MUL_ADD.module(chains))
              .getMessage());
    }
  }
}
