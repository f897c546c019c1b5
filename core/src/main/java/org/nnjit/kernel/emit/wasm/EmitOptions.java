package org.nnjit.kernel.emit.wasm;

import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Target;

/**
 * What the engine allows beyond plain WebAssembly.
 *
 * @param relaxedSimd fused multiply-add exists
 */
public record EmitOptions(boolean relaxedSimd) {

  public static EmitOptions of(Target target) {
    return new EmitOptions(target.has(Feature.RELAXED_SIMD));
  }
}
