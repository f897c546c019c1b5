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
    StringBuilder text = new StringBuilder(name).append(": ");
    text.append(dtype == null ? "?" : dtype.text());
    if (dims == null) {
      return text.append("[...]").toString();
    }
    text.append('[');
    for (int i = 0; i < dims.size(); i++) {
      text.append(i == 0 ? "" : ",").append(dims.get(i));
    }
    return text.append(']').toString();
  }
}
