package org.nnjit.graph.pass;

import java.util.List;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Node;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Conv followed by BatchNormalization becomes a Conv whose weight and bias are scaled. The weight's
 * product stays a node on constants: the load program calculates it once.
 */
final class FoldBatchNormalization implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Match m = new Match(g);
    for (int i = 0; i < g.nodes().size(); i++) {
      Node bn = g.nodes().get(i);
      if (!bn.type().equals("BatchNormalization") || bn.outputs().size() != 1) {
        continue;
      }
      Node conv = m.maker(bn.input(0), "Conv");
      Tensor[] p = new Tensor[5];
      boolean known = true;
      for (int k = 1; k < 5; k++) {
        p[k] = g.known(bn.input(k));
        known &= p[k] != null;
      }
      if (conv == null
          || !known
          || !g.constants().containsKey(conv.input(1))
          || !m.usedOnce(bn.input(0))
          || (!conv.input(2).isEmpty() && g.known(conv.input(2)) == null)
          || g.type(bn.input(0)).dtype() != DType.F32) {
        continue;
      }
      fold(g, m, i, bn, conv, p);
    }
  }

  private static void fold(TypedGraph g, Match m, int i, Node bn, Node conv, Tensor[] p) {
    int channels = p[1].elements();
    double epsilon = bn.attributes().getFloat("epsilon", 1e-5);
    Tensor old = g.known(conv.input(2));
    int[] dims = new int[g.type(conv.input(1)).shape().rank()];
    java.util.Arrays.fill(dims, 1);
    dims[0] = channels;
    Tensor scale = Tensor.zeros(DType.F32, Shape.of(dims));
    Tensor bias = Tensor.zeros(DType.F32, Shape.of(channels));
    for (int c = 0; c < channels; c++) {
      double s = p[1].getDouble(c) / Math.sqrt(p[4].getDouble(c) + epsilon);
      double b = old == null ? 0 : old.getDouble(c);
      scale.setDouble(c, s);
      bias.setDouble(c, (b - p[3].getDouble(c)) * s + p[2].getDouble(c));
    }
    String scaleName = g.constant(bn.input(1) + "/scale", scale);
    String biasName = g.constant(bn.input(2) + "/bias", bias);
    String weight = g.fresh(conv.input(1) + "/scaled");
    Node product =
        g.node(
            conv.name() + "/weight", "", "Mul", List.of(conv.input(1), scaleName), weight,
            Attributes.NONE);
    Node folded =
        new Node(
            conv.name(), "", "Conv", conv.opset(), List.of(conv.input(0), weight, biasName),
            bn.outputs(), conv.attributes());
    m.set(m.place(bn.input(0)), product);
    m.set(i, folded);
  }
}
