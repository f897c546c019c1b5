package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/** Matrix product of the last two dimensions, others broadcast; a vector operand gains a dimension that the result loses. */
final class MatMul implements Operator {

  @Override
  public String type() {
    return "MatMul";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    if (c.dtype(0) != c.dtype(1)) {
      throw c.error("inputs are " + c.dtype(0) + " and " + c.dtype(1) + ", wanted one type");
    }
    return List.of(TensorType.of(c.dtype(0), shape(c, 0, 1)));
  }

  /** Shape of the product of two inputs of the node. */
  static Shape shape(OpContext c, int first, int second) {
    Shape a = c.shape(first);
    Shape b = c.shape(second);
    if (a.rank() == 0 || b.rank() == 0) {
      throw c.error("inputs have shapes " + a + " and " + b + ", wanted at least one dimension");
    }
    int k = b.dim(b.rank() == 1 ? 0 : -2);
    if (a.dim(-1) != k) {
      throw c.error(
          "inputs have shapes " + a + " and " + b + ": the last dimension of the first, "
              + a.dim(-1) + ", must equal the one but last of the second, " + k);
    }
    Shape batch = Shape.broadcast(batch(a), batch(b));
    if (batch == null) {
      throw c.error("batch dimensions of " + a + " and " + b + " do not broadcast");
    }
    List<Integer> dims = new ArrayList<>();
    for (int d : batch.dims()) {
      dims.add(d);
    }
    if (a.rank() > 1) {
      dims.add(a.dim(-2));
    }
    if (b.rank() > 1) {
      dims.add(b.dim(-1));
    }
    int[] out = new int[dims.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = dims.get(i);
    }
    return Shape.of(out);
  }

  private static Shape batch(Shape s) {
    int n = Math.max(0, s.rank() - 2);
    int[] d = new int[n];
    for (int i = 0; i < n; i++) {
      d[i] = s.dim(i);
    }
    return Shape.of(d);
  }

  /**
   * How the elements of a product's operands are reached.
   *
   * @param axes of the product, one for each dimension
   * @param k what is summed over
   * @param a index in the first operand
   * @param b index in the second operand
   */
  record Product(List<Axis> axes, Axis k, List<Expr> a, List<Expr> b) {
    static Product of(Shape a, Shape b, TensorType out) {
      List<Axis> axes = Compute.axes(out);
      int batches = axes.size() - (a.rank() > 1 ? 1 : 0) - (b.rank() > 1 ? 1 : 0);
      Axis k = new Axis("k", a.dim(-1));
      List<Expr> ia = batchIndex(a, axes, batches);
      if (a.rank() > 1) {
        ia.add(Expr.var(axes.get(batches)));
      }
      ia.add(Expr.var(k));
      List<Expr> ib = batchIndex(b, axes, batches);
      ib.add(Expr.var(k));
      if (b.rank() > 1) {
        ib.add(Expr.var(axes.get(axes.size() - 1)));
      }
      return new Product(axes, k, ia, ib);
    }

    /** The sum of what is made of the elements. */
    Stage sum(Expr product) {
      return new Stage(axes.size(), Combiner.SUM, List.of(k), product);
    }
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Product p = Product.of(c.shape(0), c.shape(1), out);
    Expr product =
        Expr.mul(
            Build.wide(Expr.read(0, c.dtype(0), p.a())),
            Build.wide(Expr.read(1, c.dtype(1), p.b())));
    Expr body = Expr.cast(out.dtype(), new Expr.StageValue(0, product.type()));
    return Lowering.of(
        Compute.of(
            "matmul", List.of(c.input(0), c.input(1)), out, p.axes(), List.of(p.sum(product)),
            body));
  }

  private static List<Expr> batchIndex(Shape s, List<Axis> axes, int batches) {
    List<Expr> index = new ArrayList<>();
    int own = Math.max(0, s.rank() - 2);
    for (int i = 0; i < own; i++) {
      Axis axis = axes.get(batches - own + i);
      index.add(s.dim(i) == 1 ? Expr.i32(0) : Expr.var(axis));
    }
    return index;
  }
}
