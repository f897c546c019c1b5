package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Tile;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.WasmModule;

/**
 * Prints loop nests as functions of a module. A kernel becomes a function {@code (base of each
 * buffer, begin, end)}, all i32: byte addresses in memory 0, which the module must import or
 * declare, and the parts to do. Each tile becomes a function {@code (base of each buffer,
 * parameters)} of its own.
 *
 * <p>Byte addresses are unsigned 32-bit. A load or store spans its whole vector, never more. A
 * constant is moved into the offset of an access only when the rest of the address is known not to
 * wrap below zero; a pointer held in a local must not be below address 0.
 */
public final class WasmEmitter {
  private final WasmModule module;
  private final EmitOptions options;
  private final SharedFunctions shared = new SharedFunctions(this);
  private final List<FunctionBuilder> emitted = new ArrayList<>();

  /** Tiles of the kernel under way and their functions. */
  private final List<Tile> tiles = new ArrayList<>();

  private final List<FunctionBuilder> tileFunctions = new ArrayList<>();
  private LoopNest kernel;

  /** An emitter into a module; functions that kernels share are printed once for each emitter. */
  public WasmEmitter(WasmModule module, EmitOptions options) {
    this.module = module;
    this.options = options;
  }

  /** The function type of a kernel with this many buffers. */
  public static String signature(int buffers) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < buffers + 2; i++) {
      s.append('i');
    }
    return s.append(':').toString();
  }

  /** Bytes of instructions of the functions emitted since the last call. */
  public int takeBytes() {
    int bytes = 0;
    for (FunctionBuilder function : emitted) {
      bytes += function.codeBytes();
    }
    emitted.clear();
    return bytes;
  }

  /**
   * Adds a kernel and its tiles to the module and returns the function to call.
   *
   * @throws IllegalStateException when the loops are malformed: a bug of the schedule
   */
  public FunctionBuilder emit(LoopNest nest) {
    kernel = nest;
    tiles.clear();
    tileFunctions.clear();
    int buffers = nest.buffers().size();
    FunctionBuilder code = function(nest.name(), signature(buffers));
    FunctionEmitter function = new FunctionEmitter(this, code, nest.buffers());
    function.parameter(nest.begin(), buffers, true);
    function.parameter(nest.end(), buffers + 1, true);
    function.statement(nest.body());
    return code;
  }

  FunctionBuilder function(String name, String signature) {
    FunctionBuilder function = module.function(name, signature);
    emitted.add(function);
    return function;
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
      if (tiles.get(i).equals(tile)) {
        return tileFunctions.get(i).index();
      }
    }
    List<Buffer> buffers = kernel.buffers();
    StringBuilder signature = new StringBuilder();
    for (int i = 0; i < buffers.size() + tile.params().size(); i++) {
      signature.append('i');
    }
    FunctionBuilder code =
        function(kernel.name() + "__" + tile.name(), signature.append(':').toString());
    tiles.add(tile);
    tileFunctions.add(code);
    FunctionEmitter function = new FunctionEmitter(this, code, buffers);
    for (int i = 0; i < tile.params().size(); i++) {
      Local param = tile.params().get(i);
      if (param.type() != LType.I32 && param.type() != LType.PTR) {
        throw new IllegalStateException(
            "tile "
                + tile.name()
                + ": parameter "
                + param
                + " is "
                + param.type()
                + ", wanted I32 or PTR");
      }
      function.parameter(param, buffers.size() + i, false);
    }
    function.statement(tile.body());
    return code.index();
  }
}
