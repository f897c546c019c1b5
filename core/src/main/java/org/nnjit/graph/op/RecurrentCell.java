package org.nnjit.graph.op;

import java.util.List;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * One direction of a recurrent node: its state and cell after the steps so far, each [batch,
 * hidden], and the calls that make them. A batch entry keeps its state past its length.
 */
final class RecurrentCell {
  private static final int W = 1;
  private static final int R = 2;
  private static final int BIAS = 3;
  private static final int LENGTHS = 4;
  private static final int FIRST_STATE = 5;
  private static final int FIRST_CELL = 6;
  private static final int PEEPHOLES = 7;

  private final OpContext c;
  private final Recurrent.Kind kind;
  private final Recurrent.Sizes s;
  private final int direction;
  private final List<String> activations;
  private final DType t;
  private final List<Lowering.Call> calls;
  private final TensorType stateType;
  private final List<Axis> axes;

  /** True when a GRU multiplies by the reset gate after the product with the state. */
  private final boolean resetLast;

  private final Value projected;
  private Value state;
  private Value cell;

  /** A value that an earlier call made. */
  private record Value(Lowering.Operand operand, TensorType type) {}

  RecurrentCell(
      OpContext c,
      Recurrent.Kind kind,
      Recurrent.Sizes s,
      int direction,
      List<String> activations,
      DType t,
      List<Lowering.Call> calls) {
    this.c = c;
    this.kind = kind;
    this.s = s;
    this.direction = direction;
    this.activations = activations;
    this.t = t;
    this.calls = calls;
    stateType = TensorType.of(t, s.state());
    axes = Compute.axes(stateType);
    resetLast =
        kind == Recurrent.Kind.GRU && c.attributes().getInt("linear_before_reset", 0) == 1;
    projected = project();
    state = first(FIRST_STATE);
    cell = kind == Recurrent.Kind.LSTM ? first(FIRST_CELL) : null;
  }

  /** Makes a value; its axes are the type's dimensions. */
  private Value make(
      String name, TensorType type, List<Axis> over, List<Stage> stages, Expr body, Args args) {
    // Every call makes one value at most: their number names it.
    Lowering.Operand operand = new Lowering.Temp(calls.size());
    String full = c.node().type().toLowerCase() + "_" + name;
    calls.add(args.call(full, type, over, stages, body, operand));
    return new Value(operand, type);
  }

  private Expr own() {
    return Expr.i32(direction);
  }

  private Expr read(Args args, Value v, Expr... index) {
    return args.read(v.operand, v.type, List.of(index));
  }

  private Expr atPoint(Args args, Value v) {
    return args.read(v.operand, v.type, Compute.vars(axes));
  }

  /** Index of a direction's state in a value that holds those of all directions. */
  private List<Expr> inAll() {
    Expr batch = Expr.var(axes.get(0));
    Expr hidden = Expr.var(axes.get(1));
    return s.batchFirst() ? List.of(batch, own(), hidden) : List.of(own(), batch, hidden);
  }

  private Value first(int input) {
    Args args = new Args(c);
    Expr body =
        c.has(input) ? Build.wide(args.read(input, inAll())) : Build.number(t, 0);
    return make("first", stateType, axes, List.of(), body, args);
  }

  /** Products of all inputs with the weights, and biases: [steps, batch, gates * hidden]. */
  private Value project() {
    int rows = kind.gates * s.hidden();
    TensorType type = TensorType.of(t, Shape.of(s.steps(), s.batch(), rows));
    List<Axis> all = Compute.axes(type);
    Axis k = new Axis("k", s.features());
    Expr step = Expr.var(all.get(0));
    Expr batch = Expr.var(all.get(1));
    Expr row = Expr.var(all.get(2));
    Args args = new Args(c);
    Expr x =
        s.batchFirst()
            ? args.read(0, batch, step, Expr.var(k))
            : args.read(0, step, batch, Expr.var(k));
    Expr w = args.read(W, own(), row, Expr.var(k));
    Expr product = Expr.mul(Build.wide(x), Build.wide(w));
    Stage sum = new Stage(3, Combiner.SUM, List.of(k), product);
    Expr body = new Expr.StageValue(0, t);
    if (c.has(BIAS)) {
      body = Expr.add(body, Build.wide(args.read(BIAS, own(), row)));
      if (!resetLast) {
        body = Expr.add(body, stateBias(args, row));
      }
    }
    return make("project", type, all, List.of(sum), body, args);
  }

  private Expr stateBias(Args args, Expr row) {
    Expr at = Expr.add(row, Expr.i32(kind.gates * s.hidden()));
    return Build.wide(args.read(BIAS, own(), at));
  }

  /**
   * Product of a state with the rows of some gates: [batch, gates * hidden]; with what the step's
   * input adds, unless the reset gate comes in between.
   */
  private Value product(Value of, int step, int firstGate, int gates) {
    TensorType type = TensorType.of(t, Shape.of(s.batch(), gates * s.hidden()));
    List<Axis> over = Compute.axes(type);
    Axis k = new Axis("k", s.hidden());
    Expr batch = Expr.var(over.get(0));
    Expr row = Expr.add(Expr.var(over.get(1)), Expr.i32(firstGate * s.hidden()));
    Args args = new Args(c);
    Expr h = read(args, of, batch, Expr.var(k));
    Expr r = Build.wide(args.read(R, own(), row, Expr.var(k)));
    Stage sum = new Stage(2, Combiner.SUM, List.of(k), Expr.mul(h, r));
    Expr body = new Expr.StageValue(0, t);
    if (!resetLast) {
      body = Expr.add(body, read(args, projected, Expr.i32(step), batch, row));
    } else if (c.has(BIAS)) {
      body = Expr.add(body, stateBias(args, row));
    }
    return make("product", type, over, List.of(sum), body, args);
  }

  /** An element of one gate of a product. */
  private Expr gate(Args args, Value products, int gate) {
    Expr row = Expr.add(Expr.var(axes.get(1)), Expr.i32(gate * s.hidden()));
    return read(args, products, Expr.var(axes.get(0)), row);
  }

  /** What the step's input adds to one gate. */
  private Expr input(Args args, int step, int gate) {
    Expr row = Expr.add(Expr.var(axes.get(1)), Expr.i32(gate * s.hidden()));
    return read(args, projected, Expr.i32(step), Expr.var(axes.get(0)), row);
  }

  private Expr activated(int function, Expr x) {
    return Recurrent.activated(activations.get(function), x);
  }

  /** True while the sequence lasts; null when all are of full length. */
  private Expr lasts(Args args, int step) {
    return c.has(LENGTHS)
        ? Expr.lt(
            Expr.i32(step), Expr.cast(DType.I32, args.read(LENGTHS, Expr.var(axes.get(0)))))
        : null;
  }

  private Expr kept(Args args, int step, Expr made, Value before) {
    Expr lasts = lasts(args, step);
    return lasts == null ? made : Expr.select(lasts, made, atPoint(args, before));
  }

  /** Takes one step of the input. */
  void step(int step) {
    switch (kind) {
      case RNN -> {
        Value products = product(state, step, 0, 1);
        Args args = new Args(c);
        Expr made = activated(0, gate(args, products, 0));
        state = make("state", stateType, axes, List.of(), kept(args, step, made, state), args);
      }
      case GRU -> gru(step);
      case LSTM -> lstm(step);
    }
  }

  private void gru(int step) {
    Value products = product(state, step, 0, resetLast ? 3 : 2);
    Value candidates = null;
    if (!resetLast) {
      Args args = new Args(c);
      Expr reset = activated(0, gate(args, products, 1));
      Expr body = Expr.mul(reset, atPoint(args, state));
      Value remembered = make("reset", stateType, axes, List.of(), body, args);
      candidates = product(remembered, step, 2, 1);
    }
    Args args = new Args(c);
    Expr update = gate(args, products, 0);
    Expr candidate;
    if (resetLast) {
      update = Expr.add(update, input(args, step, 0));
      Expr reset =
          activated(0, Expr.add(gate(args, products, 1), input(args, step, 1)));
      candidate =
          Expr.add(input(args, step, 2), Expr.mul(reset, gate(args, products, 2)));
    } else {
      candidate = gate(args, candidates, 0);
    }
    Expr z = activated(0, update);
    Expr fresh = Expr.mul(Expr.sub(Build.number(t, 1), z), activated(1, candidate));
    Expr made = Expr.add(fresh, Expr.mul(z, atPoint(args, state)));
    state = make("state", stateType, axes, List.of(), kept(args, step, made, state), args);
  }

  private void lstm(int step) {
    Value products = product(state, step, 0, 4);
    Args args = new Args(c);
    Expr before = atPoint(args, cell);
    Expr in = activated(0, peeped(args, gate(args, products, 0), 0, before));
    Expr forget = activated(0, peeped(args, gate(args, products, 2), 2, before));
    Expr candidate = activated(1, gate(args, products, 3));
    Expr made = Expr.add(Expr.mul(forget, before), Expr.mul(in, candidate));
    cell = make("cell", stateType, axes, List.of(), kept(args, step, made, cell), args);

    Args forState = new Args(c);
    Expr now = atPoint(forState, cell);
    Expr open = activated(0, peeped(forState, gate(forState, products, 1), 1, now));
    Expr shown = kept(forState, step, Expr.mul(open, activated(2, now)), state);
    state = make("state", stateType, axes, List.of(), shown, forState);
  }

  /** A gate that also sees the cell, where the node has peepholes. */
  private Expr peeped(Args args, Expr x, int gate, Expr seen) {
    if (!c.has(PEEPHOLES)) {
      return x;
    }
    Expr at = Expr.add(Expr.var(axes.get(1)), Expr.i32(gate * s.hidden()));
    return Expr.add(x, Expr.mul(Build.wide(args.read(PEEPHOLES, own(), at)), seen));
  }

  /** Stores the state as that of a step in output 0, zeros past the length. */
  void storeStep(int step, TensorType out) {
    Args args = new Args(c);
    Expr value = atPoint(args, state);
    Expr lasts = lasts(args, step);
    value = lasts == null ? value : Expr.select(lasts, value, Build.number(t, 0));
    Expr batch = Expr.var(axes.get(0));
    Expr hidden = Expr.var(axes.get(1));
    List<Expr> store =
        s.batchFirst()
            ? List.of(batch, Expr.i32(step), own(), hidden)
            : List.of(Expr.i32(step), own(), batch, hidden);
    calls.add(store("steps", args, value, out, store, 0));
  }

  /** Stores the state and the cell in those of outputs 1 and 2 that are wanted. */
  void storeLast(TensorType out) {
    for (int i = 1; i <= (cell == null ? 1 : 2); i++) {
      if (Build.wants(c, i)) {
        Args args = new Args(c);
        Expr value = atPoint(args, i == 1 ? state : cell);
        calls.add(store("last", args, value, out, inAll(), i));
      }
    }
  }

  private Lowering.Call store(
      String name, Args args, Expr value, TensorType out, List<Expr> store, int output) {
    String full = c.node().type().toLowerCase() + "_" + name;
    return args.call(
        full, out, axes, List.of(), value, store, new Lowering.Output(output));
  }
}
