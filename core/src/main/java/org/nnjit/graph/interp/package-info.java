/**
 * The oracle: evaluates computes and graphs literally, in double precision and 64-bit integers.
 *
 * <p>Read {@link org.nnjit.graph.interp.ComputeInterpreter} and {@link
 * org.nnjit.graph.interp.GraphInterpreter} first. Slow on purpose: nothing here is clever enough to
 * be wrong the same way as a kernel.
 */
package org.nnjit.graph.interp;
