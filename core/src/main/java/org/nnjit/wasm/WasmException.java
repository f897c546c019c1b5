package org.nnjit.wasm;

/**
 * A module is malformed or invalid. nnJIT only meets modules that it wrote itself, so this is our
 * bug and not the user's; the message names function, byte offset, instruction, what was wanted and
 * what stands there.
 */
public final class WasmException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final int offset;

  WasmException(String message, int offset) {
    super(message + " (at byte " + offset + ")");
    this.offset = offset;
  }

  /** Byte of the module at fault. */
  public int offset() {
    return offset;
  }
}
