/**
 * Kernels as loops: what a schedule makes of a compute, and what an emitter prints.
 *
 * <p>Read {@link org.nnjit.loop.LoopNest}, {@link org.nnjit.loop.Stmt} and {@link
 * org.nnjit.loop.Value} first. Everything is explicit here: which loops run, which values are
 * vectors of four lanes, which addresses are formed at which loop. A pointer is a buffer and an
 * element index: a byte address in WebAssembly, an array index in WGSL. A new kind of statement or
 * value is one record here, one case in the interpreter and one in each emitter.
 */
package org.nnjit.loop;
