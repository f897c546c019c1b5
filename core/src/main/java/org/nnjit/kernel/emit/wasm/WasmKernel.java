package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LoopNest;
import org.nnjit.wasm.WasmModule;

/** A module that holds one kernel, for tests and for measuring candidates. */
public final class WasmKernel {
  /** Pages of 64 KiB in 4 GiB. */
  private static final int MAX_PAGES = 65536;

  private WasmKernel() {}

  /**
   * A module that imports its memory as {@code env.memory} and exports the kernel as {@code run},
   * which takes the byte address of each buffer, then begin and end.
   *
   * @param sharedMemory whether the memory it will be given is shared
   */
  public static byte[] standalone(LoopNest nest, EmitOptions options, boolean sharedMemory) {
    WasmModule module = new WasmModule();
    module.importMemory("env", "memory", 0, sharedMemory ? MAX_PAGES : -1, sharedMemory);
    module.export("run", new WasmEmitter(module, options).emit(nest));
    return module.toBytes(false);
  }
}
