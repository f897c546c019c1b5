package org.nnjit.wasm;

/**
 * A module is malformed or invalid. nnJIT only meets modules that it wrote itself, so this is our
 * bug and not the user's; the message names function, byte offset, instruction, what was wanted and
 * what stands there.
 */
public final class WasmException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final int offset;

  WasmException(int offset, Object... parts) {
    super(join(join(parts), " (at byte ", offset, ")"));
    this.offset = offset;
  }

  /**
   * The parts as one text. Messages are joined here and not by {@code +}, which TeaVM expands to
   * some hundred bytes of JavaScript at each place.
   */
  static String join(Object... parts) {
    StringBuilder text = new StringBuilder();
    for (Object part : parts) {
      text.append(part);
    }
    return text.toString();
  }

  /** Byte of the module at fault. */
  public int offset() {
    return offset;
  }
}
