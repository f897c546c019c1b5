/**
 * Finding out what a device can do and which schedule is fastest on it. Nothing here measures time:
 * this package makes the modules, the host runs them with its clock.
 *
 * <p>Read {@link org.nnjit.tune.Probes} first: modules whose validity tells the engine's features,
 * and micro-benchmarks for the ceilings that kernels are compared with. A new probe is one method
 * there.
 */
package org.nnjit.tune;
