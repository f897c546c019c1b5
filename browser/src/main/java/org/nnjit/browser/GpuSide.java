package org.nnjit.browser;

import org.nnjit.session.Compiler;
import org.nnjit.session.GpuBackend;
import org.nnjit.session.Session;

/**
 * What sessions on a GPU need of the compiler. The module {@code browser-plain} has another class in
 * its place, so that pages without WebGPU load less.
 */
final class GpuSide {
  private GpuSide() {}

  /** Plans of a session are made for a GPU of these limits from now on; {@link Engine#useGpu}. */
  static void use(Session session, String limits) {
    session.backend(new GpuBackend(GpuPlanJson.target(limits)));
  }

  /** A plan for a GPU as JSON, or null for one of WebAssembly. */
  static String describe(Compiler.Compiled compiled) {
    return compiled.gpu() == null ? null : GpuPlanJson.of(compiled);
  }
}
