package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What {@link ModuleReader} found in a module; code and constant expressions stay bytes. */
final class ModuleContents {
  static final int FUNCTION = 0;
  static final int TABLE = 1;
  static final int MEMORY = 2;
  static final int GLOBAL = 3;

  /** An import; {@code index} counts within its kind. */
  record Import(String from, String name, int kind, int index) {}

  /** An export of item {@code index} of a kind; {@code at} is its byte. */
  record Export(String name, int kind, int index, int at) {}

  /** Bounds of a memory in pages or of a table in elements, unsigned; -1 is no maximum. */
  record Limits(int min, long max, boolean shared) {}

  /** A global; {@code initAt} is its constant expression, -1 when imported. */
  record Global(ValType type, boolean mutable, int initAt) {}

  /** Bytes of a function's body, its locals included. */
  record Body(int from, int to) {}

  /**
   * An element or data segment.
   *
   * @param active whether it is written when the module starts
   * @param index its table or memory
   * @param offsetAt its offset expression, -1 when not active
   * @param functions element segments: indices of functions, -1 for null
   * @param expressionsAt element segments of expressions: where each begins, else null
   * @param from data segments: first byte
   * @param to data segments: end
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Segment(
      boolean active,
      boolean declarative,
      int index,
      int offsetAt,
      int[] functions,
      int[] expressionsAt,
      int from,
      int to) {}

  final byte[] bytes;
  final List<String> types = new ArrayList<>();
  final List<Import> imports = new ArrayList<>();

  /** Type index of each function, imported ones first. */
  final List<Integer> functions = new ArrayList<>();

  final List<Limits> tables = new ArrayList<>();
  final List<Limits> memories = new ArrayList<>();
  final List<Global> globals = new ArrayList<>();
  final List<Export> exports = new ArrayList<>();
  final List<Segment> elements = new ArrayList<>();
  final List<Segment> data = new ArrayList<>();
  final List<Body> bodies = new ArrayList<>();
  final Map<Integer, String> names = new HashMap<>();
  int importedFunctions;
  int start = -1;
  int dataCount = -1;

  ModuleContents(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Signature of a function whose index was checked. */
  String signature(int function) {
    return types.get(functions.get(function));
  }

  /** {@code function 3 'gemm'}. */
  String describe(int function) {
    String name = names.get(function);
    return "function " + function + (name == null ? "" : " '" + name + "'");
  }
}
