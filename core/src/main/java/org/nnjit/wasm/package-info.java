/**
 * WebAssembly as bytes: assembler, verifier and text printer.
 *
 * <p>Read {@link org.nnjit.wasm.WasmModule}, {@link org.nnjit.wasm.Code} and {@link
 * org.nnjit.wasm.WasmText} first. A new instruction is one line in {@link org.nnjit.wasm.Op}.
 */
package org.nnjit.wasm;
