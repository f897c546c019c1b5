package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Adds up blocks [batch, channels * block elements, blocks] where they lay in an image [batch,
 * channels, image...]. Every image point sums the block elements that cover it.
 */
final class Col2Im implements Operator {

  @Override
  public String type() {
    return "Col2Im";
  }

  /** Image, block and their steps along each dimension, with the number of blocks along it. */
  private record Geometry(
      int[] image, int[] block, int[] stride, int[] dilation, int[] begin, int[] blocks) {}

  private static Geometry geometry(OpContext c) {
    int[] image = c.ints(1);
    int[] block = c.ints(2);
    int n = image.length;
    int[] stride = Build.ints(c, "strides", n, 1);
    int[] dilation = Build.ints(c, "dilations", n, 1);
    int[] pads = Build.ints(c, "pads", 2 * n, 0);
    int[] blocks = new int[n];
    long count = 1;
    int size = 1;
    for (int i = 0; i < n; i++) {
      int covered = ((i < block.length ? block[i] : 0) - 1) * dilation[i] + 1;
      int room = image[i] + pads[i] + pads[i + n] - covered;
      if (block.length != n || stride[i] < 1 || dilation[i] < 1 || covered < 1 || room < 0) {
        throw c.error("blocks of " + n + " dimensions do not fit the image");
      }
      blocks[i] = room / stride[i] + 1;
      count *= blocks[i];
      size *= block[i];
    }
    Shape x = c.shape(0);
    if (x.rank() != 3 || x.dim(1) % size != 0 || x.dim(2) != count) {
      throw c.error("input has shape " + x + ", wanted [batch, channels * " + size + ", " + count
          + "]");
    }
    return new Geometry(image, block, stride, dilation, pads, blocks);
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Geometry g = geometry(c);
    int[] dims = new int[g.image.length + 2];
    dims[0] = c.shape(0).dim(0);
    dims[1] = c.shape(0).dim(1);
    for (int i = 0; i < g.image.length; i++) {
      dims[1] /= g.block[i];
      dims[i + 2] = g.image[i];
    }
    return List.of(TensorType.of(c.dtype(0), Shape.of(dims)));
  }

  @Override
  public Lowering lower(OpContext c) {
    TensorType out = infer(c).get(0);
    Geometry g = geometry(c);
    List<Axis> axes = Compute.axes(out);
    List<Axis> over = new ArrayList<>();
    Expr row = Expr.var(axes.get(1));
    Expr column = Expr.i32(0);
    Expr covers = null;
    for (int i = 0; i < g.image.length; i++) {
      Axis k = new Axis("k" + i, g.block[i]);
      over.add(k);
      row = Expr.add(Expr.mul(row, Expr.i32(g.block[i])), Expr.var(k));
      Expr back = Expr.mul(Expr.var(k), Expr.i32(-g.dilation[i]));
      Expr from = Expr.add(Expr.add(Expr.var(axes.get(i + 2)), Expr.i32(g.begin[i])), back);
      Expr at = from;
      Expr inside = Build.le(Expr.i32(0), from);
      if (g.stride[i] > 1) {
        Expr stride = Expr.i32(g.stride[i]);
        at = Expr.binary(BinaryOp.DIV, from, stride);
        inside =
            Expr.and(inside, Build.eq(Expr.binary(BinaryOp.REM, from, stride), Expr.i32(0)));
      }
      inside = Expr.and(inside, Expr.lt(at, Expr.i32(g.blocks[i])));
      covers = covers == null ? inside : Expr.and(covers, inside);
      column = Expr.add(Expr.mul(column, Expr.i32(g.blocks[i])), at);
    }
    Args args = new Args(c);
    DType t = Build.working(out.dtype());
    Expr element = Build.wide(args.read(0, Expr.var(axes.get(0)), row, column));
    Expr value = Expr.select(covers, element, Build.number(t, 0));
    Stage sum = new Stage(axes.size(), Combiner.SUM, over, value);
    return args.lowering("col2im", out, axes, List.of(sum), new Expr.StageValue(0, t));
  }
}
