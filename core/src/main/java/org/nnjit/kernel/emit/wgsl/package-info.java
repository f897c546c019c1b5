/**
 * Prints loops as WGSL, the shading language of WebGPU.
 *
 * <p>Read {@link org.nnjit.kernel.emit.wgsl.WgslEmitter} first (bindings, statements), then {@link
 * org.nnjit.kernel.emit.wgsl.WgslValues} (values) and {@link
 * org.nnjit.kernel.emit.wgsl.WgslLibrary}, the functions that WGSL lacks or does not make precise
 * enough: a new one is one entry there and one case in the printer of values.
 */
package org.nnjit.kernel.emit.wgsl;
