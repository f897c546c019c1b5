/**
 * Prints loops as WebAssembly functions.
 *
 * <p>Read {@link org.nnjit.kernel.emit.wasm.WasmEmitter} first; {@link
 * org.nnjit.kernel.emit.wasm.MathCode} holds the elementary functions WebAssembly lacks. A new
 * elementary function is one method there and one case in the emitter.
 */
package org.nnjit.kernel.emit.wasm;
