package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.Program.HostCall;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.Node;
import org.nnjit.graph.op.Operators;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.tensor.TensorType;

/** Turns the nodes of a typed graph into calls, one for each compute of each node. */
public final class ProgramBuilder {
  private ProgramBuilder() {}

  /** The program of a graph, before fusion. */
  public static Program build(TypedGraph graph) {
    List<Call> calls = new ArrayList<>();
    List<String> results = new ArrayList<>(graph.outputs());
    Map<String, TensorType> types = new LinkedHashMap<>(graph.types());
    for (Node n : graph.nodes()) {
      Lowering lowering = Operators.require(n).lower(graph.context(n));
      if (lowering == null) {
        calls.add(new HostCall(n.label(), n, n.inputs(), n.outputs()));
        continue;
      }
      for (Lowering.Call c : lowering.calls()) {
        List<String> args = new ArrayList<>();
        for (Lowering.Operand a : c.args()) {
          args.add(name(n, a));
        }
        String result = name(n, c.result());
        if (c.result() instanceof Lowering.Check) {
          results.add(result);
        }
        types.put(result, c.compute().output());
        calls.add(new ComputeCall(n.label(), c.compute(), args, result));
      }
    }
    return new Program(graph.inputs(), results, types, graph.constants(), calls);
  }

  private static String name(Node n, Lowering.Operand operand) {
    return switch (operand) {
      case Lowering.Input i -> n.inputs().get(i.index());
      case Lowering.Output o -> n.outputs().get(o.index());
      case Lowering.Temp t -> named(n) + "#t" + t.index();
      case Lowering.Check c -> n.label() + " (" + named(n) + "): " + c.complaint();
    };
  }

  /** The first output that the node names, which no other node does. */
  private static String named(Node n) {
    for (String output : n.outputs()) {
      if (!output.isEmpty()) {
        return output;
      }
    }
    throw new IllegalStateException("no output of " + n.label() + " has a name");
  }
}
