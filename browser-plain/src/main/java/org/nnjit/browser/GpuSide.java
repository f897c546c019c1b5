package org.nnjit.browser;

import org.nnjit.session.Compiler;
import org.nnjit.session.Session;

/** In the place of the class of this name in the smaller of the two compilers for pages. */
final class GpuSide {
  private GpuSide() {}

  @SuppressWarnings("DoNotCallSuggester")
  static void use(Session session, String limits) {
    throw new IllegalStateException("engine.wasm knows no GPU");
  }

  static String describe(Compiler.Compiled compiled) {
    return null;
  }
}
