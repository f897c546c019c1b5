package org.nnjit.kernel.emit.wasm;

import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;

/** Small changes to the kernels of {@link Maps}. */
final class Rewrites {
  private Rewrites() {}

  /** The same map, storing only the first lanes of each vector. */
  static LoopNest withLanes(LoopNest nest, String name, int lanes) {
    Stmt.For loop = (Stmt.For) nest.body();
    Stmt.Store store = (Stmt.Store) loop.body();
    Stmt some = new Stmt.Store(store.pointer(), store.offset(), store.value(), lanes);
    return new LoopNest(
        name,
        nest.buffers(),
        nest.blocks(),
        nest.begin(),
        nest.end(),
        new Stmt.For(loop.var(), loop.begin(), loop.end(), loop.step(), some));
  }
}
