package org.nnjit.schedule;

import org.nnjit.tensor.Numbers;

/**
 * What one device was measured to do, for rules that choose schedules. Rates are those of one
 * thread in the page's engine, not of the bare processor.
 *
 * @param clockGhz 10^9 cycles a second
 * @param fmaGflops most multiply-adds, in 10^9 floating-point operations a second
 * @param fmaLatencyCycles cycles before a multiply-add's result can be added to
 * @param fmaPerCycle vector multiply-adds a cycle, of four lanes each
 * @param vectorRegisters vectors that a loop keeps at full rate
 * @param l1Bytes size of the first cache; 0 when none was seen
 * @param l2Bytes size of the second cache; 0 when none was seen
 * @param l3Bytes size of the third cache; 0 when none was seen, or none that ends within 64 MiB
 * @param l1Gbs rate of reading what the first cache holds, in 10^9 bytes a second
 * @param l2Gbs rate of reading what the second cache holds; 0 without one
 * @param l3Gbs rate of reading what the third cache holds; 0 without one
 * @param memoryGbs rate of reading what no cache holds
 * @param splatCost time of loading a splat of one number, relative to loading a vector
 * @param barrierMicros microseconds in which two threads meet; 0 when only one was measured
 * @param threadScaling multiply-adds a second of 1, 2, ... threads at once, relative to one thread
 */
public record DeviceProfile(
    double clockGhz,
    double fmaGflops,
    double fmaLatencyCycles,
    double fmaPerCycle,
    int vectorRegisters,
    int l1Bytes,
    int l2Bytes,
    int l3Bytes,
    double l1Gbs,
    double l2Gbs,
    double l3Gbs,
    double memoryGbs,
    double splatCost,
    double barrierMicros,
    double[] threadScaling) {
  /** What one more thread must add to be worth a barrier; two workers on one core add less. */
  private static final double WORTH = 0.2;

  @Override
  public String toString() {
    return Numbers.text(fmaGflops) + " GFLOP/s";
  }

  /** The most threads of which each adds to the rate, at least 1. */
  public int usefulThreads() {
    int threads = 1;
    while (threads < threadScaling.length
        && threadScaling[threads] - threadScaling[threads - 1] >= WORTH) {
      threads++;
    }
    return threads;
  }
}
