package org.nnjit.graph.pass;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Node;
import org.nnjit.tensor.Tensor;

/**
 * Some rows of a product with a matrix are the product of those rows: the slice goes first. A
 * language model of which only the last logits are wanted does not work out the others.
 */
final class SliceFirst implements Passes.Pass {

  @Override
  public void apply(TypedGraph g) {
    Match match = new Match(g);
    for (int i = 0; i < g.nodes().size(); i++) {
      Node slice = g.nodes().get(i);
      int at = slice.type().equals("Slice") ? match.place(slice.input(0)) : -1;
      if (at >= 0 && match.usedOnce(slice.input(0)) && leavesColumns(g, slice)) {
        Node product = g.nodes().get(at);
        int rank = g.type(product.input(0)).shape().rank();
        boolean rows =
            product.type().equals("MatMulNBits")
                || product.type().equals("MatMul")
                    && rank > 1
                    && g.type(product.input(1)).shape().rank() == 2;
        if (rows) {
          List<String> sliced = new ArrayList<>(slice.inputs());
          sliced.set(0, product.input(0));
          List<String> in = new ArrayList<>(product.inputs());
          in.set(0, g.fresh(product.input(0)));
          match.set(
              at,
              g.node(slice.name(), "", "Slice", sliced, in.get(0), slice.attributes()));
          match.set(
              i,
              g.node(
                  product.name(), product.domain(), product.type(), in, slice.outputs().get(0),
                  product.attributes()));
        }
      }
    }
  }

  /** True when what is sliced is known, and not the last dimension. */
  private static boolean leavesColumns(TypedGraph g, Node slice) {
    for (int i = 1; i < slice.inputs().size(); i++) {
      if (g.known(slice.input(i)) == null) {
        return false;
      }
    }
    Tensor axes = g.known(slice.input(3));
    int last = g.type(slice.input(0)).shape().rank() - 1;
    boolean leaves = axes != null;
    for (int i = 0; leaves && i < axes.elements(); i++) {
      leaves = axes.getLong(i) != -1 && axes.getLong(i) != last;
    }
    return leaves;
  }
}
