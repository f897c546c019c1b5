package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
  void clockProbeAddsAndXors() {
    byte[] module = Probes.clock();
    WasmVerifier.verify(module);
    assertEquals(
        "right",
        Node.run(
            module,
            """
            const { run } = (await WebAssembly.instantiate(wasm)).instance.exports;
            for (const turns of [0, 1, 7]) {
              let x = 0;
              for (let i = 0; i < 32 * Math.max(turns, 1); i++) x = ((x + 12345) | 0) ^ 0x5a5a5a5a;
              if (run(turns, 12345, 0x5a5a5a5a) !== x) throw new Error('after ' + turns);
            }
            console.log('right');
            """));
    String text = WasmText.print(module);
    assertEquals(
        Probes.CLOCK_CYCLES,
        loop(text).split("i32.(add|xor)", -1).length - 1,
        "operations of a turn, each a cycle");
  }

  @Test
  void everyProbeIsKnownByName() {
    for (MemoryProbe probe : MemoryProbe.values()) {
      assertArrayEquals(probe.module(), Probes.module(probe.name(), 0));
    }
    for (ChainProbe probe : ChainProbe.values()) {
      assertArrayEquals(probe.module(3), Probes.module(probe.name(), 3));
    }
    assertArrayEquals(
        TeamProbe.module(ChainProbe.MUL_ADD, 3), Probes.module("TEAM_MUL_ADD", 3));
    assertArrayEquals(Probes.clock(), Probes.module("CLOCK", 0));
    assertArrayEquals(MemoryProbe.latency(), Probes.module("LATENCY", 0));
    assertThrows(IllegalArgumentException.class, () -> Probes.module("WARP", 1));
  }

  /** The text of a module's only loop. */
  static String loop(String text) {
    return text.substring(text.indexOf("loop"), text.indexOf("end\n"));
  }
}
