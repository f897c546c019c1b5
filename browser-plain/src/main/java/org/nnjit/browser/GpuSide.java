package org.nnjit.browser;

import java.util.List;
import org.nnjit.plan.Tunable;
import org.nnjit.session.Compiler;
import org.nnjit.session.Session;
import org.nnjit.tune.Tuner;

/** In the place of the class of this name in the smaller of the two compilers for pages. */
final class GpuSide {
  private GpuSide() {}

  @SuppressWarnings("DoNotCallSuggester")
  static String answer(Session session, int plan, int kernel, String text) {
    throw new IllegalStateException("engine.wasm knows no GPU");
  }

  static String describe(Compiler.Compiled compiled) {
    return null;
  }

  static List<? extends Tunable> kernels(Compiler.Compiled compiled) {
    return compiled.plan().kernels();
  }

  static Tuner.Spaces spaces(Session session) {
    return Tuner.spaces(session.target());
  }
}
