/**
 * What a kernel calculates, without saying how: axes, reductions and one expression per element.
 *
 * <p>Read {@link org.nnjit.compute.Compute}, {@link org.nnjit.compute.Expr} and {@link
 * org.nnjit.compute.Workload} first. Operators produce computes, the reference interpreter
 * evaluates them literally, a schedule turns them into loops. A new elementary function is one
 * constant in {@link org.nnjit.compute.UnaryOp} or {@link org.nnjit.compute.BinaryOp}, its meaning
 * in the interpreter and its expansion in the emitters.
 */
package org.nnjit.compute;
