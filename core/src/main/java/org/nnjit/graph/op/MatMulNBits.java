package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Nibbles;
import org.nnjit.compute.Stage;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * {@code A [.., K]} times the transpose of a weight of 4 or 8 bits, {@code B [N, blocks, bytes]}:
 * each block of {@code block_size} codes along K has a scale and a zero point. With accuracy level
 * 4, A is quantised too, to symmetric i8 in blocks of the same size.
 *
 * <p>Inputs: A, B (u8), scales {@code [N * blocks]}, zero points (u8, packed as B is, row by row;
 * or floats {@code [N * blocks]}; without them half of the codes' range), g_idx (not supported),
 * bias {@code [N]}. Source: ONNX Runtime's contrib operators, com.microsoft.MatMulNBits.
 */
final class MatMulNBits implements Operator {
  private static final int G_IDX = 4;
  private static final int BIAS = 5;

  /** Level at which A is quantised. */
  private static final int INTEGERS = 4;

  @Override
  public String type() {
    return "MatMulNBits";
  }

  @Override
  public String domain() {
    return "com.microsoft";
  }

  /** The weight's sizes. */
  private record Weight(int k, int n, int bits, int block) {
    static Weight of(OpContext c) {
      long[] sizes = new long[4];
      String[] names = {"K", "N", "bits", "block_size"};
      for (int i = 0; i < sizes.length; i++) {
        sizes[i] = c.attributes().getInt(names[i], i == 2 ? 4 : 0);
        if (sizes[i] < 1 || sizes[i] > 1 << 24) {
          throw c.error("attribute " + names[i] + " is " + sizes[i] + ", wanted 1 to " + (1 << 24));
        }
      }
      Weight w = new Weight((int) sizes[0], (int) sizes[1], (int) sizes[2], (int) sizes[3]);
      if (w.bits != 4 && w.bits != 8) {
        throw c.error("weights have " + w.bits + " bits, wanted 4 or 8");
      }
      if (w.block < 16 || w.block > 256 || Integer.bitCount(w.block) != 1) {
        throw c.error("block_size is " + w.block + ", wanted 16, 32, 64, 128 or 256");
      }
      return w;
    }

    int blocks() {
      return (k + block - 1) / block;
    }

    /** Bytes of so many codes. */
    int bytes(int codes) {
      return (codes * bits + 7) / 8;
    }

    /** A code of a row, as i32. */
    Expr code(int arg, Expr n, int rowCodes, Expr at) {
      Expr row = Expr.mul(n, Expr.i32(bytes(rowCodes)));
      return bits == 4
          ? Nibbles.read(arg, row, at)
          : Expr.cast(DType.I32, new Expr.ReadFlat(arg, DType.U8, Expr.add(row, at)));
    }
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Weight w = Weight.of(c);
    Shape a = c.shape(0);
    if (!c.dtype(0).isFloat() || a.rank() < 1 || a.dim(-1) != w.k) {
      throw c.error("A is " + c.input(0) + ", wanted floats [.., " + w.k + "]");
    }
    if (c.has(G_IDX) && c.shape(G_IDX).elements() > 0) {
      throw c.error("g_idx (columns in another order) is not supported; quantise the weight without"
          + " reordering (act_order=false)");
    }
    int codes = w.blocks() * w.block;
    wants(c, 1, DType.U8, (long) w.n * w.bytes(codes));
    wants(c, 2, c.dtype(2).isFloat() ? c.dtype(2) : c.dtype(0), (long) w.n * w.blocks());
    if (c.has(3)) {
      boolean packed = c.dtype(3) == DType.U8;
      DType otherwise = c.dtype(3).isFloat() ? c.dtype(3) : DType.U8;
      wants(c, 3, otherwise, (long) w.n * (packed ? w.bytes(w.blocks()) : w.blocks()));
    }
    if (c.has(BIAS)) {
      wants(c, BIAS, c.dtype(0), w.n);
    }
    return List.of(TensorType.of(c.dtype(0), a.with(a.rank() - 1, w.n)));
  }

  private static void wants(OpContext c, int input, DType type, long elements) {
    if (c.dtype(input) != type || c.shape(input).elements() != elements) {
      throw c.error("input " + input + " is " + c.input(input) + ", wanted " + elements
          + " elements of " + type);
    }
  }

  @Override
  public Lowering lower(OpContext c) {
    Weight w = Weight.of(c);
    TensorType out = infer(c).get(0);
    List<Axis> axes = Compute.axes(out);
    List<Expr> rows = new ArrayList<>(Compute.vars(axes));
    Expr n = rows.remove(rows.size() - 1);
    boolean integers = c.attributes().getInt("accuracy_level", 0) == INTEGERS;
    List<Lowering.Call> calls = new ArrayList<>();
    Args args = new Args(c);
    Axis k = new Axis("k", integers ? w.blocks() * w.block : w.k);
    Expr block = Expr.binary(BinaryOp.DIV, Expr.var(k), Expr.i32(w.block));
    Expr x;
    if (integers) {
      Shape s = c.shape(0);
      TensorType scale = TensorType.of(DType.F32, s.with(s.rank() - 1, w.blocks()));
      TensorType code = TensorType.of(DType.I8, s.with(s.rank() - 1, k.extent()));
      calls.add(scales(c, w, scale));
      calls.add(codes(c, w, scale, code));
      Expr whole = args.read(new Lowering.Temp(1), code, with(rows, Expr.var(k)));
      Expr factor = args.read(new Lowering.Temp(0), scale, with(rows, block));
      x = Expr.mul(Expr.cast(DType.F32, whole), factor);
    } else {
      x = Expr.cast(DType.F32, args.read(0, with(rows, Expr.var(k))));
    }
    Expr place = Expr.add(Expr.mul(n, Expr.i32(w.blocks())), block);
    Expr whole = w.code(args.input(1), n, w.blocks() * w.block, Expr.var(k));
    Expr shifted;
    if (c.has(3) && c.dtype(3) != DType.U8) {
      Expr zero = new Expr.ReadFlat(args.input(3), c.dtype(3), place);
      shifted = Expr.sub(Expr.cast(DType.F32, whole), Expr.cast(DType.F32, zero));
    } else {
      Expr zero =
          c.has(3)
              ? w.code(args.input(3), n, w.blocks(), block)
              : Expr.i32(1 << (w.bits - 1));
      shifted = Expr.cast(DType.F32, Expr.sub(whole, zero));
    }
    Expr scale = Expr.cast(DType.F32, new Expr.ReadFlat(args.input(2), c.dtype(2), place));
    Stage sum =
        new Stage(
            axes.size(), Combiner.SUM, List.of(k), Expr.mul(x, Expr.mul(shifted, scale)));
    Expr body = new Expr.StageValue(0, DType.F32);
    if (c.has(BIAS)) {
      body = Expr.add(body, Expr.cast(DType.F32, args.read(BIAS, n)));
    }
    calls.add(
        args.call("matmul_q" + w.bits, out, axes, List.of(sum), body, new Lowering.Output(0)));
    return new Lowering(calls);
  }

  private static List<Expr> with(List<Expr> rows, Expr last) {
    List<Expr> index = new ArrayList<>(rows);
    index.add(last);
    return index;
  }

  /** An element of A as f32, 0 beyond column K. */
  private static Expr a(Args args, Weight w, List<Expr> rows, Expr at) {
    Expr x = Expr.cast(DType.F32, args.read(0, with(rows, at)));
    return w.k % w.block == 0
        ? x
        : Expr.select(Expr.lt(at, Expr.i32(w.k)), x, Build.number(DType.F32, 0));
  }

  /** Of each block of A: the greatest magnitude by 127. */
  private static Lowering.Call scales(OpContext c, Weight w, TensorType scale) {
    List<Axis> axes = Compute.axes(scale);
    List<Expr> rows = new ArrayList<>(Compute.vars(axes));
    Expr block = rows.remove(rows.size() - 1);
    Args args = new Args(c);
    Axis i = new Axis("i", w.block);
    Expr at = Expr.add(Expr.mul(block, Expr.i32(w.block)), Expr.var(i));
    Expr magnitude = Expr.unary(UnaryOp.ABS, a(args, w, rows, at));
    Stage most = new Stage(axes.size(), Combiner.MAX, List.of(i), magnitude);
    Expr body = Expr.div(new Expr.StageValue(0, DType.F32), Build.number(DType.F32, 127));
    return args.call(
        "quantize_scale", scale, axes, List.of(most), body, new Lowering.Temp(0));
  }

  /** Elements of A by their scale, rounded; blocks have an axis of their own. */
  private static Lowering.Call codes(OpContext c, Weight w, TensorType scale, TensorType code) {
    List<Axis> axes = new ArrayList<>(Compute.axes(scale));
    List<Expr> blocks = Compute.vars(axes);
    Axis i = new Axis("i", w.block);
    axes.add(i);
    List<Expr> rows = new ArrayList<>(blocks);
    Expr block = rows.remove(rows.size() - 1);
    Expr at = Expr.add(Expr.mul(block, Expr.i32(w.block)), Expr.var(i));
    Args args = new Args(c);
    Expr factor = args.read(new Lowering.Temp(0), scale, blocks);
    Expr zero = Build.number(DType.F32, 0);
    Expr inverse =
        Expr.select(
            Expr.lt(zero, factor), Expr.div(Build.number(DType.F32, 1), factor), zero);
    Expr whole = Expr.unary(UnaryOp.ROUND, Expr.mul(a(args, w, rows, at), inverse));
    return args.call(
        "quantize", code, axes, List.of(), Expr.cast(DType.I8, whole), with(rows, at),
        new Lowering.Temp(1));
  }
}
