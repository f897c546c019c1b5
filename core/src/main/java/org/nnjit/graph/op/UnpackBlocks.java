package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * A weight in ggml's blocks, in which codes and scales lie together, as MatMulNBits takes it.
 *
 * <p>Input: rows of blocks, u16 [rows, words]. Outputs: codes u8 [rows, columns * bits / 8], scales
 * f32 [rows, columns / block_size] and, of Q4_K, zero points f32 of that shape; elsewhere zero is
 * half of the codes' range. Attributes: {@code type} as GGUF numbers it, {@code columns}, {@code
 * bits}, {@code block_size} (codes with one scale) and {@code blocks} in a row.
 *
 * <p>Source: ggml's types Q4_0 (2), Q8_0 (8), Q4_K (12) and Q6_K (14).
 */
final class UnpackBlocks implements Operator {
  private static final int Q4_0 = 2;
  private static final int Q8_0 = 8;
  private static final int Q4_K = 12;

  /** Where a scale of Q4_K is 0, its zero point is this, which no code changes. */
  private static final double FAR = 0x1p24;

  @Override
  public String type() {
    return "UnpackBlocks";
  }

  @Override
  public String domain() {
    return "nnjit";
  }

  private static int of(OpContext c, String attribute) {
    return (int) c.attributes().getInt(attribute, 1);
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    return results(c);
  }

  private static List<TensorType> results(OpContext c) {
    Shape s = c.shape(0);
    int columns = of(c, "columns");
    TensorType codes = TensorType.of(DType.U8, s.with(1, columns * of(c, "bits") / 8));
    TensorType scales = TensorType.of(DType.F32, s.with(1, columns / of(c, "block_size")));
    return List.of(codes, scales, scales);
  }

  @Override
  public Lowering lower(OpContext c) {
    List<Lowering.Call> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      if (Build.wants(c, i)) {
        calls.add(call(c, i));
      }
    }
    return new Lowering(calls);
  }

  /** Of output 0 whole words of 32 bits are made. */
  private static Lowering.Call call(OpContext c, int output) {
    int type = of(c, "type");
    int blocks = of(c, "blocks");
    TensorType out = results(c).get(output);
    if (output == 0) {
      out = TensorType.of(DType.I32, out.shape().with(1, out.shape().dim(1) / 4));
    }
    int each = out.shape().dim(1) / blocks;
    Axis row = new Axis("row", out.shape().dim(0));
    Axis block = new Axis("block", blocks);
    Axis at = new Axis("at", each);
    Args args = new Args(c);
    Expr first = Expr.mul(Expr.var(block), Expr.i32(c.shape(0).dim(1) / blocks));
    Block b = new Block(args, Expr.var(row), first);
    Expr place = Expr.var(at);
    Expr e =
        output == 0
            ? b.codes(type, place)
            : type == Q4_K ? b.scaleOrZero(place, output == 2) : b.scale(type, place);
    Expr store = Expr.add(Expr.mul(Expr.var(block), Expr.i32(each)), place);
    return args.call(
        "unpack", out, List.of(row, block, at), List.of(), e, List.of(Expr.var(row), store),
        new Lowering.Output(output));
  }

  private static Expr op(BinaryOp op, Expr a, int b) {
    return Expr.binary(op, a, Expr.i32(b));
  }

  private static Expr f32(double value) {
    return Build.number(DType.F32, value);
  }

  /**
   * A block of a row.
   *
   * @param first its first word of 16 bits
   */
  private record Block(Args args, Expr row, Expr first) {

    /** A word of 16 bits, from 0 on. */
    Expr half(Expr at) {
      return Expr.cast(DType.I32, args.read(0, row, Expr.add(first, at)));
    }

    /** 32 bits that begin with a word of 16. */
    Expr word(Expr at) {
      Expr high = half(Expr.add(at, Expr.i32(1)));
      return Expr.binary(BinaryOp.OR, half(at), op(BinaryOp.SHL, high, 16));
    }

    /** 32 bits, those of a mask after a shift. */
    Expr bits(Expr at, Expr shift, int mask) {
      return op(BinaryOp.AND, Expr.binary(BinaryOp.SHR, word(at), shift), mask);
    }

    /** A byte that lies at a place, 0 to 255. */
    Expr part(Expr at) {
      Expr shift = op(BinaryOp.MUL, op(BinaryOp.AND, at, 1), 8);
      Expr both = half(op(BinaryOp.SHR, at, 1));
      return op(BinaryOp.AND, Expr.binary(BinaryOp.SHR, both, shift), 255);
    }

    /** A word of codes: 8 of 4 bits, or 4 of 8 that count from 128. */
    Expr codes(int type, Expr at) {
      if (type == Q8_0) {
        return op(BinaryOp.XOR, word(Expr.add(op(BinaryOp.MUL, at, 2), Expr.i32(1))), 0x80808080);
      }
      if (type == Q4_0 || type == Q4_K) {
        // Low halves of some bytes, then their high halves.
        int run = type == Q4_0 ? 2 : 4;
        Expr group = op(BinaryOp.MUL, op(BinaryOp.DIV, at, 2 * run), 4 * run);
        Expr inside = op(BinaryOp.MUL, op(BinaryOp.REM, at, run), 4);
        Expr from = op(BinaryOp.ADD, Expr.add(group, inside), type == Q4_0 ? 1 : 8);
        Expr shift = op(BinaryOp.MUL, op(BinaryOp.AND, op(BinaryOp.DIV, at, run), 1), 4);
        Expr later = joined(op(BinaryOp.ADD, from, 2), shift);
        return Expr.binary(BinaryOp.OR, joined(from, shift), op(BinaryOp.SHL, later, 16));
      }
      // Q6_K: 128 codes have 64 bytes with their low halves and 32 with two bits more of each.
      Expr half = op(BinaryOp.DIV, at, 32);
      Expr quarter = op(BinaryOp.AND, op(BinaryOp.DIV, at, 8), 3);
      Expr inside = op(BinaryOp.MUL, op(BinaryOp.AND, at, 7), 2);
      Expr lowAt =
          Expr.add(
              op(BinaryOp.MUL, half, 32),
              Expr.add(op(BinaryOp.MUL, op(BinaryOp.AND, quarter, 1), 16), inside));
      Expr highAt = op(BinaryOp.ADD, Expr.add(op(BinaryOp.MUL, half, 16), inside), 64);
      Expr low = bits(lowAt, op(BinaryOp.MUL, op(BinaryOp.DIV, quarter, 2), 4), 0x0f0f0f0f);
      Expr high = bits(highAt, op(BinaryOp.MUL, quarter, 2), 0x03030303);
      Expr both = Expr.binary(BinaryOp.OR, low, op(BinaryOp.SHL, high, 4));
      return op(BinaryOp.ADD, both, 0x60606060);
    }

    /** The same halves of four bytes, side by side. */
    private Expr joined(Expr at, Expr shift) {
      Expr x = bits(at, shift, 0x0f0f0f0f);
      Expr pairs = Expr.binary(BinaryOp.OR, x, op(BinaryOp.SHR, x, 4));
      Expr y = op(BinaryOp.AND, pairs, 0x00ff00ff);
      return op(BinaryOp.AND, Expr.binary(BinaryOp.OR, y, op(BinaryOp.SHR, y, 8)), 0xffff);
    }

    Expr scale(int type, Expr at) {
      if (type == Q4_0 || type == Q8_0) {
        return f16(0);
      }
      Expr signed = op(BinaryOp.SHR, op(BinaryOp.SHL, part(op(BinaryOp.ADD, at, 192)), 24), 24);
      return Expr.mul(f16(104), Expr.cast(DType.F32, signed));
    }

    /** Of Q4_K: elements are {@code code * scale - least}, both factors being of 6 bits. */
    Expr scaleOrZero(Expr at, boolean zero) {
      Expr four = op(BinaryOp.AND, at, 3);
      Expr last = part(op(BinaryOp.ADD, four, 12));
      Expr scale = product(0, four, at, op(BinaryOp.AND, last, 15));
      Expr least = product(1, four, at, op(BinaryOp.SHR, last, 4));
      Expr none = Build.eq(scale, f32(0));
      return zero
          ? Expr.select(none, f32(FAR), Expr.div(least, scale))
          : Expr.select(none, Expr.mul(least, f32(1 / FAR)), scale);
    }

    /** A float of the block times the factor of one of its eight parts. */
    private Expr product(int which, Expr four, Expr at, Expr low) {
      Expr x = part(op(BinaryOp.ADD, four, 4 + 4 * which));
      Expr high = op(BinaryOp.SHL, op(BinaryOp.SHR, x, 6), 4);
      Expr later = Expr.binary(BinaryOp.OR, low, high);
      Expr factor =
          Expr.select(Expr.lt(at, Expr.i32(4)), op(BinaryOp.AND, x, 63), later);
      return Expr.mul(f16(which), Expr.cast(DType.F32, factor));
    }

    /** A finite f16 of the block as f32. */
    private Expr f16(int at) {
      Expr bits = half(Expr.i32(at));
      Expr exponent = op(BinaryOp.AND, op(BinaryOp.SHR, bits, 10), 31);
      Expr hidden =
          Expr.select(Expr.lt(Expr.i32(0), exponent), Expr.i32(1024), Expr.i32(0));
      Expr x = Expr.cast(DType.F32, Expr.add(op(BinaryOp.AND, bits, 1023), hidden));
      Expr power = op(BinaryOp.MAX, exponent, 1);
      for (int i = 0; i < 5; i++) {
        Expr without = Build.eq(op(BinaryOp.AND, power, 1 << i), Expr.i32(0));
        x = Expr.mul(x, Expr.select(without, f32(1), f32(1 << (1 << i))));
      }
      return Expr.mul(
          x, Expr.select(Expr.lt(bits, Expr.i32(1 << 15)), f32(0x1p-25), f32(-0x1p-25)));
    }
  }
}
