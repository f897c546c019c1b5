package org.nnjit.tune;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.schedule.DeviceProfile;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Texts;

/**
 * What a host measured with the probes, and what follows from it. A reading is one name with its
 * numbers:
 *
 * <ul>
 *   <li>{@code chains}: numbers of chains, ascending; {@code madd} and {@code mulAdd}: rates by
 *       them in 10^9 operations a second, the former only where the engine has relaxed SIMD
 *   <li>{@code clock}: 10^9 cycles a second
 *   <li>{@code bytes}: working sets, ascending; {@code read}: 10^9 bytes a second and {@code
 *       latency}: nanoseconds a step, by them
 *   <li>{@code splat}: time of a splat load relative to a vector load
 *   <li>{@code barrier}: microseconds, nothing for one thread
 *   <li>{@code scaling}: 10^9 operations a second of 1, 2, ... threads at once
 * </ul>
 */
public final class ProbeReadings {
  /** Below this part of the best rate the registers are used up; V8 spills the first at 0.95. */
  private static final double FULL_RATE = 0.965;

  private final Map<String, double[]> readings;

  private ProbeReadings(Map<String, double[]> readings) {
    this.readings = readings;
  }

  /**
   * Reads one reading a line: its name and its numbers, separated by single spaces.
   *
   * @throws IllegalArgumentException when one is missing or has another number of values than fits
   */
  public static ProbeReadings parse(String text) {
    Map<String, double[]> readings = new HashMap<>();
    for (String line : Texts.split(text, '\n')) {
      List<String> words = Texts.split(line, ' ');
      double[] values = new double[words.size() - 1];
      for (int i = 0; i < values.length; i++) {
        values[i] = Numbers.parse(words.get(i + 1));
      }
      readings.put(words.get(0), values);
    }
    ProbeReadings r = new ProbeReadings(readings);
    r.check("mulAdd", r.get("chains").length);
    if (r.get("madd").length > 0) {
      r.check("madd", r.get("chains").length);
    }
    r.check("read", r.get("bytes").length);
    r.check("latency", r.get("bytes").length);
    r.check("clock", 1);
    r.check("splat", 1);
    return r;
  }

  private double[] get(String name) {
    double[] values = readings.get(name);
    if (values == null) {
      throw new IllegalArgumentException("no reading '" + name + "'");
    }
    return values;
  }

  private void check(String name, int length) {
    if (get(name).length != length || length == 0) {
      throw new IllegalArgumentException(
          "reading '" + name + "' has " + get(name).length + " values, wanted " + length);
    }
  }

  /** What the readings say about the device. */
  public DeviceProfile profile() {
    double clock = get("clock")[0];
    boolean fused = get("madd").length > 0;
    ChainProbe probe = fused ? ChainProbe.RELAXED_MADD : ChainProbe.MUL_ADD;
    double[] rates = get(fused ? "madd" : "mulAdd");
    double[] chains = get("chains");
    double best = 0;
    double bestOfOneChain = 0;
    for (int i = 0; i < rates.length; i++) {
      best = Math.max(best, rates[i]);
      bestOfOneChain = Math.max(bestOfOneChain, rates[i] / chains[i]);
    }
    int last = rates.length - 1;
    while (rates[last] < FULL_RATE * best) {
      last--;
    }
    double[] bytes = get("bytes");
    int[] ends = Levels.ends(Levels.marginal(bytes, get("latency"), clock));
    int[] sizes = new int[3];
    double[] read = new double[4];
    int from = 0;
    for (int level = 0; level < ends.length; level++) {
      boolean isMemory = level == ends.length - 1;
      if (!isMemory) {
        sizes[level] = (int) bytes[ends[level] - 1];
      }
      read[isMemory ? 3 : level] = median(get("read"), from, ends[level]);
      from = ends[level];
    }
    double[] barrier = get("barrier");
    double[] scaling = get("scaling");
    double[] relative = new double[scaling.length];
    for (int i = 0; i < scaling.length; i++) {
      relative[i] = scaling[i] / scaling[0];
    }
    // A multiply-add on four lanes is eight operations.
    return new DeviceProfile(
        clock,
        best,
        8 / bestOfOneChain * clock,
        best / 8 / clock,
        probe.registers((int) chains[last]),
        sizes[0],
        sizes[1],
        sizes[2],
        read[0],
        read[1],
        read[2],
        read[3],
        get("splat")[0],
        barrier.length == 0 ? 0 : barrier[0],
        relative);
  }

  private static double median(double[] values, int from, int to) {
    double[] sorted = Arrays.copyOfRange(values, from, to);
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
