package org.nnjit.cli.models;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import org.nnjit.graph.ModelException;

/**
 * Stores the f32 matrices that products and Gather read as codes of 8 bits; what products multiply them
 * with is quantised in each run. The file is of ONNX's own operators.
 *
 * <p>Source: quantize_dynamic of {@code onnxruntime.quantization}.
 *
 * @param perChannel a scale for each column of a product's matrix, else one for all
 * @param unsigned codes of products are u8 with zero points, else i8 without
 */
public record DynamicQuantiser(boolean perChannel, boolean unsigned) {
  /** The opset that DynamicQuantizeLinear came with. */
  private static final long OPSET = 11;

  /**
   * What was done.
   *
   * @param products that became MatMulInteger
   * @param lookups Gather nodes that pick codes
   * @param weights that are codes now
   * @param left weights that stay f32, as they have numbers that are not finite
   * @param bytes of the written files
   */
  public record Result(int products, int lookups, int weights, List<String> left, long bytes) {}

  /**
   * Writes the quantised model. Where the model keeps weights beside it, so does the new one, in
   * {@code NAME.data}.
   *
   * @throws IOException when the file is no model
   * @throws ModelException when its opset is too old or weights that it names are missing
   */
  public Result apply(Path from, Path to) throws IOException {
    WeightFile file = new WeightFile(from);
    ModelProto model = file.model();
    long opset = opset(model);
    if (opset < OPSET) {
      throw new ModelException("'" + from.getFileName() + "' is of opset " + opset
          + "; DynamicQuantizeLinear needs " + OPSET + ": export the model with that or a later one");
    }
    DynamicGraph graph = new DynamicGraph(this, file);
    ModelProto.Builder out = model.toBuilder().setGraph(graph.rewritten());
    DynamicGraph.Counts c = graph.counts();
    return new Result(c.products, c.lookups, c.weights, c.left, file.write(to, out));
  }

  private static long opset(ModelProto model) {
    for (OperatorSetIdProto set : model.getOpsetImportList()) {
      if (set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx")) {
        return set.getVersion();
      }
    }
    return 1;
  }
}
