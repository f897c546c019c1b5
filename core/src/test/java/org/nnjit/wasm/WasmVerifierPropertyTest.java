package org.nnjit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The verifier and a real engine agree on random modules, whole and damaged. */
class WasmVerifierPropertyTest {
  /** Set {@code -Dnnjit.seed=...} to replay; the seed is printed with every run. */
  private static final long SEED =
      Long.getLong("nnjit.seed", new Random().nextInt(Integer.MAX_VALUE));

  private static final int MODULES = Integer.getInteger("nnjit.modules", 300);
  private static final int MUTANTS = 12;

  @Test
  void verifierAndEngineAgree() {
    System.out.println("WasmVerifierPropertyTest: -Dnnjit.seed=" + SEED);
    Random random = new Random(SEED);
    List<byte[]> modules = new ArrayList<>();
    for (int i = 0; i < MODULES; i++) {
      byte[] valid = RandomModules.next(random);
      modules.add(valid);
      for (int m = 0; m < MUTANTS; m++) {
        modules.add(mutate(valid, modules.get(random.nextInt(modules.size())), random));
      }
    }
    List<String> engine = Node.validate(modules);
    int valid = 0;
    int unsupported = 0;
    List<String> differ = new ArrayList<>();
    for (int i = 0; i < modules.size(); i++) {
      String ours = verify(modules.get(i));
      boolean whole = i % (MUTANTS + 1) == 0;
      if (whole && !ours.isEmpty()) {
        differ.add("whole module " + i + " rejected: " + ours + "; engine: " + engine.get(i));
      } else if (ours.contains("atomic") && ours.contains("wanted 2^")) {
        // V8 accepts atomic accesses below their natural alignment; the threads proposal does not.
        unsupported++;
      } else if (!whole && ours.contains("unsupported")) {
        unsupported++;
      } else if (ours.isEmpty() != engine.get(i).isEmpty()) {
        differ.add(
            "%d verifier: '%s', engine: '%s' %s"
                .formatted(i, ours, engine.get(i), HexFormat.of().formatHex(modules.get(i))));
      } else {
        valid += ours.isEmpty() ? 1 : 0;
      }
    }
    System.out.println(
        modules.size() + " modules, " + valid + " valid, " + unsupported + " unsupported");
    assertEquals(List.of(), differ, "seed " + SEED);
    assertTrue(valid >= MODULES && unsupported < modules.size() / 4, "too few were compared");
  }

  /** Printing a damaged module ends with text or a WasmException, nothing else. */
  @Test
  void printerSurvivesDamage() {
    Random random = new Random(SEED);
    for (int i = 0; i < MODULES; i++) {
      byte[] valid = RandomModules.next(random);
      assertTrue(WasmText.print(valid).endsWith(")\n"));
      for (int m = 0; m < MUTANTS; m++) {
        try {
          WasmText.print(mutate(valid, valid, random));
        } catch (WasmException e) {
          assertTrue(e.getMessage().contains("at byte"), e.getMessage());
        }
      }
    }
  }

  private static String verify(byte[] module) {
    try {
      WasmVerifier.verify(module);
      return "";
    } catch (WasmException e) {
      return e.getMessage();
    }
  }

  private static byte[] mutate(byte[] valid, byte[] other, Random random) {
    byte[] bytes = valid.clone();
    int at = 8 + random.nextInt(bytes.length - 8);
    switch (random.nextInt(8)) {
      case 0 -> bytes[at] = (byte) random.nextInt();
      case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> bytes[at] = bytes[8 + random.nextInt(bytes.length - 8)];
      case 3 -> bytes[random.nextInt(8)] ^= (byte) (1 << random.nextInt(8));
      case 4 -> bytes = Arrays.copyOf(bytes, at);
      case 5 -> {
        int n = Math.min(1 + random.nextInt(4), bytes.length - at);
        n = Math.min(n, Math.max(0, other.length - at));
        System.arraycopy(other, Math.min(at, other.length), bytes, at, n);
      }
      case 6 -> {
        // Swap two neighbours: often two immediates or two opcodes.
        int next = Math.min(at + 1, bytes.length - 1);
        byte b = bytes[at];
        bytes[at] = bytes[next];
        bytes[next] = b;
      }
      default -> bytes[at] = (byte) (bytes[at] + (random.nextBoolean() ? 1 : -1));
    }
    return bytes;
  }
}
