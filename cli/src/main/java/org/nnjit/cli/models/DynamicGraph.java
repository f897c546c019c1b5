package org.nnjit.cli.models;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;

/** A graph in which {@link DynamicQuantiser} replaces products and lookups. */
final class DynamicGraph extends GraphRewrite {
  /** What was done in a graph and in those inside it. */
  static final class Counts {
    int products;
    int lookups;
    int weights;
    final List<String> left = new ArrayList<>();
  }

  /** A value as u8: names of codes, scale and zero point. */
  private record Activation(String codes, String scale, String zero) {}

  private final DynamicQuantiser how;
  private final DynamicGraph outer;
  private final Counts counts;
  private final Map<ByteCodes.Form, ByteCodes> codes = new HashMap<>();
  private final Set<String> left = new HashSet<>();
  private final Map<String, Activation> activations = new HashMap<>();

  /** The graph of a file's model. */
  DynamicGraph(DynamicQuantiser how, WeightFile file) {
    super(file);
    this.how = how;
    this.outer = null;
    this.counts = new Counts();
  }

  private DynamicGraph(DynamicGraph outer, GraphProto graph) {
    super(outer, graph);
    this.how = outer.how;
    this.outer = outer;
    this.counts = outer.counts;
  }

  @Override
  GraphRewrite inside(GraphProto graph) {
    return new DynamicGraph(this, graph);
  }

  Counts counts() {
    return counts;
  }

  @Override
  boolean replaces(NodeProto node) throws IOException {
    if (node.getDomain().isEmpty() && node.getOpType().equals("Gather")) {
      return replacesLookup(node);
    }
    Product p = Product.of(node);
    ByteCodes w = p == null ? null : codesOf(p.w(), p.turned(), how.perChannel(), how.unsigned());
    if (w == null) {
      return false;
    }
    if (p.bias().isEmpty()) {
      product(p.x(), w, p.y());
    } else {
      String product = fresh(p.y() + "_MatMul");
      product(p.x(), w, product);
      add("Add", List.of(product, p.bias()), p.y());
    }
    counts.products++;
    return true;
  }

  private boolean replacesLookup(NodeProto node) throws IOException {
    ByteCodes w = codesOf(node.getInput(0), false, false, true);
    if (w == null) {
      return false;
    }
    String picked = fresh(node.getOutput(0) + "_quantized");
    add(node.toBuilder().setInput(0, w.codes().getName()).setOutput(0, picked).build());
    List<String> picks = List.of(picked, w.scale().getName(), w.zero().getName());
    add("DequantizeLinear", picks, node.getOutput(0));
    counts.lookups++;
    return true;
  }

  /** Adds {@code y = x w}. */
  private void product(String x, ByteCodes w, String y) {
    Activation a = activations.get(x);
    for (DynamicGraph g = outer; a == null && g != null; g = g.outer) {
      a = g.activations.get(x);
    }
    if (a == null) {
      a = new Activation(fresh(x + "_quantized"), fresh(x + "_scale"), fresh(x + "_zero_point"));
      add("DynamicQuantizeLinear", List.of(x), a.codes(), a.scale(), a.zero());
      activations.put(x, a);
    }
    String sums = fresh(y + "_output_quantized");
    List<String> factors = List.of(a.codes(), w.codes().getName(), a.zero(), w.zero().getName());
    add("MatMulInteger", factors, sums);
    String floats = fresh(y + "_cast_output");
    add(HalfWriter.cast(sums, floats));
    String scale = fresh(y + "_scales_mul");
    add("Mul", List.of(a.scale(), w.scale().getName()), scale);
    add("Mul", List.of(floats, scale), y);
  }

  /**
   * Codes of a matrix of this graph or of one around it, or null where the name is not one of an f32
   * matrix with finite numbers. There may be codes already of this form, of the other type: they are
   * as good.
   */
  private ByteCodes codesOf(String weight, boolean turned, boolean columns, boolean unsigned)
      throws IOException {
    TensorProto w = weight(weight);
    if (w == null) {
      return outer == null ? null : outer.codesOf(weight, turned, columns, unsigned);
    }
    if (!isMatrix(w) || left.contains(weight)) {
      return null;
    }
    ByteCodes.Form form = new ByteCodes.Form(weight, turned, columns);
    if (codes.containsKey(form)) {
      return codes.get(form);
    }
    ByteCodes.Names three =
        new ByteCodes.Names(
            fresh(weight + "_quantized"), fresh(weight + "_scale"), fresh(weight + "_zero_point"));
    int n = Math.toIntExact(w.getDims(turned ? 0 : 1));
    ByteCodes made = ByteCodes.of(form, file.values(w), n, unsigned, three);
    if (made == null) {
      left.add(weight);
      counts.left.add(weight);
      return null;
    }
    codes.put(form, made);
    counts.weights += coded.add(weight) ? 1 : 0;
    added.addAll(List.of(made.codes(), made.scale(), made.zero()));
    return made;
  }
}
