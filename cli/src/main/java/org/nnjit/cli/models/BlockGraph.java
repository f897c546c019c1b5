package org.nnjit.cli.models;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private final Map<Form, Codes> codes = new HashMap<>();

  /** A matrix or its transpose. */
  private record Form(String weight, boolean turned) {}

  /** A matrix {@code [k, n]} and the names of its parts. */
  private record Codes(long k, long n, Quantiser.Names names) {}

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
    Codes w = p == null ? null : codesOf(new Form(p.w(), p.turned()));
    if (w == null) {
      return false;
    }
    boolean adds = p.bias().isEmpty() || isVector(p.bias(), w.n());
    String y = adds ? p.y() : fresh(p.y() + "_MatMul");
    NodeProto.Builder product =
        NodeProto.newBuilder()
            .setName(node.getName())
            .setOpType("MatMulNBits")
            .setDomain(Quantiser.DOMAIN)
            .addAllInput(List.of(p.x(), w.names().codes(), w.names().scales()))
            .addOutput(y);
    boolean bias = adds && !p.bias().isEmpty();
    if (!how.symmetric() || bias) {
      product.addInput(how.symmetric() ? "" : w.names().zeros());
    }
    if (bias) {
      product.addInput("").addInput(p.bias());
    }
    product.addAttribute(Attr.of("K", w.k()));
    product.addAttribute(Attr.of("N", w.n()));
    product.addAttribute(Attr.of("bits", how.bits()));
    product.addAttribute(Attr.of("block_size", how.block()));
    if (how.accuracyLevel() > 0) {
      product.addAttribute(Attr.of("accuracy_level", how.accuracyLevel()));
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

  /** Codes of a matrix of this graph or of one around it; null where there is no such matrix. */
  private Codes codesOf(Form form) throws IOException {
    TensorProto w = weight(form.weight());
    if (w == null) {
      return outer == null ? null : outer.codesOf(form);
    }
    if (!isMatrix(w)) {
      return null;
    }
    Codes known = codes.get(form);
    if (known != null) {
      return known;
    }
    String name = form.turned() ? form.weight() + "_turned" : form.weight();
    Quantiser.Names names =
        new Quantiser.Names(
            fresh(name + "_q" + how.bits()), fresh(name + "_scales"), fresh(name + "_zeros"));
    int first = form.turned() ? 1 : 0;
    Codes made = new Codes(w.getDims(first), w.getDims(1 - first), names);
    codes.put(form, made);
    added.addAll(how.quantised(names, w, form.turned(), file.values(w)));
    counts.weights += coded.add(form.weight()) ? 1 : 0;
    return made;
  }
}
