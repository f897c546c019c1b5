package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Copies whose input is dense along one axis and whose output along another: four vectors of the
 * input are transposed in registers into four of the output. Channel-first images become
 * channel-last ones and back; a matrix is transposed.
 *
 * <p>Of the two axes the loop runs along the one whose steps in memory are shorter, and passes a
 * block of the other at a time, so that whole cache lines are read and written. The last block of
 * an axis begins early enough to be whole: some elements are copied twice.
 *
 * <p>Steps: {@code lanes} (4) and {@code rows}, the length of a block.
 */
public final class TransposeFamily implements KernelFamily {
  /** Elements of the loop that one parallel part covers. */
  private static final int CHUNK = 256;

  @Override
  public String name() {
    return "transpose";
  }

  @Override
  public KernelSpace match(Compute original, Target target) {
    boolean copies = original.body() instanceof Read || original.body() instanceof ReadFlat;
    DType type = original.output().dtype();
    if (!target.has(Feature.SIMD)
        || !copies
        || !original.stages().isEmpty()
        || (type != DType.F32 && type != DType.I32 && type != DType.U32)) {
      return null;
    }
    TensorType[] types = MapReduceFamily.types(original);
    LoopBuilder addresses = new LoopBuilder(MapReduceFamily.buffers(original), types);
    Compute c = Collapse.apply(original, addresses);
    Affine from = addresses.address(c.body());
    Affine to = addresses.address(c.inputs().size(), c.store());
    if (!from.isPure() || !to.isPure()) {
      return null;
    }
    Axis read = dense(c, from);
    Axis written = dense(c, to);
    if (read == null || written == null || read == written || read.extent() < 4) {
      return null;
    }
    boolean alongWritten =
        Math.abs(from.coefficient(written)) <= Math.abs(to.coefficient(read))
            && written.extent() >= 4;
    return new Space(c, from, to, read, written, alongWritten);
  }

  /** The axis along which an address takes single steps, or null. */
  private static Axis dense(Compute c, Affine address) {
    for (Axis axis : c.spatial()) {
      if (address.coefficient(axis) == 1) {
        return axis;
      }
    }
    return null;
  }

  /**
   * @param c the collapsed copy
   * @param from address in the input
   * @param to address in the output
   * @param read axis that is dense in the input, at least 4 long
   * @param written axis that is dense in the output, at least 2 long
   * @param alongWritten whether the loop runs along {@code written}; else along {@code read}
   */
  private record Space(
      Compute c, Affine from, Affine to, Axis read, Axis written, boolean alongWritten)
      implements KernelSpace {

    private Axis blocked() {
      return alongWritten ? read : written;
    }

    private Axis along() {
      return alongWritten ? written : read;
    }

    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      return Schedule.of("transpose").with("lanes", 4).with("rows", 16);
    }

    @Override
    public LiteSpace lite(Set<Integer> weights) {
      return new LiteSpace.Builder("transpose")
          .choose("lanes", 1, 4)
          .choose("rows", 4, 16, 8, 4)
          .order(s -> 16 - s.get("rows", 16), 3);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      Buffer[] buffers = MapReduceFamily.buffers(c);
      LoopBuilder b = new LoopBuilder(buffers, MapReduceFamily.types(c));
      Axis blocked = blocked();
      Axis along = along();
      int rows = Math.min(schedule.get("rows", 16), blocked.extent());
      rows = rows < 4 ? rows : rows / 4 * 4;
      int chunk = Math.min(CHUNK, along.extent());
      int chunks = (along.extent() + chunk - 1) / chunk;

      Local begin = Local.of("begin", LType.I32);
      Local end = Local.of("end", LType.I32);
      Local part = Local.of("part", LType.I32);
      b.open();
      Rest rest = new Rest(b, Value.get(part));
      Value first = b.keep("first", Value.mul(rest.next(chunks), chunk));
      int groups = (blocked.extent() + rows - 1) / rows;
      Value row = Value.mul(rest.next(groups), rows);
      if (blocked.extent() % rows != 0) {
        row = Digits.integer(BinaryOp.MIN, row, blocked.extent() - rows);
      }
      b.bind(blocked, b.keep("row", row));
      int parts = chunks * groups;
      for (Axis axis : others()) {
        b.bind(axis, rest.next(axis.extent()));
        parts *= axis.extent();
      }

      Value last = Value.i32(along.extent());
      if (chunks > 1) {
        Value bound = Value.add(first, Value.i32(chunk));
        last = b.keep("last", Digits.integer(BinaryOp.MIN, bound, along.extent()));
      }
      b.open();
      Local at = Local.of("at", LType.I32);
      Value here = Value.get(at);
      if (along.extent() % 4 != 0) {
        here = b.keep("here", Digits.integer(BinaryOp.MIN, here, along.extent() - 4));
      }
      b.bind(along, here);
      for (int i = 0; i < rows; i += 4) {
        square(b, alongWritten ? i : 0, alongWritten ? 0 : i);
      }
      Stmt body = b.close();
      b.emit(new Stmt.For(at, first, last, 4, body));
      Stmt all = b.close();
      Stmt loop = new Stmt.For(part, Value.get(begin), Value.get(end), 1, all);
      return new LoopNest(c.name(), List.of(buffers), parts, begin, end, loop);
    }

    private List<Axis> others() {
      List<Axis> axes = new ArrayList<>();
      for (int i = c.spatial().size() - 1; i >= 0; i--) {
        Axis axis = c.spatial().get(i);
        if (axis != read && axis != written) {
          axes.add(axis);
        }
      }
      return axes;
    }

    /** Four elements along each axis, fewer along {@code written} where it is shorter. */
    private void square(LoopBuilder b, int r, int w) {
      int count = Math.min(4, written.extent());
      int arg = ((c.body() instanceof Read x) ? x.arg() : ((ReadFlat) c.body()).arg());
      Value[] in = new Value[4];
      for (int i = 0; i < 4; i++) {
        if (i >= count) {
          in[i] = in[0];
          continue;
        }
        b.shift2(read, r, written, w + i);
        LoopBuilder.Place place = b.place(arg, from);
        in[i] =
            b.keep(
                "x", new Value.Load(place.pointer(), place.offset(), Value.Access.VECTOR));
      }
      Value lowAb = b.keep("t", new Value.Shuffle(in[0], in[1], 0, 4, 1, 5));
      Value highAb = b.keep("t", new Value.Shuffle(in[0], in[1], 2, 6, 3, 7));
      Value lowCd = b.keep("t", new Value.Shuffle(in[2], in[3], 0, 4, 1, 5));
      Value highCd = b.keep("t", new Value.Shuffle(in[2], in[3], 2, 6, 3, 7));
      for (int i = 0; i < 4; i++) {
        Value ab = i < 2 ? lowAb : highAb;
        Value cd = i < 2 ? lowCd : highCd;
        int k = i % 2 * 2;
        b.shift2(read, r + i, written, w);
        LoopBuilder.Place place = b.place(c.inputs().size(), to);
        Value v = new Value.Shuffle(ab, cd, k, k + 1, k + 4, k + 5);
        b.emit(new Stmt.Store(place.pointer(), place.offset(), v, count));
      }
      b.shift2(null, 0, null, 0);
    }
  }

  /** Digits of a part's number, the fastest first. */
  private static final class Rest {
    private final LoopBuilder b;
    private Value rest;

    Rest(LoopBuilder b, Value number) {
      this.b = b;
      this.rest = number;
    }

    Value next(int extent) {
      if (extent == 1) {
        return Value.i32(0);
      }
      Digits digits = Digits.of(rest, extent, "digit", b::emit);
      rest = digits.above();
      return digits.lowest();
    }
  }
}
