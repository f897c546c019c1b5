package org.nnjit.graph.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.NeedsValue;
import org.nnjit.graph.Node;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.op.Operators;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * Values of 16-bit floats become f32 between the inputs, weights and outputs of a graph: all is
 * calculated in f32 anyway, and every kernel would convert what it reads and round what it stores.
 * Nothing is rounded to 16 bits in between, as ONNX Runtime does on CPUs. Invariant made: 16-bit
 * floats are read from inputs and weights, and stored to outputs; nodes that may keep caches of
 * them, pick rows of a table, or whose type is not given by their inputs, are left as they are.
 */
final class WidenHalves implements Passes.Pass {
  @Override
  public void apply(TypedGraph g) {
    new Walk(g).run();
  }

  private static boolean isHalf(TensorType t) {
    return t != null && (t.dtype() == DType.F16 || t.dtype() == DType.BF16);
  }

  /** One pass over the nodes in order. */
  private static final class Walk {
    private final TypedGraph g;
    private final List<Node> nodes = new ArrayList<>();
    /** The f32 value that stands for a half one. */
    private final Map<String, String> wide = new HashMap<>();
    /** Half values that no node makes any more. */
    private final Set<String> gone = new HashSet<>();

    Walk(TypedGraph g) {
      this.g = g;
    }

    void run() {
      for (Node n : g.nodes()) {
        if (keeps(n) || !widened(n)) {
          narrow(n.inputs());
          nodes.add(n);
        }
      }
      narrow(g.outputs());
      g.nodes().clear();
      g.nodes().addAll(nodes);
    }

    private boolean isHalf(String value) {
      return WidenHalves.isHalf(g.type(value));
    }

    private boolean keeps(Node n) {
      boolean any = false;
      boolean fed = false;
      for (String in : n.inputs()) {
        any |= isHalf(in);
        fed |= isHalf(in) && g.inputs().contains(in);
      }
      boolean makes = false;
      for (String out : n.outputs()) {
        makes |= isHalf(out);
      }
      return !any && !(makes && n.type().equals("Cast"))
          || fed && (n.type().equals("Concat") || !n.domain().isEmpty())
          || n.type().equals("Gather") && g.constants().containsKey(n.input(0));
    }

    /** Puts the node's like of f32 in its place; false where there is none. */
    private boolean widened(Node n) {
      List<String> in = new ArrayList<>();
      for (String value : n.inputs()) {
        in.add(isHalf(value) ? wide(value) : value);
      }
      List<String> out = new ArrayList<>();
      for (String value : n.outputs()) {
        out.add(isHalf(value) ? g.fresh(value) : value);
      }
      boolean cast = n.type().equals("Cast") && isHalf(n.outputs().get(0));
      if (cast && g.type(in.get(0)).dtype() == DType.F32) {
        replace(n.outputs().get(0), in.get(0));
        return true;
      }
      Attributes attributes =
          cast ? n.attributes().with("to", (long) DType.F32.onnxCode()) : n.attributes();
      Node like = new Node(n.name(), n.domain(), n.type(), n.opset(), in, out, attributes);
      List<TensorType> types = types(like);
      for (int i = 0; i < out.size(); i++) {
        TensorType was = g.type(n.outputs().get(i));
        if (was != null && (types == null || !types.get(i).equals(widened(was)))) {
          return false;
        }
      }
      for (int i = 0; i < out.size(); i++) {
        if (!out.get(i).isEmpty()) {
          g.types().put(out.get(i), types.get(i));
        }
        if (!out.get(i).equals(n.outputs().get(i))) {
          replace(n.outputs().get(i), out.get(i));
        }
      }
      nodes.add(like);
      return true;
    }

    private void replace(String half, String by) {
      wide.put(half, by);
      gone.add(half);
    }

    /** Output types, or null for a node that does not take f32. */
    private List<TensorType> types(Node like) {
      try {
        return Operators.require(like).infer(g.context(like));
      } catch (ModelException | NeedsValue e) {
        return null;
      }
    }

    private static TensorType widened(TensorType t) {
      return WidenHalves.isHalf(t) ? TensorType.of(DType.F32, t.shape()) : t;
    }

    /** The value as f32. */
    private String wide(String half) {
      String to = wide.get(half);
      if (to == null) {
        to = g.fresh(half);
        wide.put(half, to);
        Node cast = cast(half, to, DType.F32);
        Tensor known = g.known(half);
        if (known == null) {
          nodes.add(cast);
        } else {
          Tensor t = GraphInterpreter.evaluate(cast, new Tensor[] {known}).get(0);
          g.constants().put(to, new Constant.Inline(t));
        }
      }
      return to;
    }

    /** Has half values made again, rounded. */
    private void narrow(List<String> values) {
      for (String value : values) {
        if (gone.remove(value)) {
          nodes.add(cast(wide.get(value), value, g.type(value).dtype()));
        }
      }
    }

    private Node cast(String from, String to, DType type) {
      Attributes attributes = Attributes.of(Map.of("to", (long) type.onnxCode()));
      return g.node("", "", "Cast", List.of(from), to, attributes);
    }
  }
}
