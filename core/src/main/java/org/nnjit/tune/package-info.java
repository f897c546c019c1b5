/**
 * Finding out what a device can do and which schedule is fastest on it. Nothing here measures time:
 * this package makes the modules, the host runs them with its clock.
 *
 * <p>Read {@link org.nnjit.tune.Probes} first: modules whose validity tells the engine's features,
 * and the list of micro-benchmarks; then {@link org.nnjit.tune.ProbeReadings}, which makes a {@link
 * org.nnjit.schedule.DeviceProfile} of what the host measured. A new probe is one method or
 * constant, one line in {@code Probes.module}, one reading, and its turn in {@code probe-suite.js}.
 */
package org.nnjit.tune;
