package org.nnjit.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Tensor;

/**
 * One attribute of a node.
 *
 * @param name its name
 * @param value as {@link org.nnjit.graph.Attributes} keeps it; null for a large tensor
 * @param constant the tensor, when it is one
 */
record Attribute(String name, Object value, Constant constant) {

  static Attribute read(
      Wire w, ByteSource source, Node node, Function<Wire, Graph> subgraph) {
    String name = "";
    Object value = null;
    Constant constant = null;
    double[] floats = {};
    List<Long> ints = new ArrayList<>();
    List<String> strings = new ArrayList<>();
    int type = 0;
    while (w.next()) {
      switch (w.field()) {
        case 1 -> name = w.string();
        case 2 -> value = new Attributes.Real(w.fixedFloat());
        case 3 -> value = w.number();
        case 4 -> value = w.string();
        case 5 -> {
          constant = TensorProto.read(w.message("tensor")).constant(source);
          value = constant instanceof Constant.Inline i ? i.tensor() : null;
        }
        case 6 -> value = subgraph.apply(w.message("g"));
        case 11 ->
            throw new ModelException(
                node.label() + ": attribute '" + name + "' holds a list of graphs, wanted one");
        case 7 -> floats = floats(w, floats);
        case 8 -> ints(w, ints);
        case 9 -> strings.add(w.string());
        case 20 -> type = (int) w.number();
        default -> w.skip();
      }
    }
    // Lists may be empty: then only the type tells.
    if (type == 6 || floats.length > 0) {
      value = floats;
    } else if (type == 7 || !ints.isEmpty()) {
      long[] l = new long[ints.size()];
      for (int i = 0; i < l.length; i++) {
        l[i] = ints.get(i);
      }
      value = l;
    } else if (type == 8 || !strings.isEmpty()) {
      value = strings.toArray(new String[0]);
    } else if (value == null && constant == null) {
      // Zero and "" may be left off the wire.
      value = type == 1 ? new Attributes.Real(0) : type == 2 ? 0L : type == 3 ? "" : null;
    }
    if (value == null && constant != null && !node.type().equals("Constant")) {
      Tensor t = OnnxTensors.load(source, (Constant.Stored) constant);
      value = t;
    }
    return new Attribute(name, value, constant);
  }

  /** The floats so far and those of this field: one, or all that are packed in it. */
  private static double[] floats(Wire w, double[] before) {
    boolean one = w.type() == Wire.FIXED32;
    Wire packed = one ? null : w.message("floats");
    int count = one ? 1 : (int) (packed.remaining() + 3) / 4;
    double[] all = Arrays.copyOf(before, before.length + count);
    for (int i = before.length; i < all.length; i++) {
      all[i] = one ? w.fixedFloat() : Float.intBitsToFloat(packed.fixed32());
    }
    return all;
  }

  private static void ints(Wire w, List<Long> into) {
    if (w.type() == Wire.VARINT) {
      into.add(w.number());
      return;
    }
    Wire packed = w.message("ints");
    while (packed.remaining() > 0) {
      into.add(packed.varint());
    }
  }
}
