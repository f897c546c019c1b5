package org.nnjit.graph.interp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.graph.Composite;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.graph.Port;
import org.nnjit.graph.op.Operators;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Runs a graph node by node on host tensors. */
public final class GraphInterpreter {

  /** Brings a stored constant into memory. */
  public interface Loader {
    /** The tensor of this constant. */
    Tensor load(Constant.Stored constant);
  }

  private GraphInterpreter() {}

  /**
   * The graph's outputs for these feeds, in declared order.
   *
   * @throws ModelException when an operator is not supported or a feed is missing
   */
  public static Map<String, Tensor> run(Graph graph, Map<String, Tensor> feeds, Loader loader) {
    Map<String, Tensor> known = new HashMap<>(feeds);
    for (Map.Entry<String, Constant> e : graph.constants().entrySet()) {
      known.put(
          e.getKey(),
          switch (e.getValue()) {
            case Constant.Inline i -> i.tensor();
            case Constant.Stored s -> loader.load(s);
          });
    }
    for (Port p : graph.inputs()) {
      if (!known.containsKey(p.name())) {
        throw new ModelException("missing feed '" + p.name() + "', wanted " + p.wanted());
      }
    }
    Scope scope = new Scope(known);
    graph.nodes().forEach(scope::place);
    Map<String, Tensor> results = new LinkedHashMap<>();
    for (Port p : graph.outputs()) {
      results.put(p.name(), known.get(p.name()));
    }
    return results;
  }

  /** The values of a run so far. */
  private record Scope(Map<String, Tensor> known) implements Composite.Scope {
    @Override
    public TensorType type(String value) {
      return known.get(value).type();
    }

    @Override
    public Tensor value(String value) {
      return known.get(value);
    }

    @Override
    public void constant(String name, Tensor t) {
      known.put(name, t);
    }

    @Override
    public void place(Node node) {
      Composite composite = Operators.composite(node);
      if (composite != null) {
        composite.expand(node, this);
        return;
      }
      Tensor[] inputs = new Tensor[node.inputs().size()];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = node.inputs().get(i).isEmpty() ? null : known.get(node.inputs().get(i));
      }
      List<Tensor> outputs = evaluate(node, inputs);
      for (int i = 0; i < node.outputs().size(); i++) {
        if (!node.outputs().get(i).isEmpty()) {
          known.put(node.outputs().get(i), outputs.get(i));
        }
      }
    }
  }

  /** The outputs of one node whose inputs are known; null stands for an absent input. */
  public static List<Tensor> evaluate(Node node, Tensor[] inputs) {
    TensorType[] types = new TensorType[inputs.length];
    for (int i = 0; i < types.length; i++) {
      types[i] = inputs[i] == null ? null : inputs[i].type();
    }
    return evaluate(node, types, inputs);
  }

  /** The outputs of a node that looks at the types of its inputs alone, such as Shape. */
  public static List<Tensor> evaluateFromTypes(Node node, TensorType[] types) {
    return evaluate(node, types, new Tensor[types.length]);
  }

  private static List<Tensor> evaluate(Node node, TensorType[] types, Tensor[] inputs) {
    Operator op = Operators.require(node);
    OpContext context = new OpContext(node, types, inputs);
    List<TensorType> results = op.infer(context);
    Lowering lowering = op.lower(context);
    if (lowering == null) {
      return op.evaluate(context);
    }
    List<Tensor> outputs = new ArrayList<>();
    for (TensorType t : results) {
      outputs.add(Tensor.zeros(t.dtype(), t.shape()));
    }
    Map<Integer, Tensor> temps = new HashMap<>();
    for (Lowering.Call call : lowering.calls()) {
      List<Tensor> args = new ArrayList<>();
      for (Lowering.Operand a : call.args()) {
        args.add(
            switch (a) {
              case Lowering.Input i -> inputs[i.index()];
              case Lowering.Temp t -> temps.get(t.index());
              case Lowering.Output o -> outputs.get(o.index());
              case Lowering.Check x -> throw new IllegalStateException("a check as argument");
            });
      }
      Tensor out =
          switch (call.result()) {
            case Lowering.Output o -> outputs.get(o.index());
            case Lowering.Temp t -> {
              Tensor made = temps.get(t.index());
              if (made == null) {
                TensorType type = call.compute().output();
                made = Tensor.zeros(type.dtype(), type.shape());
                temps.put(t.index(), made);
              }
              yield made;
            }
            case Lowering.Check x -> Tensor.zeros(DType.I64, Shape.SCALAR);
            case Lowering.Input i -> throw new IllegalStateException("an input as result");
          };
      TensorType seen = call.compute().output();
      Tensor view = new Tensor(seen.dtype(), seen.shape(), out.bytes());
      ComputeInterpreter.evaluate(call.compute(), args, view);
      if (call.result() instanceof Lowering.Check x && out.getLong(0) != 0) {
        throw context.error(x.text(out.getLong(0)));
      }
    }
    return outputs;
  }
}
