package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Products with a weight of small integers, {@code C[m, n] = sum over k of A[m, k] * (code[n, k] -
 * zero[n, k / block]) * scale[n, k / block]}, that never exists as floats in memory. A is f32, or
 * i8, or i16 in blocks of 64 at most, with scales of its own in the same blocks, and then products of integers
 * are summed.
 *
 * <p>Codes are packed into panels of {@code width} columns: words {@code [panel, word of k, width]} of
 * 32 bits that hold 8 codes of 4 bits or 4 of 8 bits of one column. Codes of 4 bits lie such that the
 * low halves of a word's bytes are the first four in order, the high halves the others.
 *
 * <p>Steps: {@code mr} rows and {@code nr} columns of a tile, {@code width} a multiple of these (all
 * default schedules have the same: plans of all numbers of rows share packed codes), {@code unroll}
 * words of k in a loop turn, {@code dot} (0: floats, 1: relaxed products of bytes, 2: products of i16).
 */
public final class QuantisedFamily implements KernelFamily {
  /** Block of k where scales do not ask for one. */
  private static final int BLOCK = 64;

  /** Codes of A of 16 bits in a block: the sum of more products may overflow. */
  private static final int WIDEST_BLOCK = 64;

  private static final int MOST_CANDIDATES = 16;

  /** With more rows, which share floats, reading these takes less time than unpacking codes. */
  private static final int FEW_ROWS = 16;

  @Override
  public String name() {
    return "quantised";
  }

  /**
   * A quantised product.
   *
   * @param compute collapsed
   * @param a read of f32, or null
   * @param codesA A as integers, or null
   * @param m rows, or null for one
   * @param block codes along k in a block
   */
  record Product(
      Compute compute, Expr a, Codes codesA, Codes b, Axis m, Axis n, Axis k, int block) {

    int rows() {
      return m == null ? 1 : m.extent();
    }

    int columns() {
      return n.extent();
    }

    /** Codes in a word. */
    int perWord() {
      return 32 / b.bits();
    }

    int blocks() {
      return (k.extent() + block - 1) / block;
    }

    /** Words of a column, the last block being whole. */
    int words() {
      return blocks() * block / perWord();
    }

    /** An expression with the number of the block in place of k, which it uses by blocks only. */
    Expr byBlock(Expr e, Expr number) {
      return Exprs.rewrite(
          e,
          x -> {
            if (x instanceof Binary d && d.op() == BinaryOp.DIV && d.a().equals(Expr.var(k))) {
              int parts = (int) ((Expr.IntConst) d.b()).value() / block;
              return Expr.binary(BinaryOp.DIV, number, Expr.i32(parts));
            }
            return null;
          });
    }
  }

  /** The quantised product that a compute is, or null. */
  static Product product(Compute original) {
    PanelProduct p = original.output().dtype() == DType.F32 ? PanelProduct.of(original) : null;
    if (p == null || !(p.factors().b() instanceof Binary)) {
      return null;
    }
    Axis m = p.m();
    Axis k = p.k();
    Binary parts = p.factors();
    Codes b = Codes.of(parts.b(), k);
    Codes codesA = Codes.of(parts.a(), k);
    boolean plain = Exprs.isRead(parts.a());
    if (b == null
        || b.bits() > 8
        || codesA == null && (!plain || parts.a().type() != DType.F32)) {
      return null;
    }
    Affine fa =
        p.addresses().address(codesA == null ? parts.a() : Exprs.reads(codesA.code()).get(0));
    int block = b.block() > 0 ? b.block() : codesA != null ? codesA.block() : BLOCK;
    if (!fa.isPure() || block % 16 != 0 || !readOnce(p.compute(), b)) {
      return null;
    }
    if (codesA != null) {
      int perVector = 128 / codesA.bits();
      boolean wide = codesA.bits() == 16 && b.bits() == 8 && block <= WIDEST_BLOCK;
      boolean fits =
          (codesA.code().type() == DType.I8 || wide)
              && codesA.zero() == null
              && codesA.block() == block
              && k.extent() % block == 0
              && fa.coefficient(k) == 1
              && fa.constant() % perVector == 0
              && (m == null || fa.coefficient(m) % perVector == 0);
      if (!fits) {
        return null;
      }
    }
    return new Product(
        p.compute(), codesA == null ? parts.a() : null, codesA, b, m, p.n(), k, block);
  }

  /** Whether each packed argument is read in one place. */
  private static boolean readOnce(Compute c, Codes b) {
    for (int argument : new int[] {b.argument(), b.scaleArgument(), b.zeroArgument()}) {
      int reads = 0;
      for (Expr r : Exprs.reads(c)) {
        reads += Exprs.argOf(r) == argument ? 1 : 0;
      }
      if (reads > 1) {
        return false;
      }
    }
    return true;
  }

  static LoopBuilder addresses(Compute c) {
    return new LoopBuilder(MapReduceFamily.buffers(c), MapReduceFamily.types(c));
  }

  /** True when codes in memory are better than floats: where few rows share them. */
  public static boolean pays(Compute compute, Target target) {
    Product p = target.has(Feature.SIMD) ? product(compute) : null;
    return p != null && p.rows() <= FEW_ROWS;
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    Product p = target.has(Feature.SIMD) ? product(compute) : null;
    return p == null ? null : new Space(p, target);
  }

  /** Columns of a packed panel. */
  static int width(Schedule schedule) {
    return schedule.get("width", schedule.get("nr", 16));
  }

  private record Space(Product p, Target target) implements KernelSpace {
    /** One row: 16 columns. Floats of more rows share their weights; integers share less. */
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      boolean tall = p.rows() > 1 && p.codesA == null;
      return Schedule.of("quantised")
          .with("mr", Math.min(p.rows(), tall ? 4 : 2))
          .with("nr", tall ? PanelProduct.WIDTH / 2 : PanelProduct.WIDTH)
          .with("width", PanelProduct.WIDTH)
          .with("unroll", 4)
          .with("dot", dots()[0]);
    }

    /** Kinds of products that there are, the best first. */
    private int[] dots() {
      return p.codesA == null
          ? new int[] {0}
          : p.b.bits() == 4 && p.codesA.bits() == 8 && target.has(Feature.RELAXED_DOT)
              ? new int[] {1, 2}
              : new int[] {2};
    }

    @Override
    public LiteSpace lite(Set<Integer> weights) {
      int rows = Math.min(p.rows(), 8);
      int[] heights = rows > 4 ? new int[] {1, 2, 4, 8} : new int[rows];
      for (int i = 0; i < rows && rows <= 4; i++) {
        heights[i] = i + 1;
      }
      return new LiteSpace.Builder("quantised")
          .choose("mr", p.rows(), heights)
          .choose("nr", 16, 4, PanelProduct.WIDTH / 2, PanelProduct.WIDTH)
          .choose("width", 1, PanelProduct.WIDTH)
          .choose("unroll", 16, 2, 4)
          .choose("dot", dots().length, dots())
          .order(this::cost, MOST_CANDIDATES);
    }

    /** Instructions for each code of a row, more where sums and operands do not fit registers. */
    private double cost(Schedule s) {
      int rows = s.get("mr", 1);
      int vectors = s.get("nr", 4) / 4;
      int dot = s.get("dot", 0);
      // For eight codes of four columns: to unpack them, to multiply them, and what each row needs.
      int unpack = dot == 0 ? (rows == 1 ? 17 : 33) : dot == 1 ? 5 : 9;
      int products = dot == 0 ? 8 : dot == 1 ? 6 : 8;
      int row = dot == 0 ? (rows == 1 ? 40 : 8) : 8;
      int live = dot == 1 ? rows * vectors + 4 : 2 * rows * vectors + 2;
      double cost = (double) ((unpack + products * rows) * vectors + row * rows) / (rows * vectors);
      int ragged = (p.columns() + 4 * vectors - 1) / (4 * vectors) * 4 * vectors;
      return cost * (1 + 0.03 * Math.max(0, live - target.vectorRegisters())) * ragged
          / p.columns() + 0.1 / s.get("unroll", 1);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      return new QuantisedLowering(p, schedule).lower();
    }

    @Override
    public List<Packing> packings(Schedule schedule) {
      int nr = width(schedule);
      List<Packing> all = new ArrayList<>();
      all.add(new Packing(p.b.argument(), codes(nr)));
      all.add(new Packing(p.b.scaleArgument(), blocks(nr, p.b.scale(), 0)));
      if (p.b.zeroArgument() >= 0) {
        Expr zero = Expr.cast(DType.F32, p.b.zero());
        all.add(new Packing(p.b.zeroArgument(), blocks(nr, zero, p.b.shift())));
      }
      return all;
    }

    /** What each block of each column has: {@code [panel, block, nr]} f32, 0 beyond column n. */
    private Compute blocks(int nr, Expr value, int shift) {
      TensorType out =
          TensorType.of(DType.F32, (p.columns() + nr - 1) / nr, p.blocks(), nr);
      List<Axis> axes = Compute.axes(out);
      Expr column = column(axes, nr);
      Expr there = p.byBlock(value, Expr.var(axes.get(1)));
      Expr e = Codes.renumbered(there, Map.of(p.n, column));
      if (shift != 0) {
        e = Expr.add(e, Expr.constant(DType.F32, shift));
      }
      TensorType source = p.compute.inputs().get(Exprs.argOf(Exprs.reads(value).get(0)));
      return packed(source, out, axes, inside(column, nr, e));
    }

    private static Expr column(List<Axis> axes, int nr) {
      return Expr.add(Expr.mul(Expr.var(axes.get(0)), Expr.i32(nr)), Expr.var(axes.get(2)));
    }

    private Expr inside(Expr column, int nr, Expr e) {
      return p.columns() % nr == 0
          ? e
          : Expr.select(
              Expr.lt(column, Expr.i32(p.columns())), e, Expr.constant(e.type(), 0));
    }

    private static Compute packed(TensorType in, TensorType out, List<Axis> axes, Expr e) {
      return Compute.of("pack", List.of(in), out, axes, List.of(), e);
    }

    /** Words of codes, {@code [panel, word, nr]}. */
    private Compute codes(int nr) {
      TensorType out = TensorType.of(DType.I32, (p.columns() + nr - 1) / nr, p.words(), nr);
      List<Axis> axes = Compute.axes(out);
      Expr column = column(axes, nr);
      Expr word = Expr.var(axes.get(1));
      int per = p.perWord();
      int rowBytes = p.b.rowBytes(p.n, p.k, p.words() * per);
      if (rowBytes > 0) {
        int rows = p.columns();
        Expr place = Expr.add(Expr.mul(column, Expr.i32(rowBytes / 4)), word);
        Expr e = new ReadFlat(0, DType.I32, place);
        if (p.b.bits() == 4) {
          e = spread(e);
        } else if (p.b.shift() != 0) {
          e = Expr.binary(BinaryOp.XOR, e, Expr.i32(0x80808080));
        }
        TensorType source = TensorType.of(DType.I32, rows, rowBytes / 4);
        return packed(source, out, axes, inside(column, nr, e));
      }
      Expr e = Expr.i32(0);
      for (int i = 0; i < per; i++) {
        Expr at = Expr.add(Expr.mul(word, Expr.i32(per)), Expr.i32(QuantisedLowering.step(p, i)));
        Expr code = p.b.from0(Map.of(p.n, column, p.k, at));
        if (p.words() * per > p.k.extent()) {
          code = Expr.select(Expr.lt(at, Expr.i32(p.k.extent())), code, Expr.i32(0));
        }
        e = Expr.binary(
            BinaryOp.OR, e, Expr.binary(BinaryOp.SHL, code, Expr.i32(i * p.b.bits())));
      }
      return packed(p.compute.inputs().get(p.b.argument()), out, axes, inside(column, nr, e));
    }

    /** Halves of bytes 0 1 2 3 4 5 6 7 in the order 0 4 1 5 2 6 3 7. */
    private static Expr spread(Expr x) {
      Expr e = Expr.and(x, Expr.i32(0xf000000f));
      for (int by = 4; by <= 12; by += 4) {
        Expr shift = Expr.i32(by);
        Expr up = Expr.binary(BinaryOp.SHL, Expr.and(x, Expr.i32(15 << by)), shift);
        Expr down = Expr.and(Expr.binary(BinaryOp.SHR, x, shift), Expr.i32(15 << (28 - 2 * by)));
        e = Expr.binary(BinaryOp.OR, Expr.binary(BinaryOp.OR, e, up), down);
      }
      return e;
    }
  }
}
