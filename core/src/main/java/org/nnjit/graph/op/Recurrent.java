package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Expr;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * RNN, GRU and LSTM, unrolled: all inputs are projected at once, then each step is a product with
 * the state and a few maps.
 *
 * <p>Inputs: x [steps, batch, features], weights [directions, gates * hidden, features] and
 * [directions, gates * hidden, hidden], biases [directions, 2 * gates * hidden], lengths [batch],
 * first state and cell [directions, batch, hidden], peepholes [directions, 3 * hidden]. Outputs:
 * all states [steps, directions, batch, hidden], last state and cell. With {@code layout} 1 the
 * batch is the first dimension of x, states and cells.
 */
final class Recurrent implements Operator {
  /** Steps have kernels of their own: 512 of an LSTM made a module of 1.2 MB. */
  private static final int MOST_STEPS = 512;

  /** The cells, with their gates in the order of the weights. */
  enum Kind {
    /** State. */
    RNN(1, "Tanh"),
    /** Update, reset, candidate. */
    GRU(3, "Sigmoid", "Tanh"),
    /** Input, output, forget, candidate. */
    LSTM(4, "Sigmoid", "Tanh", "Tanh");

    final int gates;
    final List<String> activations;

    Kind(int gates, String... activations) {
      this.gates = gates;
      this.activations = List.of(activations);
    }
  }

  private final Kind kind;

  Recurrent(Kind kind) {
    this.kind = kind;
  }

  @Override
  public String type() {
    return kind.name();
  }

  /**
   * Extents of a node.
   *
   * @param batchFirst true for layout 1
   */
  record Sizes(
      int steps, int batch, int features, int directions, int hidden, boolean batchFirst) {

    /** A state of one direction. */
    Shape state() {
      return Shape.of(batch, hidden);
    }

    /** States of all directions, as the node takes and gives them. */
    Shape states() {
      return batchFirst
          ? Shape.of(batch, directions, hidden)
          : Shape.of(directions, batch, hidden);
    }

    Shape allStates() {
      return batchFirst
          ? Shape.of(batch, steps, directions, hidden)
          : Shape.of(steps, directions, batch, hidden);
    }
  }

  private Sizes sizes(OpContext c) {
    Shape x = c.shape(0);
    Shape w = c.shape(1);
    Shape r = c.shape(2);
    if (x.rank() != 3 || w.rank() != 3 || r.rank() != 3) {
      throw c.error("x, w and r have shapes " + x + ", " + w + " and " + r
          + ", wanted three dimensions each");
    }
    boolean batchFirst = c.attributes().getInt("layout", 0) == 1;
    int directions = direction(c).equals("bidirectional") ? 2 : 1;
    int hidden = r.dim(2);
    int batch = x.dim(batchFirst ? 0 : 1);
    Sizes s =
        new Sizes(x.dim(batchFirst ? 1 : 0), batch, x.dim(2), directions, hidden, batchFirst);
    int rows = kind.gates * hidden;
    check(c, 1, Shape.of(directions, rows, s.features));
    check(c, 2, Shape.of(directions, rows, hidden));
    check(c, 3, Shape.of(directions, 2 * rows));
    check(c, 4, Shape.of(batch));
    check(c, 5, s.states());
    if (kind == Kind.LSTM) {
      check(c, 6, s.states());
      check(c, 7, Shape.of(directions, 3 * hidden));
    }
    if (s.steps > MOST_STEPS) {
      throw c.error("x has " + s.steps + " steps, nnJIT unrolls at most " + MOST_STEPS
          + "; split the sequence and hand the state on");
    }
    return s;
  }

  private static void check(OpContext c, int input, Shape wanted) {
    if (c.has(input) && !c.shape(input).equals(wanted)) {
      throw c.error("input " + input + " has shape " + c.shape(input) + ", wanted " + wanted);
    }
  }

  private static String direction(OpContext c) {
    String direction = c.attributes().getString("direction", "forward");
    if (!List.of("forward", "reverse", "bidirectional").contains(direction)) {
      throw c.error("direction is \"" + direction
          + "\", wanted forward, reverse or bidirectional");
    }
    return direction;
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    for (String name : List.of("clip", "activation_alpha", "activation_beta", "input_forget")) {
      boolean off = name.equals("input_forget") && c.attributes().getInt(name, 0) == 0;
      if (c.attributes().has(name) && !off) {
        throw c.error("attribute " + name + " is not supported");
      }
    }
    Sizes s = sizes(c);
    activations(c, s);
    TensorType last = TensorType.of(c.dtype(0), s.states());
    TensorType all = TensorType.of(c.dtype(0), s.allStates());
    return kind == Kind.LSTM ? List.of(all, last, last) : List.of(all, last);
  }

  /** Names of the functions of all directions. */
  private List<String> activations(OpContext c, Sizes s) {
    List<String> names = new ArrayList<>();
    String[] given = c.attributes().getStrings("activations");
    for (int d = 0; d < s.directions; d++) {
      names.addAll(kind.activations);
    }
    if (given == null) {
      return names;
    }
    if (given.length != names.size()) {
      throw c.error("activations has " + given.length + " entries, wanted " + names.size());
    }
    for (String name : given) {
      if (!List.of("Relu", "Sigmoid", "Softsign", "Tanh").contains(name)) {
        throw c.error("activation \"" + name + "\", nnJIT has Relu, Sigmoid, Softsign and Tanh");
      }
    }
    return List.of(given);
  }

  /** An activation of this name. */
  static Expr activated(String name, Expr x) {
    return switch (name) {
      case "Relu" -> Expr.max(x, Build.number(x.type(), 0));
      case "Sigmoid" -> Expr.unary(UnaryOp.SIGMOID, x);
      case "Softsign" ->
          Expr.div(x, Expr.add(Expr.unary(UnaryOp.ABS, x), Build.number(x.type(), 1)));
      case "Tanh" -> Expr.unary(UnaryOp.TANH, x);
      default -> throw new IllegalStateException("activation " + name);
    };
  }

  @Override
  public Lowering lower(OpContext c) {
    List<TensorType> types = infer(c);
    Sizes s = sizes(c);
    List<String> names = activations(c, s);
    int each = kind.activations.size();
    List<Lowering.Call> calls = new ArrayList<>();
    DType t = Build.working(c.dtype(0));
    for (int d = 0; d < s.directions; d++) {
      List<String> own = names.subList(d * each, (d + 1) * each);
      RecurrentCell cell = new RecurrentCell(c, kind, s, d, own, t, calls);
      boolean backwards = d == 1 || direction(c).equals("reverse");
      for (int i = 0; i < s.steps; i++) {
        int step = backwards ? s.steps - 1 - i : i;
        cell.step(step);
        if (Build.wants(c, 0)) {
          cell.storeStep(step, types.get(0));
        }
      }
      cell.storeLast(types.get(1));
    }
    return new Lowering(calls);
  }
}
