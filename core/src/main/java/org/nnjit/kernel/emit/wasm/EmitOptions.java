package org.nnjit.kernel.emit.wasm;

/**
 * What the engine that runs the code can do.
 *
 * @param simd 128-bit SIMD; without it a loop nest must hold no vectors
 * @param relaxedSimd relaxed SIMD, used for fused multiply-add
 */
public record EmitOptions(boolean simd, boolean relaxedSimd) {
  /** SIMD without the relaxed instructions: every current engine. */
  public static final EmitOptions SIMD = new EmitOptions(true, false);

  /** SIMD with fused multiply-add. */
  public static final EmitOptions RELAXED = new EmitOptions(true, true);
}
