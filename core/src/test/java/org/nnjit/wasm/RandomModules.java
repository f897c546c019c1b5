package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Valid modules with random functions: every instruction, nested blocks, dead code, calls. */
final class RandomModules {
  private static final ValType[] TYPES = ValType.values();

  private final Random random;
  private final List<String> signatures = new ArrayList<>();
  private final List<FunctionBuilder> functions = new ArrayList<>();
  private WasmModule module;
  private FunctionBuilder f;
  private String signature;

  /** Result types of the open blocks' labels, innermost last. */
  private final List<String> labels = new ArrayList<>();

  private RandomModules(Random random) {
    this.random = random;
  }

  static byte[] next(Random random) {
    return new RandomModules(random).build();
  }

  private byte[] build() {
    module = OpSamples.surroundings();
    module.global(ValType.F64, random.nextBoolean(), random.nextLong());
    module.table(1 + random.nextInt(3), -1);
    int n = 1 + random.nextInt(4);
    for (int i = 0; i < n; i++) {
      String s = letters(4) + ":" + letters(2);
      signatures.add(s);
      functions.add(module.function("f" + i, s));
      module.export("e" + i, functions.get(i));
    }
    module.elements(random.nextInt(2), 0, 0);
    for (int i = 0; i < n; i++) {
      f = functions.get(i);
      signature = signatures.get(i);
      for (int l = random.nextInt(6); l > 0; l--) {
        f.newLocal(TYPES[random.nextInt(TYPES.length)]);
      }
      String results = results(signature);
      labels.add(results);
      finish(body(4 + random.nextInt(30)), results);
      labels.clear();
    }
    return module.toBytes(random.nextBoolean());
  }

  private String letters(int max) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(max + 1); n > 0; n--) {
      text.append(TYPES[random.nextInt(TYPES.length)].letter());
    }
    return text.toString();
  }

  private static String params(String signature) {
    return signature.substring(0, signature.indexOf(':'));
  }

  private static String results(String signature) {
    return signature.substring(signature.indexOf(':') + 1);
  }

  /** Emits instructions on an empty stack; returns the stack, or null when it is unreachable. */
  private String body(int length) {
    String stack = "";
    for (int i = 0; i < length && stack != null; i++) {
      stack = step(stack);
    }
    return stack;
  }

  /** Brings the stack to exactly the wanted types. */
  private void finish(String stack, String wanted) {
    if (stack == null && random.nextBoolean()) {
      // Dead code: the stack may hold any suffix of what is wanted.
      for (int i = random.nextInt(wanted.length() + 1); i < wanted.length(); i++) {
        constant(wanted.charAt(i));
      }
      return;
    }
    for (int i = stack == null ? 0 : stack.length(); i > 0; i--) {
      f.op(Op.DROP);
    }
    for (int i = 0; i < wanted.length(); i++) {
      constant(wanted.charAt(i));
    }
  }

  private String step(String stack) {
    return switch (random.nextInt(20)) {
      case 0, 1 -> block(stack);
      case 2 -> branch(stack);
      case 3, 4, 5 -> variable(stack);
      case 6 -> call(stack);
      case 7 -> {
        if (stack.isEmpty()) {
          yield stack;
        }
        f.op(Op.DROP);
        yield stack.substring(0, stack.length() - 1);
      }
      case 8 -> {
        char type = TYPES[random.nextInt(TYPES.length)].letter();
        constant(type);
        constant(type);
        constant('i');
        if (type == 'r') {
          f.selectTyped(ValType.FUNCREF);
        } else {
          f.op(Op.SELECT);
        }
        yield stack + type;
      }
      default -> plain(stack);
    };
  }

  private String plain(String stack) {
    Op op = OpSamples.ALL.get(random.nextInt(OpSamples.ALL.size()));
    if (op.signature().isEmpty()) {
      return stack;
    }
    String operands = params(op.signature());
    int common = operands.length();
    while (!stack.endsWith(operands.substring(0, common))) {
      common--;
    }
    for (int i = common; i < operands.length(); i++) {
      constant(operands.charAt(i));
    }
    emit(op);
    return stack.substring(0, stack.length() - common) + results(op.signature());
  }

  private void emit(Op op) {
    switch (op.immediate()) {
      case MEMARG -> {
        int align = op.isAtomic() ? op.naturalAlignBytes() : 1 << random.nextInt(op.alignLog2 + 1);
        f.memory(op, align, random.nextInt());
      }
      case MEMARG_LANE -> f.memoryLane(op, 1, random.nextInt(), random.nextInt(op.lanes()));
      case LANE -> f.lane(op, random.nextInt(op.lanes()));
      case TABLE -> f.indexed(op, random.nextInt(2));
      case TABLE_TABLE -> f.indexed(op, random.nextInt(2), random.nextInt(2));
      case ELEMENTS_TABLE -> f.indexed(op, 0, random.nextInt(2));
      default -> OpSamples.emit(f, op, 0);
    }
  }

  private void constant(char type) {
    switch (type) {
      case 'i' -> f.i32(random.nextInt() >> random.nextInt(32));
      case 'l' -> f.i64(random.nextLong() >> random.nextInt(64));
      case 'f' -> f.f32(random.nextFloat());
      case 'd' -> f.f64(random.nextDouble());
      case 'v' -> f.v128(random.nextInt(), random.nextInt(), random.nextInt(), random.nextInt());
      default -> {
        if (random.nextBoolean()) {
          f.refNull();
        } else {
          f.refFunc(random.nextInt(functions.size()));
        }
      }
    }
  }

  private String variable(String stack) {
    int params = params(signature).length();
    if (random.nextInt(4) == 0) {
      f.globalGet(0);
      f.globalSet(0);
      f.globalGet(1);
      return stack + 'd';
    }
    if (params == 0) {
      return stack;
    }
    int local = random.nextInt(params);
    char type = signature.charAt(local);
    if (!stack.isEmpty() && stack.charAt(stack.length() - 1) == type) {
      if (random.nextBoolean()) {
        f.tee(local);
        return stack;
      }
      f.set(local);
      return stack.substring(0, stack.length() - 1);
    }
    f.get(local);
    return stack + type;
  }

  private String call(String stack) {
    int callee = random.nextInt(functions.size());
    for (char c : params(signatures.get(callee)).toCharArray()) {
      constant(c);
    }
    if (random.nextBoolean()) {
      f.call(callee);
    } else {
      constant('i');
      f.callIndirect(functions.get(callee).typeIndex(), random.nextInt(2));
    }
    return stack + results(signatures.get(callee));
  }

  private String block(String stack) {
    if (labels.size() > 5) {
      return stack;
    }
    ValType type = random.nextBoolean() ? null : TYPES[random.nextInt(TYPES.length)];
    String results = type == null ? "" : "" + type.letter();
    int kind = random.nextInt(3);
    switch (kind) {
      case 0 -> {
        if (type == null) {
          f.block();
        } else {
          f.block(type);
        }
      }
      case 1 -> {
        if (type == null) {
          f.loop();
        } else {
          f.loop(type);
        }
      }
      default -> {
        constant('i');
        if (type == null) {
          f.ifThen();
        } else {
          f.ifThen(type);
        }
      }
    }
    labels.add(kind == 1 ? "" : results);
    finish(body(random.nextInt(8)), results);
    if (kind == 2 && (type != null || random.nextBoolean())) {
      f.elseThen();
      finish(body(random.nextInt(8)), results);
    }
    labels.remove(labels.size() - 1);
    f.end();
    return stack + results;
  }

  private String branch(String stack) {
    int depth = random.nextInt(labels.size());
    String types = labels.get(labels.size() - 1 - depth);
    for (char c : types.toCharArray()) {
      constant(c);
    }
    switch (random.nextInt(8)) {
      case 0 -> f.br(depth);
      case 1 -> {
        constant('i');
        int[] depths = new int[random.nextInt(3)];
        Arrays.fill(depths, depth);
        f.brTable(depths, depth);
      }
      case 2 -> f.op(Op.UNREACHABLE);
      case 3 -> {
        for (char c : results(signature).toCharArray()) {
          constant(c);
        }
        f.ret();
      }
      default -> {
        constant('i');
        f.brIf(depth);
        return stack + types;
      }
    }
    return null;
  }
}
