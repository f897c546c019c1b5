package org.nnjit.graph.pass;

import java.util.List;

/** The graph passes in the order they run, each leaving a valid typed graph. */
public final class Passes {
  private static final List<Pass> ALL =
      List.of(
          new WidenHalves(),
          new Bypass(),
          new CommonSubexpressions(),
          new SliceFirst(),
          new FoldBatchNormalization(),
          new FuseLayerNormalization(),
          new FuseRmsNormalization(),
          new FuseGelu(),
          new DeadCode());

  private Passes() {}

  /** One rewrite. */
  interface Pass {
    /** Rewrites the graph in place. */
    void apply(TypedGraph graph);
  }

  /** Runs all passes. */
  public static void apply(TypedGraph graph) {
    for (Pass p : ALL) {
      p.apply(graph);
    }
  }
}
