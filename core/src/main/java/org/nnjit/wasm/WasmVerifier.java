package org.nnjit.wasm;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks a module as an engine would: format, indices, limits, and the types of every instruction.
 * Unlike an engine's, its messages name the function, the instruction and both types.
 *
 * <p>Features that {@link Op} does not list (externref, exceptions, tail calls, memory64, several
 * memories, extended constant expressions) are rejected as unsupported.
 *
 * <p>Source: WebAssembly core specification 3.4 and the appendix "Validation algorithm".
 */
public final class WasmVerifier {
  private static final int MAX_PAGES = 65_536;
  private static final int MAX_TABLE_ELEMENTS = 10_000_000;

  private final ModuleContents module;

  /** Functions that ref.func may name: exported ones, and those in tables or globals. */
  private final BitSet referable = new BitSet();

  private WasmVerifier(ModuleContents module) {
    this.module = module;
  }

  /**
   * Checks a module.
   *
   * @throws WasmException saying what is wrong with it
   */
  public static void verify(byte[] bytes) {
    new WasmVerifier(new ModuleReader(bytes).read()).module();
  }

  private void module() {
    limits();
    for (int g = 0; g < module.globals.size(); g++) {
      ModuleContents.Global global = module.globals.get(g);
      if (global.initAt() >= 0) {
        constant(global.initAt(), global.type(), "global " + g, g);
      }
    }
    exports();
    if (module.start >= 0) {
      bound(module.start, module.functions.size(), "start function", "", 0);
      if (!module.signature(module.start).equals(":")) {
        throw new WasmException(0, "start function: wanted no parameters and no results");
      }
    }
    elements();
    for (int d = 0; d < module.data.size(); d++) {
      ModuleContents.Segment segment = module.data.get(d);
      if (segment.active()) {
        String where = "data segment " + d;
        bound(segment.index(), module.memories.size(), where, ", memory", segment.offsetAt());
        constant(segment.offsetAt(), ValType.I32, where, module.globals.size());
      }
    }
    for (int b = 0; b < module.bodies.size(); b++) {
      new FunctionVerifier(module, referable, module.importedFunctions + b, module.bodies.get(b))
          .verify();
    }
  }

  private void limits() {
    if (module.memories.size() > 1) {
      throw new WasmException(
          0, "module has ", module.memories.size(), " memories: more than 1 is unsupported");
    }
    for (ModuleContents.Limits memory : module.memories) {
      limits(memory, "memory", MAX_PAGES, MAX_PAGES);
    }
    for (ModuleContents.Limits table : module.tables) {
      limits(table, "table", MAX_TABLE_ELEMENTS, 0xffffffffL);
    }
  }

  private static void limits(ModuleContents.Limits it, String what, long maxMin, long maxMax) {
    long min = it.min() & 0xffffffffL;
    if (min > maxMin || it.max() > maxMax || (it.max() >= 0 && it.max() < min)) {
      throw new WasmException(
          0, what, ": limits ", min, " to ", it.max(), " are wrong, at most ", maxMin);
    }
  }

  private void exports() {
    Set<String> names = new HashSet<>();
    for (ModuleContents.Export export : module.exports) {
      String where = "export '" + export.name() + "'";
      if (!names.add(export.name())) {
        throw new WasmException(export.at(), where, " stands twice");
      }
      List<?> space =
          switch (export.kind()) {
            case ModuleContents.FUNCTION -> module.functions;
            case ModuleContents.TABLE -> module.tables;
            case ModuleContents.MEMORY -> module.memories;
            default -> module.globals;
          };
      bound(export.index(), space.size(), where, "", export.at());
      if (export.kind() == ModuleContents.FUNCTION) {
        referable.set(export.index());
      }
    }
  }

  private void elements() {
    for (int e = 0; e < module.elements.size(); e++) {
      ModuleContents.Segment segment = module.elements.get(e);
      String where = "element segment " + e;
      if (segment.active()) {
        bound(segment.index(), module.tables.size(), where, ", table", segment.offsetAt());
        constant(segment.offsetAt(), ValType.I32, where, module.globals.size());
      }
      if (segment.functions() != null) {
        for (int function : segment.functions()) {
          bound(function, module.functions.size(), where, ", function", segment.offsetAt());
          referable.set(function);
        }
      } else {
        for (int at : segment.expressionsAt()) {
          constant(at, ValType.FUNCREF, where, module.globals.size());
        }
      }
    }
  }

  /** One constant instruction of the wanted type, then end. */
  private void constant(int at, ValType wanted, String where, int globals) {
    CodeReader code = new CodeReader(module, where, at, module.bytes.length);
    code.next();
    ValType got =
        switch (code.op.text()) {
          case "i32.const", "i64.const", "f32.const", "f64.const", "v128.const", "ref.null" ->
              ValType.ofLetter(code.op.signature().charAt(1));
          case "ref.func" -> {
            bound(code.index, module.functions.size(), where, ", function", at);
            referable.set(code.index);
            yield ValType.FUNCREF;
          }
          case "global.get" -> {
            bound(code.index, globals, where, ", global", at);
            ModuleContents.Global global = module.globals.get(code.index);
            if (global.mutable()) {
              throw code.fail("global ", code.index, " is mutable, so not constant");
            }
            yield global.type();
          }
          default -> throw code.fail("not constant, or unsupported in a constant expression");
        };
    if (got != wanted) {
      throw code.fail("wanted ", wanted, ", got ", got);
    }
    code.next();
    if (code.op != Op.END) {
      throw code.fail("wanted end: longer constant expressions are unsupported");
    }
  }

  private static void bound(int index, int size, String where, String what, int at) {
    if (index < 0 || index >= size) {
      throw new WasmException(
          Math.max(at, 0), where, what, " ", Integer.toUnsignedString(index), " of ", size);
    }
  }
}
