package org.nnjit.kernel.emit.wasm;

import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Target;

/**
 * What the engine that runs the code can do.
 *
 * @param simd 128-bit SIMD; without it a loop nest must hold no vectors
 * @param relaxedSimd relaxed SIMD, used for fused multiply-add
 */
public record EmitOptions(boolean simd, boolean relaxedSimd) {

  public static EmitOptions of(Target target) {
    return new EmitOptions(target.has(Feature.SIMD), target.has(Feature.RELAXED_SIMD));
  }
}
