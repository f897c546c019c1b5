/**
 * From a fused program to one WebAssembly module and the addresses it works on.
 *
 * <p>Read {@link org.nnjit.plan.Planner}, {@link org.nnjit.plan.Plan} and {@link
 * org.nnjit.plan.Arena} first.
 */
package org.nnjit.plan;
