package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.ValType;

/** Where the locals of a kernel stand in a Wasm function, and what is known of their values. */
final class Slots {
  private final FunctionBuilder code;
  private Local[] locals = new Local[32];
  private int[] indices = new int[32];
  private boolean[] notNegative = new boolean[32];
  private boolean[] bool = new boolean[32];
  private int count;
  private int last;

  Slots(FunctionBuilder code) {
    this.code = code;
  }

  static ValType valType(LType type) {
    return switch (type) {
      case I32, PTR -> ValType.I32;
      case I64 -> ValType.I64;
      case F32 -> ValType.F32;
      case F64 -> ValType.F64;
      case F32X4, I32X4 -> ValType.V128;
    };
  }

  /** Makes a parameter of the function known. */
  void parameter(Local local, int index, boolean isNotNegative) {
    add(local, index);
    notNegative[count - 1] = isNotNegative;
  }

  /** The Wasm local for writing; made at the first call. */
  int define(Local local) {
    int i = find(local);
    if (i < 0) {
      add(local, code.newLocal(valType(local.type())));
      i = count - 1;
    }
    return indices[i];
  }

  /** The Wasm local for reading. */
  int index(Local local) {
    int i = find(local);
    if (i < 0) {
      throw new IllegalStateException(
          code.name() + ": local '" + local + "' is read before it is set");
    }
    return indices[i];
  }

  boolean isNotNegative(Local local) {
    int i = find(local);
    return i >= 0 && notNegative[i];
  }

  /** Says that a loop index never goes below zero; it is not assigned otherwise. */
  void setNotNegative(Local local, boolean value) {
    notNegative[find(local)] = value;
  }

  /** True when the local was given a bool or mask. */
  boolean isBool(Local local) {
    int i = find(local);
    return i >= 0 && bool[i];
  }

  void setBool(Local local, boolean value) {
    bool[find(local)] = value;
  }

  private void add(Local local, int index) {
    if (count == locals.length) {
      Local[] moreLocals = new Local[count * 2];
      int[] moreIndices = new int[count * 2];
      boolean[] moreNotNegative = new boolean[count * 2];
      boolean[] moreBool = new boolean[count * 2];
      System.arraycopy(locals, 0, moreLocals, 0, count);
      System.arraycopy(indices, 0, moreIndices, 0, count);
      System.arraycopy(notNegative, 0, moreNotNegative, 0, count);
      System.arraycopy(bool, 0, moreBool, 0, count);
      locals = moreLocals;
      indices = moreIndices;
      notNegative = moreNotNegative;
      bool = moreBool;
    }
    locals[count] = local;
    indices[count] = index;
    notNegative[count] = false;
    bool[count] = false;
    count++;
  }

  /** Unrolled code reads locals in the order they were made, so the search starts at the last. */
  private int find(Local local) {
    for (int i = last; i < count; i++) {
      if (locals[i] == local) {
        last = i;
        return i;
      }
    }
    for (int i = 0; i < last && i < count; i++) {
      if (locals[i] == local) {
        last = i;
        return i;
      }
    }
    return -1;
  }
}
