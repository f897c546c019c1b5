package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Plain loops of a compute whose stages make rows of f32 values: each row lies in scratch. What no
 * family with lanes takes; one part, one value at a time.
 */
final class RowLowering {
  private final Compute c;
  private final Buffer[] buffers;
  private final LoopBuilder b;
  private final int[] offsets;
  private final int scratch;

  RowLowering(Compute c) {
    this.c = c;
    this.offsets = new int[c.stages().size()];
    int top = 0;
    for (int i = 0; i < offsets.length; i++) {
      Stage s = c.stages().get(i);
      if (s.body().type() != DType.F32 && !s.points().isEmpty()) {
        throw new IllegalStateException(c.name() + ": a row of " + s.body().type());
      }
      offsets[i] = top;
      top += s.points().isEmpty() ? 0 : MapReduceLowering.points(s.points());
    }
    this.scratch = top;
    this.buffers = withScratch(MapReduceFamily.buffers(c));
    this.b = new LoopBuilder(buffers, withScratch(MapReduceFamily.types(c), top));
  }

  /** The buffers of a kernel with its scratch between inputs and output. */
  static Buffer[] withScratch(Buffer[] plain) {
    Buffer[] all = new Buffer[plain.length + 1];
    System.arraycopy(plain, 0, all, 0, plain.length - 1);
    all[plain.length - 1] = new Buffer("w", DType.F32);
    all[plain.length] = plain[plain.length - 1];
    return all;
  }

  /** Types of {@link #withScratch(Buffer[])}. */
  static TensorType[] withScratch(TensorType[] plain, int elements) {
    TensorType[] all = new TensorType[plain.length + 1];
    System.arraycopy(plain, 0, all, 0, plain.length - 1);
    all[plain.length - 1] = TensorType.of(DType.F32, elements);
    all[plain.length] = plain[plain.length - 1];
    return all;
  }

  LoopNest lower() {
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    level(0);
    return new LoopNest(c.name(), List.of(buffers), scratch, 1, begin, end, b.close());
  }

  private interface Body {
    void run();
  }

  private void loops(List<Axis> axes, int depth, Body body) {
    if (depth == axes.size()) {
      body.run();
      return;
    }
    Axis a = axes.get(depth);
    Local var = b.beginFor(a);
    loops(axes, depth + 1, body);
    b.endFor(var, Value.i32(0), Value.i32(a.extent()), 1);
  }

  private void level(int depth) {
    for (int i = 0; i < c.stages().size(); i++) {
      if (c.stages().get(i).outer() == depth) {
        stage(i);
      }
    }
    if (depth < c.spatial().size()) {
      loops(c.spatial().subList(depth, depth + 1), 0, () -> level(depth + 1));
      return;
    }
    Value v = value(c.body());
    LoopBuilder.Place at = b.storePlace(c.store());
    b.emit(new Stmt.Store(at.pointer(), at.offset(), v, 1));
  }

  private void stage(int index) {
    Stage s = c.stages().get(index);
    if (s.points().isEmpty()) {
      b.setStage(index, Value.get(joined(index)));
      return;
    }
    List<Expr> at = new ArrayList<>(Compute.vars(s.points()));
    loops(
        s.points(),
        0,
        () -> {
          Local v = joined(index);
          b.emit(new Stmt.Store(row(index, at), 0, Value.get(v), 1));
        });
  }

  private Local joined(int index) {
    Stage s = c.stages().get(index);
    DType type = s.body().type();
    Local acc = Local.of("s" + index, Value.scalarType(type));
    if (s.axes().isEmpty()) {
      b.emit(Stmt.let(acc, value(s.body())));
      return acc;
    }
    b.emit(Stmt.let(acc, MapReduceLowering.identity(s, false)));
    Combiner join = s.combiner();
    loops(
        s.axes(),
        0,
        () -> {
          Value v = value(s.body());
          b.emit(Stmt.let(acc, new Value.Binary(join.op(), type, Value.get(acc), v)));
        });
    return acc;
  }

  /** Pointer to a value of a row. */
  private Value row(int stage, List<Expr> index) {
    List<Axis> points = c.stages().get(stage).points();
    int[] dims = new int[points.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = points.get(i).extent();
    }
    Value at = Value.add(b.lower(Exprs.linear(index, dims)), Value.i32(offsets[stage]));
    return new Value.Address(buffers[c.inputs().size()], at);
  }

  private Value value(Expr e) {
    loadRows(e);
    return b.lower(e);
  }

  /** Makes the values of rows that an expression reads known where the loops stand. */
  private void loadRows(Expr e) {
    if (e instanceof StageValue s && !s.index().isEmpty()) {
      Local v = Local.of("r" + s.stage(), LType.F32);
      b.emit(
          Stmt.let(v, new Value.Load(row(s.stage(), s.index()), 0, Value.Access.SCALAR)));
      b.setStage(s.stage(), Value.get(v));
      return;
    }
    for (Expr o : Exprs.operands(e)) {
      loadRows(o);
    }
  }
}
