/**
 * WebAssembly as bytes: an assembler, a verifier and a text printer.
 *
 * <p>Kernels and programs are emitted with {@link org.nnjit.wasm.WasmModule} and {@link
 * org.nnjit.wasm.FunctionBuilder}, straight into the binary format; {@link
 * org.nnjit.wasm.WasmVerifier} says what is wrong with a module, {@link org.nnjit.wasm.WasmText}
 * prints it. Read those first. A new instruction is one line in {@link org.nnjit.wasm.Op}; if its
 * types depend on the context, also a case in {@code FunctionVerifier}.
 */
package org.nnjit.wasm;
