/**
 * Reads GGUF files, the second front end: metadata and tensors become the graph that an exporter
 * would have written. Weights stay in the file.
 *
 * <pre>
 * file     := "GGUF" version:u32 tensors:u64 entries:u64 entry* tensor* pad data
 * entry    := key:string value
 * value    := kind:u32 (number | string | array)
 * array    := kind:u32 count:u64 (number | string | array)*
 * string   := length:u64 bytes
 * tensor   := name:string rank:u32 dim:u64* type:u32 offset:u64    the innermost dim comes first
 * </pre>
 *
 * <p>Numbers are little-endian. Offsets count from {@code data}, which begins at a multiple of the
 * entry {@code general.alignment}, 32 where there is none. Rows of quantised tensors are blocks of
 * codes and scales, which {@code graph.op.UnpackBlocks} takes apart when weights are loaded.
 *
 * <p>Read {@link org.nnjit.gguf.GgufReader} and {@link org.nnjit.gguf.LlamaGraph} first. One more
 * architecture is one more class like the latter. Source: the GGUF specification of ggml.
 */
package org.nnjit.gguf;
