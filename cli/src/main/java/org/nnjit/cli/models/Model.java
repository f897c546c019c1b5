package org.nnjit.cli.models;

import java.util.function.Consumer;

/**
 * One model that the writer can make.
 *
 * @param name what the command line calls it
 * @param title one line for people
 * @param source paper and configuration that the architecture is taken from
 * @param opset ONNX operator set of the file
 * @param parameters trained parameters, as published where the model is published
 * @param sample what its inputs look like
 * @param graph describes the graph
 */
public record Model(
    String name,
    String title,
    String source,
    int opset,
    long parameters,
    Sample sample,
    Consumer<GraphWriter> graph) {

  /** What a model takes. */
  public sealed interface Sample {
    /**
     * Inputs {@code input_ids} and {@code attention_mask}, both [batch, sequence] i64.
     *
     * @param pad token of the padding
     * @param longest sequence that the model has positions for
     */
    record Text(int vocabulary, int pad, int longest) implements Sample {}

    /** Input {@code input}: [batch, 3, side, side] f32, normalised to mean 0 and deviation 1. */
    record Image(int side) implements Sample {}

    /** Input {@code image}: [batch, 1, 28, 28] f32, a drawn digit in 0 to 1. */
    record Digit() implements Sample {}
  }

  /**
   * The graph with the weights of a seed; no weight is computed yet but normalisation statistics.
   */
  public GraphWriter describe(long seed) {
    GraphWriter writer = new GraphWriter(opset, seed);
    graph.accept(writer);
    return writer;
  }
}
