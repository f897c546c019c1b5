package org.nnjit.schedule;

/** What a WebAssembly engine may or may not have. */
public enum Feature {
  /** 128-bit vectors. */
  SIMD("simd"),
  /** Fused multiply-add and other relaxed vector instructions. */
  RELAXED_SIMD("relaxed-simd"),
  /** Relaxed dot products of 8-bit integers that add up: in V8 11.3 they do not. */
  RELAXED_DOT("relaxed-dot"),
  /** Shared memory and atomics; in a page this needs cross-origin isolation too. */
  THREADS("threads");

  private final String text;

  Feature(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
