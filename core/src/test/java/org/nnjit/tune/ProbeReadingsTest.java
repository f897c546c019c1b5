package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.schedule.DeviceProfile;
import org.nnjit.schedule.Target;

class ProbeReadingsTest {
  private static final int SETS = 27;

  private static double bytes(int i) {
    return (8192 << i / 2) * (i % 2 == 1 ? 1.5 : 1);
  }

  /** A processor of 2.5 GHz with two units, four cycles of latency and 15 registers. */
  private static double rate(double chains, double registers) {
    double full = Math.min(chains / 4, 2) * 8 * 2.5;
    return chains + 1 <= registers ? full : full * 0.85;
  }

  /** Time of a step: caches of these sizes answer their part of random loads. */
  private static double nanos(double bytes, double[] sizes, double[] cycles) {
    double sum = 0;
    double below = 0;
    for (int level = 0; level < cycles.length; level++) {
      double top = level < sizes.length ? Math.min(sizes[level], bytes) : bytes;
      sum += (top - below) * cycles[level];
      below = top;
    }
    return (sum / bytes + 8) / 2.5;
  }

  private static String line(String name, List<Double> values) {
    StringBuilder out = new StringBuilder(name);
    values.forEach(v -> out.append(' ').append(v));
    return out.append('\n').toString();
  }

  private static String readings(double registers, double[] sizes, double[] cycles, Random noise) {
    List<Double> chains = new ArrayList<>();
    List<Double> madd = new ArrayList<>();
    for (double c = 1; c <= 20; c++) {
      chains.add(c);
      madd.add(rate(c, registers) * (1 - 0.03 * noise.nextDouble()));
    }
    List<Double> sets = new ArrayList<>();
    List<Double> read = new ArrayList<>();
    List<Double> latency = new ArrayList<>();
    for (int i = 0; i < SETS; i++) {
      double b = bytes(i);
      sets.add(b);
      int level = 0;
      while (level < sizes.length && b > sizes[level]) {
        level++;
      }
      read.add(level == sizes.length ? 8.0 : 64.0 / (1 << level));
      latency.add(nanos(b, sizes, cycles) * (1 + 0.04 * noise.nextDouble()));
    }
    return line("chains", chains)
        + line("madd", madd)
        + line("mulAdd", madd)
        + line("clock", List.of(2.5))
        + line("bytes", sets)
        + line("read", read)
        + line("latency", latency)
        + line("splat", List.of(1.25))
        + line("barrier", List.of(0.5))
        + line("scaling", List.of(40.0, 76.0, 78.0));
  }

  @Test
  void readingsOfAKnownDeviceGiveItsProfile() {
    double[] cycles = {5, 14, 60, 250};
    for (long seed = 1; seed <= 20; seed++) {
      for (int l1 : new int[] {32 << 10, 48 << 10}) {
        double[] sizes = {l1, 1 << 20, 24 << 20};
        DeviceProfile p =
            ProbeReadings.parse(readings(15, sizes, cycles, new Random(seed))).profile();
        String who = "seed " + seed + ": " + p;
        assertEquals(40, p.fmaGflops(), 2, who);
        assertEquals(4, p.fmaLatencyCycles(), 0.2, who);
        assertEquals(2, p.fmaPerCycle(), 0.1, who);
        assertEquals(15, p.vectorRegisters(), who);
        assertEquals(l1, p.l1Bytes(), who);
        assertEquals(1 << 20, p.l2Bytes(), who);
        assertEquals(24 << 20, p.l3Bytes(), who);
        assertEquals(64, p.l1Gbs(), who);
        assertEquals(32, p.l2Gbs(), who);
        assertEquals(16, p.l3Gbs(), who);
        assertEquals(8, p.memoryGbs(), who);
        assertEquals(1.25, p.splatCost());
        assertEquals(0.5, p.barrierMicros());
        assertArrayEquals(new double[] {1, 1.9, 1.95}, p.threadScaling());
        assertEquals(2, p.usefulThreads());
      }
    }
  }

  @Test
  void aDeviceWithoutThirdCacheHasNone() {
    double[] sizes = {32 << 10, 2 << 20};
    DeviceProfile p =
        ProbeReadings.parse(readings(31, sizes, new double[] {4, 16, 200}, new Random(7))).profile();
    assertEquals(32 << 10, p.l1Bytes());
    assertEquals(2 << 20, p.l2Bytes());
    assertEquals(0, p.l3Bytes());
    assertEquals(0, p.l3Gbs());
    assertEquals(8, p.memoryGbs());
    // More chains than were measured may fit.
    assertEquals(21, p.vectorRegisters());
  }

  @Test
  void workersOnOneCoreAreRecognised() {
    String text = readings(15, new double[] {32 << 10}, new double[] {5, 200}, new Random(3));
    String shared = text.replace("scaling 40.0 76.0 78.0", "scaling 40.0 46.0");
    assertEquals(1, ProbeReadings.parse(shared).profile().usefulThreads());
    String alone = text.replace("scaling 40.0 76.0 78.0", "scaling 40.0").replace("barrier 0.5", "barrier");
    assertEquals(1, ProbeReadings.parse(alone).profile().usefulThreads());
    assertEquals(0, ProbeReadings.parse(alone).profile().barrierMicros());
  }

  @Test
  void withoutRelaxedSimdTheOtherChainsCount() {
    String text = readings(15, new double[] {32 << 10}, new double[] {5, 200}, new Random(3));
    int from = text.indexOf("madd ");
    String without = text.substring(0, from) + "madd" + text.substring(text.indexOf('\n', from));
    DeviceProfile p = ProbeReadings.parse(without).profile();
    assertEquals(40, p.fmaGflops(), 2);
    // 14 chains, three factors, one loaded factor and a product.
    assertEquals(19, p.vectorRegisters());
  }

  /** What spills can hide, and what two caches that seem one would lead to, is not believed. */
  @Test
  void aTargetKeepsToWhatProcessorsHave() {
    double[] cycles = {5, 14, 60, 250};
    for (int seen : new int[] {13, 15, 19}) {
      double[] sizes = {48 << 10, 2 << 20, 24 << 20};
      String text = readings(seen, sizes, cycles, new Random(seen));
      Target t = Target.common().on(ProbeReadings.parse(text).profile());
      assertEquals(15, t.vectorRegisters());
      assertEquals(48 << 10, t.l1Bytes());
      assertEquals(2 << 20, t.l2Bytes());
    }
    String few = readings(10, new double[] {512 << 10, 8 << 20, 24 << 20}, cycles, new Random(1));
    Target t = Target.common().on(ProbeReadings.parse(few).profile());
    assertEquals(7, t.vectorRegisters());
    assertEquals(Target.common().l1Bytes(), t.l1Bytes());
    assertEquals(Target.common().l2Bytes(), t.l2Bytes());
  }

  @Test
  void oneDisturbedPointMakesNoLevel() {
    double[] values = new double[20];
    for (int i = 0; i < values.length; i++) {
      values[i] = i < 10 ? 2 : 20;
    }
    assertArrayEquals(new int[] {10, 20}, Levels.ends(values));
    values[4] *= 2;
    values[15] *= 2;
    assertArrayEquals(new int[] {10, 20}, Levels.ends(values));
  }

  @Test
  void missingReadingsAreNamed() {
    String text = readings(15, new double[] {32 << 10}, new double[] {5, 200}, new Random(3));
    assertEquals(
        "no reading 'clock'",
        assertThrows(
                IllegalArgumentException.class,
                () -> ProbeReadings.parse(text.replace("clock", "klock")))
            .getMessage());
    assertEquals(
        "reading 'latency' has 26 values, wanted 27",
        assertThrows(
                IllegalArgumentException.class,
                () -> ProbeReadings.parse(text.replaceAll("(?m) [^ ]+$(?=\nsplat)", "")))
            .getMessage());
  }
}
