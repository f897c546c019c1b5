package org.nnjit.graph.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.NeedsValue;
import org.nnjit.graph.Node;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.graph.Port;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.op.Operators;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Gives every value a concrete type for given feed types, and folds what is known: shapes, and
 * every small value that depends on constants alone. Invariant made: types are complete, no node
 * is left whose value is known; nor a composite, whose nodes stand in its place.
 *
 * <p>Where a shape or a branch depends on the value of a feed, that value is worked out by the
 * interpreter; the result then holds only for feeds with the same value, and names them.
 */
public final class Specialiser implements Composite.Scope {
  /** Values up to this many elements are folded; larger ones are left to generated kernels. */
  public static final int FOLDED = 16384;

  /** Where values of feeds and weights come from. */
  public interface Values {
    /** The feed of this name, or null when there is none yet. */
    Tensor feed(String name);

    /** A weight, read from its file. */
    Tensor stored(Constant.Stored constant);

    /**
     * Values from memory.
     *
     * @param feeds by name; the others are not known
     */
    static Values of(Map<String, Tensor> feeds, Function<Constant.Stored, Tensor> stored) {
      return new Values() {
        @Override
        public Tensor feed(String name) {
          return feeds.get(name);
        }

        @Override
        public Tensor stored(Constant.Stored constant) {
          return stored.apply(constant);
        }
      };
    }
  }

  /**
   * A specialised graph.
   *
   * @param graph the typed graph
   * @param valueInputs feeds whose values, not only shapes, it depends on
   */
  public record Result(TypedGraph graph, Set<String> valueInputs) {}

  private final Graph graph;
  private final Values values;
  private final Map<String, TensorType> types = new LinkedHashMap<>();
  /** In the order of the nodes, which addresses follow. */
  private final Map<String, Tensor> known = new LinkedHashMap<>();
  private final Map<String, Tensor> evaluated = new HashMap<>();
  private final Map<String, Node> makers = new HashMap<>();
  private final Set<String> valueInputs = new LinkedHashSet<>();
  private final List<Node> kept = new ArrayList<>();
  private final Set<String> unfolded;

  private Specialiser(Graph graph, Values values, Set<String> unfolded) {
    this.graph = graph;
    this.values = values;
    this.unfolded = unfolded;
  }

  /**
   * Specialises a graph.
   *
   * @param feeds type of each input
   * @throws ModelException when an operator is not supported or does not fit its inputs
   */
  public static Result specialise(Graph graph, Map<String, TensorType> feeds, Values values) {
    return specialise(graph, feeds, values, Set.of());
  }

  /**
   * The same, but the nodes of some values stay though their results are known.
   *
   * @param unfolded the names of these values
   */
  public static Result specialise(
      Graph graph, Map<String, TensorType> feeds, Values values, Set<String> unfolded) {
    return new Specialiser(graph, values, unfolded).run(feeds);
  }

  private Result run(Map<String, TensorType> feeds) {
    List<String> inputs = new ArrayList<>();
    for (Port p : graph.inputs()) {
      inputs.add(p.name());
      types.put(p.name(), feeds.get(p.name()));
    }
    Map<String, Constant> constants = new LinkedHashMap<>();
    for (Map.Entry<String, Constant> e : graph.constants().entrySet()) {
      Constant c = e.getValue();
      types.put(e.getKey(), c.type());
      if (c instanceof Constant.Stored s && s.type().shape().elements() <= FOLDED) {
        c = new Constant.Inline(values.stored(s));
      }
      constants.put(e.getKey(), c);
      if (c instanceof Constant.Inline i) {
        known.put(e.getKey(), i.tensor());
      }
    }
    for (Node n : graph.nodes()) {
      place(n);
    }
    for (Map.Entry<String, Tensor> e : known.entrySet()) {
      constants.put(e.getKey(), new Constant.Inline(e.getValue()));
    }
    List<String> outputs = new ArrayList<>();
    for (Port p : graph.outputs()) {
      outputs.add(p.name());
    }
    return new Result(new TypedGraph(inputs, outputs, kept, types, constants), valueInputs);
  }

  @Override
  public void place(Node n) {
    Composite composite = Operators.composite(n);
    if (composite != null) {
      composite.expand(n, this);
      return;
    }
    for (String o : n.outputs()) {
      makers.put(o, n);
    }
    if (!node(n)) {
      kept.add(n);
    }
  }

  @Override
  public TensorType type(String value) {
    return types.get(value);
  }

  @Override
  public void constant(String name, Tensor t) {
    known.put(name, t);
    types.put(name, t.type());
  }

  /** Types the node; true when its outputs became known. */
  private boolean node(Node n) {
    Operator op = Operators.require(n);
    Tensor[] in = new Tensor[n.inputs().size()];
    TensorType[] inTypes = new TensorType[in.length];
    for (int i = 0; i < in.length; i++) {
      String name = n.inputs().get(i);
      if (!name.isEmpty()) {
        in[i] = known.get(name);
        inTypes[i] = types.get(name);
      }
    }
    List<TensorType> out = null;
    while (out == null) {
      try {
        out = op.infer(new OpContext(n, inTypes, in));
      } catch (NeedsValue e) {
        // From here on the value is a constant: the result holds only for feeds that give it.
        String name = n.inputs().get(e.input());
        in[e.input()] = value(name);
        known.put(name, in[e.input()]);
      }
    }
    boolean allKnown = true;
    for (int i = 0; i < in.length; i++) {
      allKnown &= in[i] != null || inTypes[i] == null;
    }
    long elements = 0;
    for (int i = 0; i < n.outputs().size(); i++) {
      allKnown &= !unfolded.contains(n.outputs().get(i));
      if (!n.outputs().get(i).isEmpty()) {
        types.put(n.outputs().get(i), out.get(i));
        elements += out.get(i).shape().elements();
        refuseHuge(n, out.get(i));
      }
    }
    boolean fromTypes = n.type().equals("Shape") || n.type().equals("Size");
    if (elements > FOLDED || !(allKnown || fromTypes)) {
      return false;
    }
    List<Tensor> results = fromTypes ? shapeOf(n, inTypes[0]) : GraphInterpreter.evaluate(n, in);
    for (int i = 0; i < n.outputs().size(); i++) {
      if (!n.outputs().get(i).isEmpty()) {
        known.put(n.outputs().get(i), results.get(i));
      }
    }
    return true;
  }

  private static List<Tensor> shapeOf(Node n, TensorType type) {
    // The operator looks at the type alone: a tensor without elements of that shape will do.
    return GraphInterpreter.evaluateFromTypes(n, new TensorType[] {type});
  }

  private static void refuseHuge(Node n, TensorType t) {
    if (t.bytes() > 0x7fffffffL) {
      throw new ModelException(
          n.label() + ": its result " + t + " needs " + t.bytes() / (1 << 20)
              + " MiB, more than WebAssembly can address; try smaller inputs");
    }
  }

  /** A value that decides a shape or a branch, worked out from the feeds. */
  @Override
  public Tensor value(String value) {
    Tensor t = known.get(value);
    if (t == null) {
      t = evaluated.get(value);
    }
    if (t != null) {
      return t;
    }
    Node maker = makers.get(value);
    if (maker == null) {
      Constant c = graph.constants().get(value);
      t = c instanceof Constant.Stored s ? values.stored(s) : values.feed(value);
      if (t == null) {
        throw new ModelException(
            "the shapes inside this model, or the branches it takes, depend on the value of input"
                + " '" + value + "', which is not known before a run");
      }
      if (c == null) {
        valueInputs.add(value);
      }
      evaluated.put(value, t);
      return t;
    }
    Tensor[] in = new Tensor[maker.inputs().size()];
    for (int i = 0; i < in.length; i++) {
      in[i] = maker.inputs().get(i).isEmpty() ? null : value(maker.inputs().get(i));
    }
    List<Tensor> results = GraphInterpreter.evaluate(maker, in);
    for (int i = 0; i < maker.outputs().size(); i++) {
      evaluated.put(maker.outputs().get(i), results.get(i));
    }
    return evaluated.get(value);
  }

  /**
   * Looks whether the graph has inputs of these names.
   *
   * @throws ModelException naming one that it has not
   */
  public static void checkNames(Graph graph, Set<String> feeds) {
    List<String> names = new ArrayList<>();
    for (Port p : graph.inputs()) {
      names.add(p.name());
    }
    for (String name : feeds) {
      if (!names.contains(name)) {
        throw new ModelException("unknown feed '" + name + "', this model's inputs are " + names);
      }
    }
  }

  /**
   * Compares feeds with what the graph declares.
   *
   * @throws ModelException naming the input, what came and what was wanted
   */
  public static void checkFeeds(Graph graph, Map<String, TensorType> feeds) {
    checkNames(graph, feeds.keySet());
    Map<String, Integer> symbols = new HashMap<>();
    Map<String, String> where = new HashMap<>();
    for (Port p : graph.inputs()) {
      TensorType t = feeds.get(p.name());
      if (t == null) {
        throw new ModelException("missing feed '" + p.name() + "', wanted " + p.wanted());
      }
      DType wanted = p.dtype();
      if (wanted != null && wanted != t.dtype()) {
        throw new ModelException(
            "input '" + p.name() + "': got " + t.dtype().onnxName() + ", wanted "
                + wanted.onnxName());
      }
      if (p.dims() == null) {
        continue;
      }
      boolean fits = p.dims().size() == t.shape().rank();
      for (int i = 0; fits && i < p.dims().size(); i++) {
        fits = !p.dims().get(i).isKnown() || p.dims().get(i).value() == t.shape().dim(i);
      }
      if (!fits) {
        throw new ModelException("input '" + p.name() + "': got shape " + t.shape() + ", wanted "
            + p.wanted());
      }
      for (int i = 0; i < p.dims().size(); i++) {
        String s = p.dims().get(i).symbol();
        if (s == null || s.isEmpty()) {
          continue;
        }
        Integer before = symbols.put(s, t.shape().dim(i));
        String first = where.putIfAbsent(s, p.name());
        if (before != null && before != t.shape().dim(i)) {
          throw new ModelException(
              "input '" + p.name() + "': dimension '" + s + "' is " + t.shape().dim(i)
                  + ", but " + before + " in input '" + first + "'");
        }
      }
    }
  }
}
