package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.Cast;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.IntConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Expr.StageValue;
import org.nnjit.compute.Expr.Unary;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.TensorType;

/**
 * Builds loops from the inside of a family: keeps the open loops, forms every address and every
 * invariant value at the outermost loop that knows its indices, and turns expressions into scalar
 * or vector values.
 *
 * <p>Invariant motion is by construction: a statement that belongs to an outer loop is appended to
 * that loop's body before the inner loop, which is appended only when it closes.
 */
final class LoopBuilder {
  private static final class Level {
    final List<Stmt> body = new ArrayList<>();
    final List<Axis> axes = new ArrayList<>();
    final List<Value> values = new ArrayList<>();
    final List<Pointer> pointers = new ArrayList<>();
    final Map<String, Local> known = new HashMap<>();
  }

  /**
   * A pointer kept in a local: {@code from} moved by the terms. A term is an axis, or the text of
   * another expression.
   */
  private record Pointer(
      int arg, Local from, Object[] terms, int[] coefficients, int constant, Local local) {

    boolean is(int otherArg, Local otherFrom, Object[] others, int[] factors, int otherConstant) {
      if (arg != otherArg
          || from != otherFrom
          || constant != otherConstant
          || terms.length != others.length) {
        return false;
      }
      for (int i = 0; i < terms.length; i++) {
        boolean same = terms[i] == others[i] || terms[i] instanceof String t && t.equals(others[i]);
        if (!same || coefficients[i] != factors[i]) {
          return false;
        }
      }
      return true;
    }
  }

  private final Buffer[] buffers;
  private final TensorType[] types;
  private final List<TensorType> inputs;
  private final List<Level> levels = new ArrayList<>();
  private final List<Value> stages = new ArrayList<>();
  private final List<Integer> stageLevels = new ArrayList<>();
  private final List<Axis> axisIds = new ArrayList<>();
  private int nextPointer;
  private Axis vectorAxis;
  private int lanesInUse = 4;
  private int lane;
  private int guards;
  private Axis[] shifted = new Axis[2];
  private int[] shifts = new int[2];

  /**
   * @param buffers one for each argument, then the output
   * @param types type of each
   */
  LoopBuilder(Buffer[] buffers, TensorType[] types) {
    this.buffers = buffers;
    this.types = types;
    this.inputs = List.of(types);
    open();
  }

  void open() {
    levels.add(new Level());
  }

  /** Ends the innermost level and returns its statements. */
  Stmt close() {
    return Stmt.block(levels.remove(levels.size() - 1).body);
  }

  void emit(Stmt s) {
    top().body.add(s);
  }

  /** A value in a local, where it is not in one already. */
  Value keep(String name, Value v) {
    if (v instanceof Value.Get) {
      return v;
    }
    Local local = Local.of(name, v.type());
    emit(Stmt.let(local, v));
    return Value.get(local);
  }

  /** Says what an axis is from here on in the innermost level. */
  void bind(Axis axis, Value value) {
    top().axes.add(axis);
    top().values.add(value);
  }

  /** Opens a loop that binds an axis; {@link #endFor} closes it. */
  Local beginFor(Axis axis) {
    open();
    Local var = Local.of(axis.name(), LType.I32);
    bind(axis, Value.get(var));
    return var;
  }

  void endFor(Local var, Value begin, Value end, int step) {
    Stmt body = close();
    emit(new Stmt.For(var, begin, end, step, body));
  }

  /** Makes expressions vectors along this axis, whose bound value is lane 0; null for scalars. */
  void vectorise(Axis axis) {
    vectorise(axis, 4);
  }

  /** {@link #vectorise} where only the first lanes stand for points: the others read as the last. */
  void vectorise(Axis axis, int lanes) {
    vectorAxis = axis;
    lanesInUse = lanes;
  }

  boolean isVector() {
    return vectorAxis != null;
  }

  /** Takes an axis {@code by} further than it is bound, as a constant in every address. */
  void shift(Axis axis, int by) {
    shift2(axis, by, null, 0);
  }

  /** {@link #shift} of two axes at once; null for none. */
  void shift2(Axis first, int byFirst, Axis second, int bySecond) {
    shifted = new Axis[] {byFirst == 0 ? null : first, bySecond == 0 ? null : second};
    shifts = new int[] {byFirst, bySecond};
  }

  private int shiftOf(Axis axis) {
    return axis == null ? 0 : axis == shifted[0] ? shifts[0] : axis == shifted[1] ? shifts[1] : 0;
  }

  /** The current value of a bound axis. */
  Value axisValue(Axis axis) {
    return value(axis);
  }

  void setStage(int stage, Value value) {
    while (stages.size() <= stage) {
      stages.add(null);
      stageLevels.add(0);
    }
    stages.set(stage, value);
    stageLevels.set(stage, levels.size() - 1);
  }

  private Level top() {
    return levels.get(levels.size() - 1);
  }

  // --- addresses ---

  /** A pointer and the elements to add to it. */
  record Place(Value pointer, int offset) {}

  /** Where the output's element at this logical index lies. */
  Place storePlace(List<Expr> index) {
    int out = buffers.length - 1;
    return place(out, address(out, index));
  }

  Affine address(int arg, List<Expr> index) {
    TensorType t = types[arg];
    return Affine.sum(t.layout().offset(), index, t.layout().strides());
  }

  /** Extent of a dimension of an argument. */
  int extent(int arg, int dimension) {
    return types[arg].shape().dim(dimension);
  }

  Affine address(Expr read) {
    return Exprs.address(inputs, read);
  }

  /**
   * Pointer for an address: terms are added loop by loop, each sum kept in a local of the loop
   * where it is complete.
   */
  Place place(int arg, Affine a) {
    int constant = a.constant();
    int n = a.terms();
    int[] at = new int[n];
    boolean falls = false;
    for (int i = 0; i < n; i++) {
      Expr t = a.term(i);
      falls |= a.coefficient(i) < 0;
      if (!(t instanceof Var v)) {
        at[i] = levelOf(t);
        continue;
      }
      if (v.axis() == vectorAxis) {
        constant += lane * a.coefficient(i);
      }
      constant += shiftOf(v.axis()) * a.coefficient(i);
      if (bound(v.axis()) instanceof Value.IntConst c) {
        constant += (int) c.value() * a.coefficient(i);
        at[i] = -1;
      } else {
        at[i] = levelOf(t);
      }
    }
    // An access adds what stays of the constant to a pointer that must not be below address 0.
    int folded = falls || constant < 0 ? constant : 0;
    Local pointer = null;
    for (int l = 0; l < levels.size(); l++) {
      int count = 0;
      for (int i = 0; i < n; i++) {
        count += at[i] == l ? 1 : 0;
      }
      int first = l == 0 ? folded : 0;
      if (count > 0 || first != 0) {
        pointer = pointer(arg, pointer, a, at, l, count, first);
      }
    }
    Value from =
        pointer == null ? new Value.Address(buffers[arg], Value.i32(0)) : Value.get(pointer);
    return new Place(from, constant - folded);
  }

  /** {@code from} moved by the terms that belong to a level; found again when it is known there. */
  private Local pointer(
      int arg, Local from, Affine a, int[] at, int level, int count, int constant) {
    Object[] terms = new Object[count];
    int[] coefficients = new int[count];
    int k = 0;
    for (int i = 0; i < at.length; i++) {
      if (at[i] == level) {
        Expr t = a.term(i);
        terms[k] = t instanceof Var v ? v.axis() : identityText(t) + variant(t);
        coefficients[k++] = a.coefficient(i);
      }
    }
    Level here = levels.get(level);
    for (Pointer p : here.pointers) {
      if (p.is(arg, from, terms, coefficients, constant)) {
        return p.local;
      }
    }
    Value sum = Value.i32(constant);
    for (int i = 0; i < at.length; i++) {
      if (at[i] == level) {
        Expr t = a.term(i);
        Value v = t instanceof Var x ? bound(x.axis()) : hoisted(t);
        sum = Value.add(sum, Value.mul(v, a.coefficient(i)));
      }
    }
    Local local = Local.pointer(buffers[arg].name() + "_p" + nextPointer++, buffers[arg]);
    Value moved =
        from == null
            ? new Value.Address(buffers[arg], sum)
            : new Value.Offset(Value.get(from), sum);
    here.body.add(Stmt.let(local, moved));
    here.pointers.add(new Pointer(arg, from, terms, coefficients, constant, local));
    return local;
  }

  /** Tells lanes and shifts of one tree apart. */
  private String variant(Expr e) {
    String text = "";
    if (lane > 0 && vectorAxis != null && Exprs.uses(e, vectorAxis)) {
      text = "@" + lane;
    }
    for (int i = 0; i < 2; i++) {
      if (shifted[i] != null && Exprs.uses(e, shifted[i])) {
        text += "+" + i + "," + shifts[i];
      }
    }
    return text;
  }

  private String axisId(Axis axis) {
    int i = axisIds.indexOf(axis);
    if (i < 0) {
      i = axisIds.size();
      axisIds.add(axis);
    }
    return "a" + i;
  }

  /** Text that is equal for equal trees over the same axes. */
  private String identityText(Expr e) {
    StringBuilder s = new StringBuilder();
    identityText(e, s);
    return s.toString();
  }

  private void identityText(Expr e, StringBuilder s) {
    switch (e) {
      case Var v -> {
        if (bound(v.axis()) instanceof Value.IntConst c) {
          s.append(c.value());
        } else {
          s.append(axisId(v.axis()));
        }
      }
      case IntConst c -> s.append(c.value()).append(c.type());
      case FloatConst c -> s.append(Numbers.text(c.value())).append(c.type());
      case StageValue v -> s.append('s').append(v.stage());
      case Read r -> s.append('x').append(r.arg());
      case ReadFlat r -> s.append('f').append(r.arg());
      case Unary u -> s.append(u.op());
      case Binary b -> s.append(b.op());
      case Select x -> s.append("sel");
      case Cast c -> s.append(c.type());
    }
    List<Expr> operands = Exprs.operands(e);
    if (!operands.isEmpty()) {
      s.append('(');
      for (Expr o : operands) {
        identityText(o, s);
        s.append(' ');
      }
      s.append(')');
    }
  }

  /** Where an axis stands, its shift included. */
  private Value value(Axis axis) {
    Value v = bound(axis);
    return Value.add(v, Value.i32(shiftOf(axis)));
  }

  private Value bound(Axis axis) {
    for (int l = levels.size() - 1; l >= 0; l--) {
      Level level = levels.get(l);
      for (int i = level.axes.size() - 1; i >= 0; i--) {
        if (level.axes.get(i) == axis) {
          return level.values.get(i);
        }
      }
    }
    throw new IllegalStateException("axis " + axis + " is not bound");
  }

  /** Innermost level that an expression needs; an axis that stands at a constant needs none. */
  private int levelOf(Expr e) {
    if (e instanceof Var v) {
      if (bound(v.axis()) instanceof Value.IntConst) {
        return 0;
      }
      for (int l = levels.size() - 1; l >= 0; l--) {
        if (levels.get(l).axes.contains(v.axis())) {
          return l;
        }
      }
      throw new IllegalStateException("axis " + v.axis() + " is not bound");
    }
    if (e instanceof StageValue s) {
      return stageLevels.get(s.stage());
    }
    int level = 0;
    for (Expr o : Exprs.operands(e)) {
      level = Math.max(level, levelOf(o));
    }
    return level;
  }

  /** A scalar value kept in a local at the level that knows it, when that is safe. */
  private Value hoisted(Expr e) {
    return guards > 0 ? scalarTree(e, levels.size() - 1) : kept(e, levelOf(e), false);
  }

  /** A value in a local of a level: a scalar, or the vector of a tree without reads. */
  private Value kept(Expr e, int level, boolean wide) {
    String key = (wide ? "w" : "v") + identityText(e) + variant(e);
    Local known = levels.get(level).known.get(key);
    if (known == null) {
      Value v = wide ? tree(e) : scalarTree(e, level);
      known = Local.of("v", v.type());
      levels.get(level).body.add(Stmt.let(known, v));
      levels.get(level).known.put(key, known);
    }
    return Value.get(known);
  }

  /** The scalar value of a tree; statements it needs go to the level that will hold it. */
  private Value scalarTree(Expr e, int level) {
    Axis saved = vectorAxis;
    if (saved == null || !Exprs.uses(e, saved)) {
      vectorAxis = null;
      Value v = tree(e);
      vectorAxis = saved;
      return v;
    }
    // A lane of its own: the vector axis is bound to base + lane for this tree.
    int savedLane = lane;
    Axis[] savedShift = shifted;
    Value base = Value.add(value(saved), Value.i32(savedLane));
    vectorAxis = null;
    lane = 0;
    shifted =
        new Axis[] {
          saved == shifted[0] ? null : shifted[0], saved == shifted[1] ? null : shifted[1]
        };
    open();
    bind(saved, base);
    Value v = tree(e);
    Level scratch = levels.remove(levels.size() - 1);
    for (Stmt s : scratch.body) {
      levels.get(level).body.add(s);
    }
    vectorAxis = saved;
    lane = savedLane;
    shifted = savedShift;
    return v;
  }

  // --- values ---

  /** The value of an expression: a vector when it varies along the vector axis, else a scalar. */
  Value lower(Expr e) {
    boolean leaf = e instanceof IntConst || e instanceof FloatConst || e instanceof Var;
    if (!leaf && guards == 0 && !(e instanceof StageValue) && isWorthHoisting(e)) {
      int l = levelOf(e);
      if (l < levels.size() - 1 && !dependsOnLanes(e)) {
        return hoisted(e);
      }
      if (l < levels.size() - 1 && Exprs.reads(e).isEmpty()) {
        return kept(e, l, true);
      }
    }
    return tree(e);
  }

  /** {@link #lower}, splatted when it is a scalar and a vector is wanted. */
  Value lowerVector(Expr e) {
    Value v = lower(e);
    return v.type().isVector() ? v : splat(v, e.type());
  }

  private boolean dependsOnLanes(Expr e) {
    if (vectorAxis != null && Exprs.uses(e, vectorAxis)) {
      return true;
    }
    if (e instanceof StageValue s) {
      return stages.get(s.stage()).type().isVector();
    }
    for (Expr o : Exprs.operands(e)) {
      if (dependsOnLanes(o)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isWorthHoisting(Expr e) {
    return e instanceof Unary
        || e instanceof Binary
        || e instanceof Select
        || e instanceof Cast
        || e instanceof Read
        || e instanceof ReadFlat;
  }

  private Value tree(Expr e) {
    return switch (e) {
      case IntConst c ->
          new Value.IntConst(
              Value.scalarType(c.type()), c.value());
      case FloatConst c -> new Value.FloatConst(Value.scalarType(c.type()), c.value());
      case Var v -> varValue(v.axis());
      case StageValue s -> stages.get(s.stage());
      case Read r -> load(r.arg(), r);
      case ReadFlat r -> load(r.arg(), r);
      case Unary u when u.op() == UnaryOp.BITS_OF || u.op() == UnaryOp.FROM_BITS ->
          new Value.Bits(lower(u.x()));
      case Unary u -> new Value.Unary(u.op(), u.x().type(), lower(u.x()));
      case Binary b -> binary(b);
      case Select s -> select(s);
      case Cast c -> new Value.Convert(c.x().type(), c.type(), lower(c.x()));
    };
  }

  private Value varValue(Axis axis) {
    Value v = value(axis);
    if (axis != vectorAxis) {
      return v;
    }
    Value iota =
        new Value.Lanes(Value.i32(0), Value.i32(1), Value.i32(2), Value.i32(3));
    return new Value.Binary(BinaryOp.ADD, DType.I32, new Value.Splat(v), iota);
  }

  private Value binary(Binary b) {
    Value x = lower(b.a());
    Value y = lower(b.b());
    DType on = b.a().type();
    if (x.type().isVector() != y.type().isVector()) {
      x = x.type().isVector() ? x : splat(x, on);
      y = y.type().isVector() ? y : splat(y, on);
    }
    if (b.op() == BinaryOp.ADD && on.isFloat()) {
      if (x instanceof Value.Binary p && p.op() == BinaryOp.MUL) {
        return new Value.MulAdd(p.a(), p.b(), y);
      }
      if (y instanceof Value.Binary p && p.op() == BinaryOp.MUL) {
        return new Value.MulAdd(p.a(), p.b(), x);
      }
    }
    return new Value.Binary(b.op(), on, x, y);
  }

  private Value select(Select s) {
    Value c = lower(s.condition());
    guards++;
    Value t = lower(s.whenTrue());
    Value f = lower(s.whenFalse());
    guards--;
    if (c.type().isVector() || t.type().isVector() || f.type().isVector()) {
      t = t.type().isVector() ? t : splat(t, s.type());
      f = f.type().isVector() ? f : splat(f, s.type());
    }
    return new Value.Select(c, t, f);
  }

  /** A scalar of an element type in four lanes; a bool becomes a mask. */
  static Value splat(Value v, DType type) {
    LType wide = v.type() == LType.F32 ? LType.F32X4 : LType.I32X4;
    return switch (v) {
      case Value.FloatConst c -> new Value.FloatConst(wide, c.value());
      case Value.IntConst c ->
          new Value.IntConst(wide, type == DType.BOOL ? -c.value() : c.value());
      case Value.Load l when l.access() == Value.Access.SCALAR
              && (type == DType.F32 || type == DType.I32 || type == DType.U32) ->
          new Value.Load(l.pointer(), l.offset(), Value.Access.SPLAT);
      default -> {
        if (type == DType.BOOL) {
          yield new Value.Splat(new Value.Binary(BinaryOp.SUB, DType.I32, Value.i32(0), v));
        }
        yield new Value.Splat(v);
      }
    };
  }

  private Value load(int arg, Expr read) {
    Affine a = address(read);
    DType type = read.type();
    if (vectorAxis != null) {
      boolean hidden = a.hidesAxis(vectorAxis);
      int c = a.coefficient(vectorAxis);
      if (hidden || c != 0) {
        if (!hidden && c == 1) {
          Place p = place(arg, a);
          return shared(new Value.Load(p.pointer(), p.offset(), Value.Access.VECTOR));
        }
        Value[] lanes = new Value[4];
        int saved = lane;
        for (int i = 0; i < 4; i++) {
          // A lane past the last point could reach any distance past the buffer.
          lane = Math.min(i, lanesInUse - 1);
          Place p = place(arg, a);
          lanes[i] = new Value.Load(p.pointer(), p.offset(), Value.Access.SCALAR);
          if (type == DType.BOOL) {
            lanes[i] = new Value.Binary(BinaryOp.SUB, DType.I32, Value.i32(0), lanes[i]);
          }
        }
        lane = saved;
        return new Value.Lanes(lanes[0], lanes[1], lanes[2], lanes[3]);
      }
    }
    Place p = place(arg, a);
    return new Value.Load(p.pointer(), p.offset(), Value.Access.SCALAR);
  }

  /** A load that the same level has made already is made once. */
  private Value shared(Value.Load load) {
    if (guards > 0 || !(load.pointer() instanceof Value.Get g)) {
      return load;
    }
    String key = "l" + g.local().name() + "," + load.offset();
    Local known = top().known.get(key);
    if (known == null) {
      known = Local.of("x", load.type());
      emit(Stmt.let(known, load));
      top().known.put(key, known);
    }
    return Value.get(known);
  }
}
