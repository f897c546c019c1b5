package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.GridNest;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/** A kernel for a GPU under construction. */
final class Grid {
  final Compute compute;
  final LoopBuilder b;
  final Local group = Local.of("group", LType.I32);
  final Local lane = Local.of("lane", LType.I32);
  private final Buffer[] buffers;
  private final List<GridNest.Shared> shared = new ArrayList<>();
  private final Set<Buffer> fours = new HashSet<>();

  /** Begins a kernel of a {@link #collapsed} compute. */
  Grid(Compute compute) {
    this.compute = compute;
    this.buffers = MapReduceFamily.buffers(compute);
    this.b = new LoopBuilder(buffers, MapReduceFamily.types(compute));
  }

  /** The same compute over as few axes as its addresses allow, in the order of the output. */
  static Compute collapsed(Compute c) {
    LoopBuilder addresses =
        new LoopBuilder(MapReduceFamily.buffers(c), MapReduceFamily.types(c));
    Compute ordered = MapReduceFamily.order(Collapse.apply(c, addresses), addresses);
    return Collapse.apply(ordered, addresses);
  }

  /** An argument read as words of 32 bits, whatever its elements are. */
  Buffer words(int argument) {
    buffers[argument] = new Buffer("x" + argument, DType.I32);
    return buffers[argument];
  }

  /**
   * Whether an expression is an element whose neighbours along an axis are its neighbours in memory:
   * an f32, or one of 16 bits as an f32.
   */
  boolean isDense(Expr e, Axis axis) {
    Expr read = element(e);
    if (!(read instanceof Expr.Read || read instanceof Expr.ReadFlat)
        || e.type() != DType.F32
        || Value.scalarType(read.type()) != LType.F32) {
      return false;
    }
    Affine address = b.address(read);
    return address.coefficient(axis) == 1 && !address.hidesAxis(axis);
  }

  /** What an expression reads from memory that may be converted to f32 afterwards. */
  static Expr element(Expr e) {
    return e instanceof Expr.Cast c ? c.x() : e;
  }

  /**
   * Makes the buffer of a {@link #isDense} element one of vectors, where four from a multiple of
   * four on along the axis always lie in one, in whatever else is read of it too.
   */
  void readFours(Expr e, Axis axis) {
    Expr read = element(e);
    int argument = Exprs.argOf(read);
    boolean fit = lieInFours(argument, b.address(read), axis);
    for (Expr other : Exprs.reads(compute)) {
      if (Exprs.argOf(other) == argument) {
        Affine address = b.address(other);
        Axis dense = axis;
        for (int i = 0; i < address.terms(); i++) {
          boolean next = address.coefficient(i) == 1 && address.term(i) instanceof Expr.Var;
          dense = next ? ((Expr.Var) address.term(i)).axis() : dense;
        }
        fit &= lieInFours(argument, address, dense);
      }
    }
    if (fit) {
      fours.add(buffers[argument]);
    }
  }

  /** The same for the result; false where results are written one by one. */
  boolean storeFours(Axis axis) {
    int result = compute.inputs().size();
    Affine address = b.address(result, compute.store());
    boolean all =
        compute.output().dtype() == DType.F32
            && address.coefficient(axis) == 1
            && !address.hidesAxis(axis)
            && lieInFours(result, address, axis);
    if (all) {
      fours.add(buffers[result]);
    }
    return all;
  }

  private boolean lieInFours(int argument, Affine address, Axis axis) {
    TensorType type =
        argument < compute.inputs().size() ? compute.inputs().get(argument) : compute.output();
    boolean fit =
        type.shape().elements() % 4 == 0 && axis.extent() % 4 == 0 && address.constant() % 4 == 0;
    for (int i = 0; i < address.terms(); i++) {
      boolean along = address.term(i) instanceof Expr.Var v && v.axis() == axis;
      fit &= along || address.coefficient(i) % 4 == 0;
    }
    return fit;
  }

  /** Memory of the workgroup. */
  Buffer share(DType type, int elements) {
    Buffer buffer = new Buffer("shared" + shared.size(), type);
    shared.add(new GridNest.Shared(buffer, elements, false));
    return buffer;
  }

  /** The same of f32 elements, which are written four at a time. */
  Buffer shareFours(int elements) {
    Buffer buffer = new Buffer("shared" + shared.size(), DType.F32);
    shared.add(new GridNest.Shared(buffer, elements, true));
    return buffer;
  }

  /** Statements that only run where the condition holds; null for always. */
  void where(Value condition, Runnable body) {
    b.open();
    body.run();
    Stmt inside = b.close();
    b.emit(condition == null ? inside : new Stmt.If(condition, inside, null));
  }

  /** A loop over {@code begin, begin + step, ...} before {@code end}. */
  void loop(String name, Value begin, int end, int step, Consumer<Value> body) {
    Local var = Local.of(name, LType.I32);
    b.open();
    body.accept(Value.get(var));
    Stmt inside = b.close();
    b.emit(new Stmt.For(var, begin, Value.i32(end), step, inside));
  }

  void barrier() {
    b.emit(new Stmt.Barrier());
  }

  static Value less(Value a, int bound) {
    return new Value.Binary(BinaryOp.LT, DType.I32, a, Value.i32(bound));
  }

  /** The value of the compute's point that the axes are bound to, in its place. */
  void store() {
    Value v = b.lower(compute.body());
    LoopBuilder.Place at = b.storePlace(compute.store());
    b.emit(new Stmt.Store(at.pointer(), at.offset(), v, 1));
  }

  GridNest nest(int groups, int size) {
    return new GridNest(
        compute.name(), List.of(buffers), fours, shared, Math.max(1, groups), size, group, lane,
        b.close());
  }
}
