package org.nnjit.loop;

import java.util.List;

/** A statement of a kernel. */
public sealed interface Stmt {

  record Block(List<Stmt> body) implements Stmt {
    public Block {
      body = List.copyOf(body);
    }
  }

  /**
   * Runs {@code body} for {@code var = begin, begin + step, ...} while {@code var < end}; not at
   * all when {@code begin >= end}. {@code end} does not change in the loop.
   */
  record For(Local var, Value begin, Value end, int step, Stmt body) implements Stmt {}

  /** Gives a local a value, the first time or anew. */
  record Let(Local local, Value value) implements Stmt {}

  /**
   * Writes to the buffer that {@code pointer} points into, {@code offset} elements further. A
   * vector value stores its first {@code lanes} (1 to 4) lanes; a scalar has lanes = 1. Elements
   * are narrowed to the buffer's type; a bool or mask stores 0 or 1 into bool buffers.
   */
  record Store(Value pointer, int offset, Value value, int lanes) implements Stmt {}

  record If(Value condition, Stmt then, Stmt otherwise) implements Stmt {}

  /**
   * Calls a tile with these arguments. A tile is a function of its own, so that an engine without
   * on-stack replacement reaches its optimised code in the middle of the first run.
   */
  record TileCall(Tile tile, List<Value> args) implements Stmt {
    public TileCall {
      args = List.copyOf(args);
    }
  }

  /**
   * Invocations of a workgroup wait for each other; afterwards each sees what the others wrote.
   * Every invocation comes by the same barriers. Only in kernels of a {@link GridNest}.
   */
  record Barrier() implements Stmt {}

  /**
   * Gives an f32 local of each invocation of a workgroup the sum of all of theirs, by registers that
   * neighbours read of each other and few barriers. Every invocation comes by. Only in kernels of a
   * {@link GridNest}, for devices with subgroups.
   *
   * @param shared memory of the workgroup, an f32 for each invocation, that nothing else uses
   */
  record Join(Local part, Buffer shared) implements Stmt {}

  static Stmt block(List<Stmt> body) {
    return body.size() == 1 ? body.get(0) : new Block(body);
  }

  static Stmt let(Local local, Value value) {
    return new Let(local, value);
  }
}
