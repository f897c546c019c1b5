package org.nnjit.graph;

import java.util.List;
import org.nnjit.tensor.DType;

/**
 * A declared input or output of a graph.
 *
 * @param name name of the value
 * @param dtype element type; null on an output that declares none
 * @param dims declared dimensions; null when the file declares no shape
 */
public record Port(String name, DType dtype, List<Dim> dims) {
  public Port {
    dims = dims == null ? null : List.copyOf(dims);
  }

  /** {@code input_ids: i64[batch,sequence]}. */
  @Override
  public String toString() {
    return name + ": " + (dtype == null ? "?" : dtype.text()) + dimensions();
  }

  /** What a feed must be, in the words of ONNX: {@code int64[batch,sequence]}. */
  public String wanted() {
    return (dtype == null ? "any type " : dtype.onnxName()) + dimensions();
  }

  private String dimensions() {
    if (dims == null) {
      return "[...]";
    }
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < dims.size(); i++) {
      text.append(i == 0 ? "" : ",").append(dims.get(i));
    }
    return text.append(']').toString();
  }
}
