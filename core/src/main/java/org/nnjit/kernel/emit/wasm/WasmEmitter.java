package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Tile;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.WasmModule;

/**
 * Prints loop nests as functions of a module. A kernel becomes a function {@code (base of each
 * buffer, begin, end)}, all i32: byte addresses in memory 0, which the module must import or
 * declare, and the parts to do. Each tile becomes a function of its own.
 *
 * <p>Byte addresses are unsigned 32-bit. A load or store may span its whole vector, never more. A
 * constant is moved into the offset of an access only when the rest of the address is known not to
 * wrap below zero.
 */
public final class WasmEmitter {
  private final WasmModule module;
  private final EmitOptions options;
  private final SharedFunctions shared;
  private final List<Tile> tiles = new ArrayList<>();
  private final List<FunctionBuilder> tileFunctions = new ArrayList<>();

  /** An emitter into a module; tiles and shared functions are printed once for each emitter. */
  public WasmEmitter(WasmModule module, EmitOptions options) {
    this.module = module;
    this.options = options;
    this.shared = new SharedFunctions(module);
  }

  /**
   * Prints a kernel and its tiles.
   *
   * @return index of the kernel's function
   * @throws IllegalStateException when the loops are malformed: a bug of the schedule
   */
  public int emit(LoopNest nest) {
    List<Buffer> buffers = nest.buffers();
    StringBuilder signature = new StringBuilder();
    for (int i = 0; i < buffers.size(); i++) {
      signature.append('i');
    }
    FunctionBuilder code = module.function(nest.name(), signature.append("ii:").toString());
    FunctionEmitter function = new FunctionEmitter(this, code, buffers);
    function.parameter(nest.begin(), buffers.size(), true);
    function.parameter(nest.end(), buffers.size() + 1, true);
    function.statement(nest.body());
    return code.index();
  }

  EmitOptions options() {
    return options;
  }

  SharedFunctions shared() {
    return shared;
  }

  /** Index of a tile's function, which is printed when it is first called. */
  int tile(Tile tile) {
    for (int i = 0; i < tiles.size(); i++) {
      if (tiles.get(i) == tile) {
        return tileFunctions.get(i).index();
      }
    }
    StringBuilder signature = new StringBuilder();
    for (int i = 0; i < tile.params().size(); i++) {
      LType type = tile.params().get(i).type();
      if (type != LType.I32 && type != LType.PTR) {
        throw new IllegalStateException(
            "tile " + tile.name() + ": parameter " + tile.params().get(i) + " is " + type
                + ", wanted I32 or PTR");
      }
      signature.append('i');
    }
    FunctionBuilder code = module.function(tile.name(), signature.append(':').toString());
    tiles.add(tile);
    tileFunctions.add(code);
    FunctionEmitter function = new FunctionEmitter(this, code, List.of());
    for (int i = 0; i < tile.params().size(); i++) {
      function.parameter(tile.params().get(i), i, false);
    }
    function.statement(tile.body());
    return code.index();
  }
}
