package org.nnjit.wasm;

import java.util.ArrayList;
import java.util.List;

/** The body of one function, instruction after instruction. */
public final class Code {
  private final String name;
  private final int index;
  private final int type;
  private final int params;
  private final List<ValType> locals = new ArrayList<>();
  private final ByteSink out = new ByteSink(256);
  private final List<Integer> free = new ArrayList<>();

  Code(String name, int index, int type, int params) {
    this.name = name;
    this.index = index;
    this.type = type;
    this.params = params;
  }

  public String name() {
    return name;
  }

  /** Index of the function, for calls. */
  public int index() {
    return index;
  }

  int type() {
    return type;
  }

  /** A new local, or one that {@link #release} gave back. Its first value is undefined. */
  public int local(ValType t) {
    for (int i = free.size() - 1; i >= 0; i--) {
      int l = free.get(i);
      if (locals.get(l - params) == t) {
        free.remove(i);
        return l;
      }
    }
    locals.add(t);
    return params + locals.size() - 1;
  }

  /** Lets a local be used again by {@link #local}. */
  public void release(int local) {
    free.add(local);
  }

  /** An instruction without immediates. */
  public void op(Op op) {
    int code = op.code();
    if (code < 0x100) {
      out.put(code);
    } else if (code < 0x10000) {
      out.put(code >> 8);
      out.u32(code & 0xff);
    } else {
      out.put(code >> 16);
      out.u32(code & 0xffff);
    }
  }

  private void index(Op op, int i) {
    op(op);
    out.u32(i);
  }

  public void i32(int v) {
    op(Op.I32_CONST);
    out.s32(v);
  }

  public void i64(long v) {
    op(Op.I64_CONST);
    out.s64(v);
  }

  public void f32(float v) {
    op(Op.F32_CONST);
    out.fixed32(Float.floatToRawIntBits(v));
  }

  public void f64(double v) {
    op(Op.F64_CONST);
    out.fixed64(Double.doubleToRawLongBits(v));
  }

  /** A vector constant of four equal 32-bit lanes. */
  public void v128(int lane) {
    v128(lane, lane, lane, lane);
  }

  public void v128(int a, int b, int c, int d) {
    op(Op.V128_CONST);
    out.fixed32(a);
    out.fixed32(b);
    out.fixed32(c);
    out.fixed32(d);
  }

  public void get(int local) {
    index(Op.LOCAL_GET, local);
  }

  public void set(int local) {
    index(Op.LOCAL_SET, local);
  }

  public void tee(int local) {
    index(Op.LOCAL_TEE, local);
  }

  /** A load or store; {@code offset} is an unsigned 32-bit number of bytes. */
  public void memory(Op op, int alignLog2, int offset) {
    op(op);
    out.u32(alignLog2);
    out.u32(offset);
  }

  public void memoryLane(Op op, int alignLog2, int offset, int lane) {
    memory(op, alignLog2, offset);
    out.put(lane);
  }

  public void lane(Op op, int lane) {
    op(op);
    out.put(lane);
  }

  /** Byte shuffle: 16 numbers of 0 to 31. */
  public void shuffle(int... bytes) {
    op(Op.I8X16_SHUFFLE);
    for (int b : bytes) {
      out.put(b);
    }
  }

  /** Opens a block; its type is empty or one value. */
  public void block(Op op, ValType result) {
    op(op);
    out.put(result == null ? 0x40 : result.code());
  }

  public void end() {
    op(Op.END);
  }

  public void br(int depth) {
    index(Op.BR, depth);
  }

  public void brIf(int depth) {
    index(Op.BR_IF, depth);
  }

  public void call(Code function) {
    index(Op.CALL, function.index);
  }

  public void call(int function) {
    index(Op.CALL, function);
  }

  /** Calls the table entry on the stack, which must have this type. */
  public void callIndirect(int typeIndex) {
    index(Op.CALL_INDIRECT, typeIndex);
    out.u32(0);
  }

  /** memory.fill or memory.copy. */
  public void bulk(Op op) {
    op(op);
    out.put(0);
    if (op == Op.MEMORY_COPY) {
      out.put(0);
    }
  }

  ByteSink body() {
    ByteSink b = new ByteSink(out.size() + 32);
    ByteSink groups = new ByteSink(32);
    int count = 0;
    for (int i = 0; i < locals.size(); ) {
      int j = i;
      while (j < locals.size() && locals.get(j) == locals.get(i)) {
        j++;
      }
      groups.u32(j - i);
      groups.put(locals.get(i).code());
      count++;
      i = j;
    }
    b.u32(count);
    b.put(groups);
    b.put(out);
    b.put(Op.END.code());
    return b;
  }

  /** Bytes of instructions so far. */
  public int size() {
    return out.size();
  }
}
