package org.nnjit.cli.models;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TensorShapeProto.Dimension;
import onnx.Onnx.ValueInfoProto;
import org.nnjit.tensor.DType;

/**
 * A decoder with an encoder for all steps: the graphs of the first step and of the later ones as
 * branches of one If, which share their weights. The later ones do not give back the keys and
 * values of the encoder's states, which they are fed: in their place come tensors without elements.
 *
 * <p>Source: Hugging Face Optimum, {@code merge_decoders} of {@code
 * optimum/onnx/graph_transformations.py}, which makes {@code decoder_model_merged.onnx}.
 */
final class MergedDecoder {
  private static final String WHICH = "use_cache_branch";

  /** Optimum's names of symbolic dimensions. */
  private static final Map<String, String> SYMBOLS =
      Map.of(
          "batch", "batch_size",
          "decoder_sequence", "decoder_sequence_length",
          "encoder_sequence", "encoder_sequence_length",
          "past_decoder_sequence", "past_decoder_sequence_length");

  private MergedDecoder() {}

  /**
   * The model for all steps.
   *
   * @param first of the first step
   * @param later of the later steps, with weights that the first step has as well
   */
  static Model of(Model first, Model later) {
    Model.Sample.CrossDecoder s = (Model.Sample.CrossDecoder) first.sample();
    Model.Sample sample =
        new Model.Sample.CrossDecoder(
            s.vocabulary(), s.longest(), s.hidden(), s.layers(), s.heads(), s.width(),
            Model.Sample.Steps.ALL);
    return new Model(
        first.name() + "-merged", first.title().replace("first step", "all steps"), first.source(),
        first.opset(), first.parameters(), sample, root -> build(root, first, later));
  }

  private static void build(GraphWriter root, Model first, Model later) {
    GraphWriter without = root.inner();
    first.graph().accept(without);
    GraphWriter with = root.inner();
    later.graph().accept(with);
    root.takeWeights(without);
    Map<String, ValueInfoProto> inputs = new LinkedHashMap<>();
    without.inputs().forEach(port -> inputs.put(port.getName(), port));
    with.inputs().forEach(port -> inputs.putIfAbsent(port.getName(), port));
    inputs.values().forEach(port -> root.input(renamed(port)));
    root.input(WHICH, DType.BOOL, 1);
    Set<String> made =
        with.outputs().stream().map(ValueInfoProto::getName).collect(Collectors.toSet());
    List<ValueInfoProto> outputs = without.outputs().stream().map(p -> renamed(p)).toList();
    for (ValueInfoProto port : outputs) {
      if (!made.contains(port.getName())) {
        with.output(with.constant(DType.F32, empty(port), ByteBuffer.allocate(0)), port);
      }
    }
    String[] values =
        root.node(
            outputs.size(), "If", List.of(WHICH),
            Attr.graph("then_branch", with.innerGraph("with_past", outputs)),
            Attr.graph("else_branch", without.innerGraph("no_past", outputs)));
    for (int i = 0; i < values.length; i++) {
      root.output(values[i], outputs.get(i));
    }
  }

  private static ValueInfoProto renamed(ValueInfoProto port) {
    ValueInfoProto.Builder renamed = port.toBuilder();
    for (Dimension.Builder dim : shape(renamed).getDimBuilderList()) {
      if (dim.hasDimParam()) {
        dim.setDimParam(SYMBOLS.get(dim.getDimParam()));
      }
    }
    String name = port.getName();
    if (name.startsWith("past_key_values.") && name.contains(".encoder.")) {
      // Empty at the first step, whatever the encoder has read.
      shape(renamed).getDimBuilder(2).setDimParam("encoder_sequence_length_out");
    } else if (name.startsWith("present.") && name.contains(".decoder.")) {
      shape(renamed)
          .getDimBuilder(2)
          .setDimParam("past_decoder_sequence_length + decoder_sequence_length");
    }
    return renamed.build();
  }

  private static TensorShapeProto.Builder shape(ValueInfoProto.Builder port) {
    return port.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
  }

  /** The first symbolic dimension is 0, others are 1. */
  private static long[] empty(ValueInfoProto port) {
    List<Dimension> dims = port.getType().getTensorType().getShape().getDimList();
    long[] extents = new long[dims.size()];
    boolean isEmpty = false;
    for (int i = 0; i < extents.length; i++) {
      Dimension dim = dims.get(i);
      extents[i] = dim.hasDimValue() ? dim.getDimValue() : isEmpty ? 1 : 0;
      isEmpty |= dim.hasDimParam();
    }
    return extents;
  }
}
