package org.nnjit.cli.models;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;

/** A graph in which {@link Quantiser} makes MatMulNBits of products. */
final class BlockGraph extends GraphRewrite {
  /** What was done in a graph and in those inside it. */
  static final class Counts {
    int products;
    int weights;
  }

  private final Quantiser how;
  private final BlockGraph outer;
  private final Counts counts;
  private final Set<String> done = new HashSet<>();

  /** The graph of a file's model. */
  BlockGraph(Quantiser how, WeightFile file) {
    super(file);
    this.how = how;
    this.outer = null;
    this.counts = new Counts();
  }

  private BlockGraph(BlockGraph outer, GraphProto graph) {
    super(outer, graph);
    this.how = outer.how;
    this.outer = outer;
    this.counts = outer.counts;
  }

  Counts counts() {
    return counts;
  }

  @Override
  GraphRewrite inside(GraphProto graph) {
    return new BlockGraph(this, graph);
  }

  @Override
  boolean replaces(NodeProto node) throws IOException {
    Product p = Product.of(node);
    TensorProto w = p == null ? null : codesOf(p.w(), p.turned());
    if (w == null) {
      return false;
    }
    long k = w.getDims(p.turned() ? 1 : 0);
    long n = w.getDims(p.turned() ? 0 : 1);
    boolean adds = p.bias().isEmpty() || isVector(p.bias(), n);
    String y = adds ? p.y() : fresh(p.y() + "_MatMul");
    String name = name(p.w(), p.turned());
    NodeProto.Builder product =
        NodeProto.newBuilder()
            .setName(node.getName())
            .setOpType("MatMulNBits")
            .setDomain(Quantiser.DOMAIN)
            .addAllInput(List.of(p.x(), name + how.codes(), name + Quantiser.SCALES))
            .addOutput(y);
    boolean bias = adds && !p.bias().isEmpty();
    if (!how.symmetric() || bias) {
      product.addInput(how.symmetric() ? "" : name + Quantiser.ZEROS);
    }
    if (bias) {
      product.addInput("").addInput(p.bias());
    }
    number(product, "K", k);
    number(product, "N", n);
    number(product, "bits", how.bits());
    number(product, "block_size", how.block());
    if (how.accuracyLevel() > 0) {
      number(product, "accuracy_level", how.accuracyLevel());
    }
    add(product.build());
    if (!adds) {
      add("Add", List.of(y, p.bias()), p.y());
    }
    counts.products++;
    return true;
  }

  /** Whether a value is a weight of so many numbers, which MatMulNBits adds itself. */
  private boolean isVector(String name, long n) {
    TensorProto w = weight(name);
    if (w == null) {
      return outer != null && outer.isVector(name, n);
    }
    return w.getDimsCount() == 1 && w.getDims(0) == n;
  }

  private static String name(String weight, boolean turned) {
    return turned ? weight + "_turned" : weight;
  }

  /** The matrix, of this graph or of one around it, whose codes are there now; null where there is none. */
  private TensorProto codesOf(String weight, boolean turned) throws IOException {
    TensorProto w = weight(weight);
    if (w == null) {
      return outer == null ? null : outer.codesOf(weight, turned);
    }
    if (!isMatrix(w)) {
      return null;
    }
    String name = name(weight, turned);
    if (done.add(name)) {
      added.addAll(how.quantised(name, w, turned, file.values(w)));
      counts.weights += coded.add(weight) ? 1 : 0;
    }
    return w;
  }

  private static void number(NodeProto.Builder node, String name, long value) {
    node.addAttributeBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value);
  }
}
