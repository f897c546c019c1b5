package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nnjit.wasm.Feature;
import org.nnjit.wasm.Node;
import org.nnjit.wasm.WasmText;
import org.nnjit.wasm.WasmVerifier;

class ProbesTest {
  @Test
  void featureModulesAreValidAndSmall() {
    List<byte[]> modules = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    for (Feature feature : Feature.values()) {
      byte[] module = Probes.feature(feature);
      assertTrue(module.length < 80, feature + " takes " + module.length + " bytes");
      WasmVerifier.verify(module);
      modules.add(module);
      wanted.add("");
    }
    assertEquals(wanted, Node.validate(modules));
  }

  @Test
  void anEngineWithoutTheFeatureSaysSo() {
    byte[] simd = Probes.feature(Feature.SIMD);
    simd[simd.length - 2] = (byte) 0xee; // an opcode of no engine
    assertTrue(!Node.validate(List.of(simd)).get(0).isEmpty());
  }

  @Test
  void chainsGiveTheirSum() {
    for (boolean relaxed : new boolean[] {true, false}) {
      for (int chains : new int[] {1, 11}) {
        // Chain c: 4 lanes of c + 1 + 8 * 2^-10 per iteration.
        byte[] module = Probes.fmaPeak(relaxed, chains);
        WasmVerifier.verify(module);
        double start = chains * (chains + 1) / 2.0;
        double once = 4 * (start + chains * 8 / 1024.0);
        double often = 4 * (start + chains * 8 * 999 / 1024.0);
        assertEquals(
            once + "," + once + "," + often,
            Node.evaluate(module, "[exports.run(0), exports.run(1), exports.run(999)].join()"));
      }
    }
    assertEquals(12 * 64, Probes.flopsPerIteration(12));
  }

  @Test
  void flopsPerIterationAreThoseEmitted() {
    for (int chains : new int[] {1, 5, 12}) {
      String relaxed = WasmText.print(Probes.fmaPeak(true, chains));
      String loop = relaxed.substring(relaxed.indexOf("loop"), relaxed.indexOf("end\n"));
      int madds = loop.split("relaxed_madd", -1).length - 1;
      assertEquals(Probes.flopsPerIteration(chains), madds * 4 * 2);
      String plain = WasmText.print(Probes.fmaPeak(false, chains));
      loop = plain.substring(plain.indexOf("loop"), plain.indexOf("end\n"));
      int operations = loop.split("f32x4.(mul|add)", -1).length - 1;
      assertEquals(Probes.flopsPerIteration(chains), operations * 4);
    }
  }

  @Test
  void chainsAreBounded() {
    assertEquals(
        "fmaPeak wants 1 to 32 chains, got 0",
        assertThrows(IllegalArgumentException.class, () -> Probes.fmaPeak(true, 0)).getMessage());
  }

  @Test
  void bandwidthProbeReadsEveryByteOfItsRange() {
    for (boolean shared : new boolean[] {false, true}) {
      byte[] module = Probes.readBandwidth(shared);
      WasmVerifier.verify(module);
      String script =
          """
          const memory = new WebAssembly.Memory({ initial: 2, maximum: 3, shared: SHARED });
          const { exports } = (await WebAssembly.instantiate(wasm, { env: { memory } })).instance;
          const words = new Int32Array(memory.buffer);
          words.forEach((v, i) => words[i] = Math.imul(i + 1, 0x9e3779b1));
          const wanted = (address, bytes, repeats) => {
            let sum = 0;
            for (let r = 0; r < repeats; r++)
              for (let i = 0; i < bytes / 4; i++) sum = sum + words[address / 4 + i] | 0;
            return sum;
          };
          for (const args of [[0, 128, 1], [256, 128 * 100, 3], [0, 131072, 2], [128, 256, 1]]) {
            const got = exports.run(...args);
            if (got !== wanted(...args)) throw new Error(args + ': ' + got);
          }
          console.log('right');
          """
              .replace("SHARED", String.valueOf(shared));
      assertEquals("right", Node.run(module, script));
    }
  }
}
