/**
 * Prints loops as WebAssembly.
 *
 * <p>Read {@link org.nnjit.kernel.emit.wasm.WasmEmitter} first, then {@link
 * org.nnjit.kernel.emit.wasm.FunctionEmitter} (statements, locals, addresses) and {@link
 * org.nnjit.kernel.emit.wasm.ValueEmitter} (values). Expression trees go straight to stack code;
 * nothing is optimised here that a schedule could have said or that the engine's own compiler does.
 * Elementary functions that WebAssembly lacks are expanded by {@link
 * org.nnjit.kernel.emit.wasm.FloatMath}, written once over {@link
 * org.nnjit.kernel.emit.wasm.FloatCode} for f32, four f32 lanes and f64. A new function is one
 * method there and one case in {@link org.nnjit.kernel.emit.wasm.ValueEmitter}.
 */
package org.nnjit.kernel.emit.wasm;
