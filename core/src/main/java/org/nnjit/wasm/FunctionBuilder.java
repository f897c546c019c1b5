package org.nnjit.wasm;

import java.util.Arrays;

/**
 * Emits the body of one function, instruction by instruction, straight into bytes. Nothing is
 * allocated per instruction, since kernels are emitted while a page waits; {@link WasmVerifier}
 * checks types afterwards. The final {@code end} of the function is added by itself.
 *
 * <p>Misuse (wrong immediate, unbalanced block) throws {@link IllegalStateException}.
 */
public final class FunctionBuilder {
  private static final int FREE = 0x80;

  private final WasmModule module;
  private final String name;
  private final int index;
  private final int typeIndex;
  private final String params;
  private final Bytes code = new Bytes(1024);

  /** Letters of the locals after the parameters, with {@link #FREE} set while released. */
  private byte[] locals = new byte[32];

  private int localCount;
  private int depth;
  private int featureMask;

  FunctionBuilder(WasmModule module, String name, int index, int typeIndex, String params) {
    this.module = module;
    this.name = name;
    this.index = index;
    this.typeIndex = typeIndex;
    this.params = params;
  }

  public String name() {
    return name;
  }

  /** Index in the module's function space, for {@link #call(int)}; known from the start. */
  public int index() {
    return index;
  }

  /** Index of the function's type, for {@link #callIndirect(int, int)}. */
  public int typeIndex() {
    return typeIndex;
  }

  /** Bytes of code so far. */
  public int codeBytes() {
    return code.size();
  }

  int featureMask() {
    return featureMask;
  }

  // Locals.

  /** Index of a parameter as a local. */
  public int param(int i) {
    if (i < 0 || i >= params.length()) {
      throw misuse("has ", params.length(), " parameters, asked for parameter ", i);
    }
    return i;
  }

  /**
   * A local of this type: one that was released, or else a new one. A new local holds zero, a
   * released one whatever it held.
   */
  public int local(ValType type) {
    byte free = (byte) (type.letter | FREE);
    for (int i = 0; i < localCount; i++) {
      if (locals[i] == free) {
        locals[i] = (byte) type.letter;
        return params.length() + i;
      }
    }
    return newLocal(type);
  }

  /** A local of this type that nobody has used: it holds zero. */
  public int newLocal(ValType type) {
    if (type == ValType.V128) {
      featureMask |= Feature.SIMD.mask();
    }
    if (localCount == locals.length) {
      locals = Arrays.copyOf(locals, localCount * 2);
    }
    locals[localCount++] = (byte) type.letter;
    return params.length() + localCount - 1;
  }

  /** Gives a local back for {@link #local} to hand out again. */
  public void release(int local) {
    int i = local - params.length();
    if (i < 0 || i >= localCount || locals[i] < 0) {
      throw misuse("local ", local, " is a parameter, unknown or already released");
    }
    locals[i] |= (byte) FREE;
  }

  // Plain instructions and constants.

  /** An instruction without immediate. */
  public void op(Op op) {
    emit(op, Immediate.NONE);
  }

  public void i32(int value) {
    code.u8(0x41);
    code.s32(value);
  }

  public void i64(long value) {
    code.u8(0x42);
    code.s64(value);
  }

  public void f32(float value) {
    code.u8(0x43);
    code.fixed32(Float.floatToRawIntBits(value));
  }

  public void f64(double value) {
    long bits = Double.doubleToRawLongBits(value);
    code.u8(0x44);
    code.fixed32((int) bits);
    code.fixed32((int) (bits >>> 32));
  }

  /** A vector constant of 16 bytes, lane 0 first. */
  public void v128(byte[] bytes) {
    if (bytes.length != 16) {
      throw misuse("v128.const wants 16 bytes, got ", bytes.length);
    }
    emit(Op.V128_CONST, Immediate.V128);
    code.bytes(bytes);
  }

  /** A vector constant of four i32 lanes. */
  public void v128(int lane0, int lane1, int lane2, int lane3) {
    emit(Op.V128_CONST, Immediate.V128);
    code.fixed32(lane0);
    code.fixed32(lane1);
    code.fixed32(lane2);
    code.fixed32(lane3);
  }

  /** A vector constant of four equal 32-bit lanes. */
  public void splat(int lane) {
    v128(lane, lane, lane, lane);
  }

  /** A vector constant of four f32 lanes. */
  public void v128Floats(float lane0, float lane1, float lane2, float lane3) {
    v128(
        Float.floatToRawIntBits(lane0),
        Float.floatToRawIntBits(lane1),
        Float.floatToRawIntBits(lane2),
        Float.floatToRawIntBits(lane3));
  }

  // Variables.

  public void get(int local) {
    code.u8(0x20);
    code.u32(local);
  }

  public void set(int local) {
    code.u8(0x21);
    code.u32(local);
  }

  public void tee(int local) {
    code.u8(0x22);
    code.u32(local);
  }

  public void globalGet(int global) {
    code.u8(0x23);
    code.u32(global);
  }

  public void globalSet(int global) {
    code.u8(0x24);
    code.u32(global);
  }

  // Memory.

  /** A load, store or atomic access at {@code address + offset}, naturally aligned. */
  public void memory(Op op, int offset) {
    memory(op, op.naturalAlignBytes(), offset);
  }

  /**
   * A load, store or atomic access.
   *
   * @param alignBytes a hint, a power of two not above the natural alignment
   * @param offset bytes added to the address, read as unsigned 32 bits
   */
  public void memory(Op op, int alignBytes, int offset) {
    memarg(op, Immediate.MEMARG, alignBytes, offset);
  }

  /** Like {@link #memory(Op, int, int)} with an offset of 0 to 2^32-1 bytes. */
  public void memory(Op op, int alignBytes, long offset) {
    if (offset >>> 32 != 0) {
      throw misuse(op.text(), " wants an offset of 0 to 2^32-1, got ", offset);
    }
    memory(op, alignBytes, (int) offset);
  }

  /** A load or store of one lane, {@code v128.load32_lane} and its like. */
  public void memoryLane(Op op, int alignBytes, int offset, int lane) {
    memarg(op, Immediate.MEMARG_LANE, alignBytes, offset);
    code.u8(lane);
  }

  private void memarg(Op op, Immediate wanted, int alignBytes, int offset) {
    int log2 = 31 - Integer.numberOfLeadingZeros(alignBytes);
    boolean isPowerOfTwo = alignBytes == 1 << log2;
    if (!isPowerOfTwo || log2 > op.alignLog2 || (log2 != op.alignLog2 && op.isAtomic())) {
      throw misuse(
          op.text(),
          " got alignment ",
          alignBytes,
          ", its natural one is ",
          op.naturalAlignBytes());
    }
    emit(op, wanted);
    code.u32(log2);
    code.u32(offset);
  }

  /** {@code atomic.fence}. */
  public void fence() {
    emit(Op.ATOMIC_FENCE, Immediate.FENCE);
    code.u8(0);
  }

  // Lanes.

  /** Extracts or replaces a lane. */
  public void lane(Op op, int lane) {
    emit(op, Immediate.LANE);
    code.u8(lane);
  }

  /** {@code i8x16.shuffle}: byte i of the result is byte {@code lanes[i]} of the two operands. */
  public void shuffle(int... lanes) {
    if (lanes.length != 16) {
      throw misuse("i8x16.shuffle wants 16 lanes, got ", lanes.length);
    }
    emit(Op.I8X16_SHUFFLE, Immediate.SHUFFLE);
    for (int lane : lanes) {
      code.u8(lane);
    }
  }

  // Control.

  /** Opens a block without result and returns its label for {@link #brTo}. */
  public int block() {
    return open(0x02, 0x40);
  }

  /** Opens a block with one result. */
  public int block(ValType result) {
    return open(0x02, result.code);
  }

  /** Opens a loop without result; a branch to its label starts the next turn. */
  public int loop() {
    return open(0x03, 0x40);
  }

  /** Opens a loop with one result. */
  public int loop(ValType result) {
    return open(0x03, result.code);
  }

  /** Pops an i32 and opens a block that runs when it is not zero. */
  public int ifThen() {
    return open(0x04, 0x40);
  }

  /** Like {@link #ifThen()} with one result; needs an {@link #elseThen()}. */
  public int ifThen(ValType result) {
    return open(0x04, result.code);
  }

  private int open(int opcode, int blockType) {
    code.u8(opcode);
    code.u8(blockType);
    return ++depth;
  }

  public void elseThen() {
    if (depth == 0) {
      throw misuse("else without an open if");
    }
    code.u8(0x05);
  }

  /** Closes the innermost block, loop or if. */
  public void end() {
    if (depth == 0) {
      throw misuse("end without an open block; the function's own end is added by itself");
    }
    depth--;
    code.u8(0x0b);
  }

  /** Branch out of {@code depth} blocks and to the next one's label; 0 is the innermost. */
  public void br(int depth) {
    code.u8(0x0c);
    code.u32(depth);
  }

  /** Pops an i32 and branches when it is not zero. */
  public void brIf(int depth) {
    code.u8(0x0d);
    code.u32(depth);
  }

  /** Branch to a label that {@link #block()}, {@link #loop()} or {@link #ifThen()} returned. */
  public void brTo(int label) {
    br(depthOf(label));
  }

  /** {@link #brTo} when the popped i32 is not zero. */
  public void brIfTo(int label) {
    brIf(depthOf(label));
  }

  private int depthOf(int label) {
    if (label < 0 || label > depth) {
      throw misuse("branch to label ", label, ", which is not open (depth ", depth, ")");
    }
    return depth - label;
  }

  /** Pops an i32 i and branches {@code depths[i]}, or {@code other} when there is none. */
  public void brTable(int[] depths, int other) {
    code.u8(0x0e);
    code.u32(depths.length);
    for (int d : depths) {
      code.u32(d);
    }
    code.u32(other);
  }

  /** Calls a function by index; its parameters stand on the stack. */
  public void call(int functionIndex) {
    code.u8(0x10);
    code.u32(functionIndex);
  }

  /** Calls the function that element {@code i} of a table holds; i is popped. */
  public void callIndirect(int typeIndex, int table) {
    code.u8(0x11);
    code.u32(typeIndex);
    code.u32(table);
    if (table != 0) {
      featureMask |= Feature.REFERENCE_TYPES.mask();
    }
  }

  /** Returns from the function with the results on the stack. */
  public void ret() {
    code.u8(0x0f);
  }

  // Bulk memory, tables and references.

  /** An instruction whose immediates are one index: {@code memory.fill}, {@code table.get}. */
  public void indexed(Op op, int index) {
    switch (op.immediate) {
      case MEMORY, TABLE, DATA, ELEMENTS -> emit(op, op.immediate);
      default -> throw wrongImmediate(op);
    }
    code.u32(index);
    module.usesData(op);
  }

  /** An instruction whose immediates are two indices: {@code memory.copy} (0, 0). */
  public void indexed(Op op, int first, int second) {
    switch (op.immediate) {
      case MEMORY_MEMORY, TABLE_TABLE, DATA_MEMORY, ELEMENTS_TABLE -> emit(op, op.immediate);
      default -> throw wrongImmediate(op);
    }
    code.u32(first);
    code.u32(second);
    module.usesData(op);
  }

  /** {@code ref.null func}. */
  public void refNull() {
    emit(Op.REF_NULL, Immediate.TYPE_REF);
    code.u8(ValType.FUNCREF.code);
  }

  /** {@code ref.func}; the function must be exported or stand in a table. */
  public void refFunc(int functionIndex) {
    emit(Op.REF_FUNC, Immediate.FUNCTION);
    code.u32(functionIndex);
  }

  /** {@code select} with its type written out, which references need. */
  public void selectTyped(ValType type) {
    emit(Op.SELECT_T, Immediate.TYPES);
    code.u8(1);
    code.u8(type.code);
  }

  private void emit(Op op, Immediate wanted) {
    if (op.immediate != wanted) {
      throw wrongImmediate(op);
    }
    featureMask |= op.featureMask;
    code.op(op);
  }

  /** Bytes of the function's body: locals, code and end. */
  int bodyBytes() {
    if (depth != 0) {
      throw misuse("has ", depth, " blocks without end");
    }
    int size = 0;
    int groups = 0;
    for (int from = 0; from < localCount; groups++) {
      int to = groupEnd(from);
      size += Bytes.sizeOfU32(to - from) + 1;
      from = to;
    }
    return Bytes.sizeOfU32(groups) + size + code.size() + 1;
  }

  /** Appends the body as an entry of the code section. */
  void encode(Bytes out) {
    out.u32(bodyBytes());
    int groups = 0;
    for (int from = 0; from < localCount; from = groupEnd(from)) {
      groups++;
    }
    out.u32(groups);
    for (int from = 0; from < localCount; ) {
      int to = groupEnd(from);
      out.u32(to - from);
      out.u8(ValType.ofLetter((char) (locals[from] & 0x7f)).code);
      from = to;
    }
    out.append(code);
    out.op(Op.END);
  }

  /** First local after {@code from} of another type. */
  private int groupEnd(int from) {
    int to = from + 1;
    while (to < localCount && ((locals[to] ^ locals[from]) & 0x7f) == 0) {
      to++;
    }
    return to;
  }

  private IllegalStateException wrongImmediate(Op op) {
    return misuse("emit ", op.text(), " with ", op.immediate.method);
  }

  private IllegalStateException misuse(Object... what) {
    String message = WasmException.join(what);
    return new IllegalStateException(
        WasmException.join(
            "function ", index, " '", name, "', code byte ", code.size(), ": ", message));
  }
}
