package org.nnjit.cli.models;

import java.util.Map;
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
 * @param files texts that belong to the model, written beside it as NAME.KEY: its tokenizer, say
 */
public record Model(
    String name,
    String title,
    String source,
    int opset,
    long parameters,
    Sample sample,
    Consumer<GraphWriter> graph,
    Map<String, String> files) {

  /** A model that is one file. */
  public Model(
      String name,
      String title,
      String source,
      int opset,
      long parameters,
      Sample sample,
      Consumer<GraphWriter> graph) {
    this(name, title, source, opset, parameters, sample, graph, Map.of());
  }

  /** What a model takes. */
  public sealed interface Sample {
    /**
     * Inputs {@code input_ids} and {@code attention_mask}, both [batch, sequence] i64.
     *
     * @param pad token of the padding
     * @param longest sequence that the model has positions for
     */
    record Text(int vocabulary, int pad, int longest) implements Sample {}

    /**
     * A decoder that takes its past: {@code input_ids} [batch, sequence] and {@code attention_mask}
     * [batch, past + sequence] i64, {@code position_ids} as {@code input_ids} where it has them,
     * and {@code past_key_values.N.key} and {@code .value} [batch, heads, past, width] f32.
     *
     * @param longest past and sequence together
     * @param heads of keys and values
     */
    record Decoder(
        int vocabulary, int longest, int layers, int heads, int width, boolean positionIds)
        implements Sample {}

    /**
     * The decoder of an encoder-decoder: {@code encoder_attention_mask} [batch, encoder_sequence]
     * i64, {@code input_ids} [batch, decoder_sequence] i64, and {@code encoder_hidden_states}
     * [batch, encoder_sequence, hidden] f32; one with a past takes one token, and {@code
     * past_key_values.N.decoder.key}, {@code .decoder.value}, {@code .encoder.key}, {@code
     * .encoder.value} [batch, heads, past or encoder_sequence, width] f32 in place of the states.
     * One for all steps takes both, and {@code use_cache_branch} [1] bool, true where there is a
     * past.
     */
    record CrossDecoder(
        int vocabulary, int longest, int hidden, int layers, int heads, int width, Steps steps)
        implements Sample {}

    /** Which steps a decoder with an encoder takes. */
    enum Steps {
      FIRST,
      LATER,
      ALL
    }

    /** Input {@code input}: [batch, 3, side, side] f32, normalised to mean 0 and deviation 1. */
    record Image(int side) implements Sample {}

    /** Input {@code image}: [batch, 1, 28, 28] f32, a drawn digit in 0 to 1. */
    record Digit() implements Sample {}
  }

  /** True for the models that tests run everywhere: small ones of each architecture. */
  public boolean isSmall() {
    return parameters < 1_000_000;
  }

  /** True where keys and values of earlier tokens are among the inputs. */
  public boolean takesPast() {
    return sample instanceof Sample.Decoder
        || sample instanceof Sample.CrossDecoder d && d.steps() != Sample.Steps.FIRST;
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
