package org.nnjit.wasm;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Checks the types of one function's body with an operand stack of type letters and a stack of open
 * blocks.
 *
 * <p>Source: WebAssembly core specification, appendix "Validation algorithm".
 */
final class FunctionVerifier {
  /** Type of an operand that unreachable code would have produced. */
  private static final char UNKNOWN = '?';

  private final ModuleContents module;
  private final BitSet referable;
  private final CodeReader code;
  private final String signature;
  private final String locals;

  private char[] stack = new char[32];
  private int height;

  // Open blocks: kind, type, height of the stack below it, and whether its end is unreachable.
  private Op[] blockOps = new Op[16];
  private String[] blockTypes = new String[16];
  private int[] blockHeights = new int[16];
  private boolean[] blockUnreachable = new boolean[16];
  private int blocks;

  FunctionVerifier(
      ModuleContents module, BitSet referable, int function, ModuleContents.Body body) {
    this.module = module;
    this.referable = referable;
    this.signature = module.signature(function);
    code = new CodeReader(module, module.describe(function), body.from(), body.to());
    String params = params(signature);
    locals = params + code.locals(params.length());
  }

  private static String params(String signature) {
    return signature.substring(0, signature.indexOf(':'));
  }

  private static String results(String signature) {
    return signature.substring(signature.indexOf(':') + 1);
  }

  void verify() {
    open(Op.BLOCK, ":" + results(signature));
    while (blocks > 0) {
      code.next();
      instruction();
    }
    if (code.pos != code.end) {
      throw code.fail(code.end - code.pos, " bytes follow the function's end");
    }
  }

  private void instruction() {
    Op op = code.op;
    immediates(op);
    if (!op.signature().isEmpty()) {
      String types = op.signature();
      int colon = types.indexOf(':');
      for (int i = colon - 1; i >= 0; i--) {
        pop(types.charAt(i));
      }
      for (int i = colon + 1; i < types.length(); i++) {
        push(types.charAt(i));
      }
      return;
    }
    switch (op.text()) {
      case "unreachable" -> unreachable();
      case "nop", "atomic.fence", "data.drop", "elem.drop" -> {}
      case "block", "loop" -> {
        popAll(params(code.block));
        open(op, code.block);
      }
      case "if" -> {
        pop('i');
        popAll(params(code.block));
        open(op, code.block);
      }
      case "else" -> {
        if (blockOps[blocks - 1] != Op.IF) {
          throw code.fail("no if is open here");
        }
        String type = close();
        open(Op.ELSE, type);
      }
      case "end" -> end();
      case "br" -> {
        popAll(label(code.index));
        unreachable();
      }
      case "br_if" -> {
        pop('i');
        String types = label(code.index);
        popAll(types);
        pushAll(types);
      }
      case "br_table" -> branchTable();
      case "return" -> {
        popAll(results(signature));
        unreachable();
      }
      case "call" -> call(module.signature(code.index));
      case "call_indirect" -> {
        pop('i');
        call(module.types.get(code.index));
      }
      case "drop" -> popAny();
      case "select" -> {
        if (op == Op.SELECT) {
          select();
          return;
        }
        pop('i');
        pop(code.type.letter);
        pop(code.type.letter);
        push(code.type.letter);
      }
      case "local.get" -> push(locals.charAt(code.index));
      case "local.set" -> pop(locals.charAt(code.index));
      case "local.tee" -> {
        pop(locals.charAt(code.index));
        push(locals.charAt(code.index));
      }
      case "global.get" -> push(module.globals.get(code.index).type().letter);
      case "global.set" -> {
        if (!module.globals.get(code.index).mutable()) {
          throw code.fail("global ", code.index, " is immutable");
        }
        pop(module.globals.get(code.index).type().letter);
      }
      default -> throw code.fail("no typing rule");
    }
  }

  /** Bounds of indices, lanes and alignments. */
  private void immediates(Op op) {
    switch (op.immediate) {
      case FUNCTION -> {
        bound(code.index, module.functions.size(), "function");
        if (op == Op.REF_FUNC && !referable.get(code.index)) {
          throw code.fail("function ", code.index, " is neither exported nor in a table");
        }
      }
      case TYPE_TABLE -> {
        bound(code.index, module.types.size(), "type");
        bound(code.index2, module.tables.size(), "table");
      }
      case LOCAL -> bound(code.index, locals.length(), "local");
      case GLOBAL -> bound(code.index, module.globals.size(), "global");
      case TABLE -> bound(code.index, module.tables.size(), "table");
      case TABLE_TABLE -> {
        bound(code.index, module.tables.size(), "table");
        bound(code.index2, module.tables.size(), "table");
      }
      case ELEMENTS -> bound(code.index, module.elements.size(), "element segment");
      case ELEMENTS_TABLE -> {
        bound(code.index, module.elements.size(), "element segment");
        bound(code.index2, module.tables.size(), "table");
      }
      case DATA -> dataSegment();
      case DATA_MEMORY -> {
        dataSegment();
        memory();
      }
      case MEMORY, MEMORY_MEMORY -> memory();
      case MEMARG, MEMARG_LANE -> {
        memory();
        boolean tooLarge = code.alignLog2 < 0 || code.alignLog2 > op.alignLog2;
        if (tooLarge || (op.isAtomic() && code.alignLog2 != op.alignLog2)) {
          throw code.fail(
              "alignment 2^",
              Integer.toUnsignedString(code.alignLog2),
              op.isAtomic() ? ", wanted 2^" : ", at most 2^",
              op.alignLog2);
        }
        if (op.immediate == Immediate.MEMARG_LANE) {
          bound(code.index, op.lanes(), "lane");
        }
      }
      case LANE -> bound(code.index, op.lanes(), "lane");
      case SHUFFLE -> {
        for (int i = 0; i < 16; i++) {
          bound(module.bytes[code.bytesAt + i] & 0xff, 32, "lane");
        }
      }
      default -> {}
    }
  }

  private void bound(int index, int size, String what) {
    if (index < 0 || index >= size) {
      throw code.fail(what, " ", Integer.toUnsignedString(index), " of ", size);
    }
  }

  private void memory() {
    if (module.memories.isEmpty()) {
      throw code.fail("the module has no memory");
    }
  }

  private void dataSegment() {
    if (module.dataCount < 0) {
      throw code.fail("the module has no data count section");
    }
    bound(code.index, module.dataCount, "data segment");
  }

  private void call(String type) {
    popAll(params(type));
    pushAll(results(type));
  }

  private void select() {
    pop('i');
    char a = popAny();
    char b = popAny();
    if (a == 'r' || b == 'r') {
      throw code.fail("wanted numbers or vectors, got funcref; use the typed select");
    }
    if (a != b && a != UNKNOWN && b != UNKNOWN) {
      throw code.fail("wanted two operands of one type, got ", text(b), " and ", text(a));
    }
    push(a == UNKNOWN ? b : a);
  }

  private void branchTable() {
    pop('i');
    String types = label(code.index);
    for (int target : code.targets) {
      String other = label(target);
      if (other.length() != types.length()) {
        throw code.fail(
            "target ",
            target,
            " takes (",
            ValType.names(other),
            "), the default (",
            ValType.names(types),
            ")");
      }
      check(other);
    }
    popAll(types);
    unreachable();
  }

  private void end() {
    Op op = blockOps[blocks - 1];
    String type = close();
    if (op == Op.IF && !params(type).equals(results(type))) {
      throw code.fail("if without else must give what it takes, its type is ", type);
    }
    pushAll(results(type));
  }

  private void open(Op op, String type) {
    if (blocks == blockOps.length) {
      blockOps = Arrays.copyOf(blockOps, blocks * 2);
      blockTypes = Arrays.copyOf(blockTypes, blocks * 2);
      blockHeights = Arrays.copyOf(blockHeights, blocks * 2);
      blockUnreachable = Arrays.copyOf(blockUnreachable, blocks * 2);
    }
    blockOps[blocks] = op;
    blockTypes[blocks] = type;
    blockHeights[blocks] = height;
    blockUnreachable[blocks] = false;
    blocks++;
    pushAll(params(type));
  }

  /** Checks the results of the innermost block, closes it and returns its type. */
  private String close() {
    String type = blockTypes[blocks - 1];
    popAll(results(type));
    int left = height - blockHeights[blocks - 1];
    if (left != 0) {
      throw code.fail(
          left,
          " more operands than the results (",
          ValType.names(results(type)),
          "), the top one is ",
          text(stack[height - 1]));
    }
    blocks--;
    return type;
  }

  /** Types that a branch to a label carries. */
  private String label(int depth) {
    if (depth < 0 || depth >= blocks) {
      throw code.fail("label ", Integer.toUnsignedString(depth), " of ", blocks);
    }
    int b = blocks - 1 - depth;
    return blockOps[b] == Op.LOOP ? params(blockTypes[b]) : results(blockTypes[b]);
  }

  private void unreachable() {
    height = blockHeights[blocks - 1];
    blockUnreachable[blocks - 1] = true;
  }

  private void push(char type) {
    if (height == stack.length) {
      stack = Arrays.copyOf(stack, height * 2);
    }
    stack[height++] = type;
  }

  private void pushAll(String types) {
    for (int i = 0; i < types.length(); i++) {
      push(types.charAt(i));
    }
  }

  private char popAny() {
    if (height == blockHeights[blocks - 1]) {
      if (blockUnreachable[blocks - 1]) {
        return UNKNOWN;
      }
      throw code.fail("wanted an operand, got an empty stack");
    }
    return stack[--height];
  }

  private void pop(char wanted) {
    if (height == blockHeights[blocks - 1] && !blockUnreachable[blocks - 1]) {
      throw code.fail("wanted ", text(wanted), ", got an empty stack");
    }
    char got = popAny();
    if (got != wanted && got != UNKNOWN) {
      throw code.fail("wanted ", text(wanted), ", got ", text(got));
    }
  }

  private void popAll(String types) {
    for (int i = types.length() - 1; i >= 0; i--) {
      pop(types.charAt(i));
    }
  }

  /** Like {@link #popAll}, leaving the stack as it is. */
  private void check(String types) {
    int kept = height;
    popAll(types);
    height = kept;
  }

  private static String text(char letter) {
    return letter == UNKNOWN ? "anything" : ValType.ofLetter(letter).text();
  }
}
