package org.nnjit.kernel.family;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Products of bytes, {@code C[m, n] = sum over k of A[m, k] * B[k, n]} in i32, A and B of i8 or u8,
 * as MatMulInteger has them. Zero points and scales are the body's.
 *
 * <p>B is packed into panels of 16 columns, words {@code [panel, word of k, 16]} of four codes of a
 * column: the first two in its even bytes, the others in its odd ones, which become pairs of i16. A is
 * packed too, as i16 {@code [m, k]}, whose pairs meet those.
 *
 * <p>Steps: {@code mr} rows and {@code nr} columns of a tile, {@code unroll} words of k in a loop turn.
 */
public final class IntegerFamily implements KernelFamily {
  /** Codes of B in a word. */
  static final int PER_WORD = 4;

  /** Where in its word a code lies. */
  private static final int[] BYTES = {0, 2, 1, 3};

  /** Registers with which a tile has four rows; two fill 16. */
  private static final int MANY_REGISTERS = 32;

  @Override
  public String name() {
    return "integer";
  }

  /**
   * A product of bytes.
   *
   * @param compute collapsed
   * @param a read of i8 or u8
   * @param b read of i8 or u8
   * @param m rows, or null for one
   */
  record Product(Compute compute, Expr a, Expr b, Axis m, Axis n, Axis k) {
    /** Words of k. */
    int words() {
      return (k.extent() + PER_WORD - 1) / PER_WORD;
    }

    int rows() {
      return m == null ? 1 : m.extent();
    }
  }

  private static Product product(Compute original) {
    PanelProduct p = original.output().dtype().bytes() < 8 ? PanelProduct.of(original) : null;
    Expr a = p == null ? null : bytes(p.factors().a());
    Expr b = p == null ? null : bytes(p.factors().b());
    if (a == null || b == null) {
      return null;
    }
    boolean fits = isOnlyRead(p.compute(), a) && isOnlyRead(p.compute(), b);
    return fits ? new Product(p.compute(), a, b, p.m(), p.n(), p.k()) : null;
  }

  /** The read of bytes that an i32 is, else null. */
  private static Expr bytes(Expr factor) {
    if (factor.type() != DType.I32
        || !(factor instanceof Cast cast)
        || !Exprs.isRead(cast.x())) {
      return null;
    }
    DType type = cast.x().type();
    boolean plain = Exprs.reads(cast.x()).size() == 1;
    return plain && (type == DType.U8 || type == DType.I8) ? cast.x() : null;
  }

  private static boolean isOnlyRead(Compute c, Expr read) {
    int reads = 0;
    for (Expr r : Exprs.reads(c)) {
      reads += Exprs.argOf(r) == Exprs.argOf(read) ? 1 : 0;
    }
    return reads == 1;
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    Product p = target.has(Feature.SIMD) ? product(compute) : null;
    return p == null ? null : new Space(p, target);
  }

  private record Space(Product p, Target target) implements KernelSpace {
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      int rows = target.vectorRegisters() >= MANY_REGISTERS ? 4 : 2;
      return schedule(Math.min(p.rows(), rows), PanelProduct.WIDTH, 4);
    }

    private static Schedule schedule(int mr, int nr, int unroll) {
      return Schedule.of("integer")
          .with("mr", mr)
          .with("nr", nr)
          .with("width", PanelProduct.WIDTH)
          .with("unroll", unroll);
    }

    @Override
    public LiteSpace lite(Set<Integer> weights) {
      int rows = Math.min(p.rows(), 4);
      int[] heights = new int[rows];
      for (int i = 0; i < rows; i++) {
        heights[i] = i + 1;
      }
      Schedule best = defaultSchedule(weights);
      return new LiteSpace.Builder("integer")
          .choose("mr", p.rows(), heights)
          .choose("nr", 4, PanelProduct.WIDTH / 2, PanelProduct.WIDTH)
          .choose("width", 1, PanelProduct.WIDTH)
          .choose("unroll", 16, 2, 4)
          .order(s -> s.equals(best) ? 0 : 1, 2 * rows * 2);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      return new IntegerLowering(p, schedule).lower();
    }

    @Override
    public List<Packing> packings(Schedule schedule) {
      return List.of(pairs(), panels());
    }

    /** A as i16. */
    private Packing pairs() {
      int steps = p.words() * PER_WORD;
      TensorType out =
          p.m == null
              ? TensorType.of(DType.I16, steps)
              : TensorType.of(DType.I16, p.m.extent(), steps);
      List<Axis> axes = Compute.axes(out);
      Axis k = axes.get(axes.size() - 1);
      Map<Axis, Expr> at = new HashMap<>(Map.of(p.k, Expr.var(k)));
      if (p.m != null) {
        at.put(p.m, Expr.var(axes.get(0)));
      }
      // By way of i32, which vectors are of.
      Expr code = Expr.cast(DType.I32, Codes.renumbered(p.a, at));
      if (steps > p.k.extent()) {
        code = Expr.select(inside(Expr.var(k)), code, Expr.i32(0));
      }
      return packing(p.a, out, axes, Expr.cast(DType.I16, code));
    }

    private Packing panels() {
      int panels = (p.n.extent() + PanelProduct.WIDTH - 1) / PanelProduct.WIDTH;
      TensorType out = TensorType.of(DType.I32, panels, p.words(), PanelProduct.WIDTH);
      List<Axis> axes = Compute.axes(out);
      Expr column = Expr.add(times(axes.get(0), PanelProduct.WIDTH), Expr.var(axes.get(2)));
      Expr word = Expr.i32(0);
      for (int i = 0; i < PER_WORD; i++) {
        Expr k = Expr.add(times(axes.get(1), PER_WORD), Expr.i32(i));
        Expr code = Codes.renumbered(p.b, Map.of(p.n, column, p.k, k));
        code = Expr.and(Expr.cast(DType.I32, code), Expr.i32(255));
        if (p.words() * PER_WORD > p.k.extent()) {
          code = Expr.select(inside(k), code, Expr.i32(0));
        }
        Expr shifted = Expr.binary(BinaryOp.SHL, code, Expr.i32(8 * BYTES[i]));
        word = Expr.binary(BinaryOp.OR, word, shifted);
      }
      if (p.n.extent() % PanelProduct.WIDTH != 0) {
        word = Expr.select(Expr.lt(column, Expr.i32(p.n.extent())), word, Expr.i32(0));
      }
      return packing(p.b, out, axes, word);
    }

    private Packing packing(Expr read, TensorType out, List<Axis> axes, Expr body) {
      int argument = Exprs.argOf(read);
      TensorType in = p.compute.inputs().get(argument);
      return new Packing(argument, Compute.of("pack", List.of(in), out, axes, List.of(), body));
    }

    private Expr inside(Expr k) {
      return Expr.lt(k, Expr.i32(p.k.extent()));
    }

    private static Expr times(Axis axis, int by) {
      return Expr.mul(Expr.var(axis), Expr.i32(by));
    }
  }
}
