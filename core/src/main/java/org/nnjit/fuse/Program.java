package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.CanonicalText;
import org.nnjit.compute.Compute;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Node;
import org.nnjit.tensor.TensorType;

/**
 * A specialised model as calls in order. Values are known by name and written by the calls that
 * name them as result; several calls may write parts of one value.
 */
public final class Program {
  /** One step of a run. */
  public sealed interface Call {
    /** Where it comes from in the model, for messages and tables. */
    String label();

    List<String> args();

    List<String> results();
  }

  /** A kernel's work. */
  public record ComputeCall(String label, Compute compute, List<String> args, String result)
      implements Call {
    public ComputeCall {
      args = List.copyOf(args);
      if (args.size() != compute.inputs().size()) {
        throw new IllegalStateException(label + ": " + args.size() + " args for " + compute.name());
      }
    }

    @Override
    public List<String> results() {
      return List.of(result);
    }
  }

  /** An operator that runs on the host; its values are dense row-major. */
  public record HostCall(String label, Node node, List<String> args, List<String> results)
      implements Call {
    public HostCall {
      args = List.copyOf(args);
      results = List.copyOf(results);
    }
  }

  private final List<String> inputs;
  private final List<String> outputs;
  private final Map<String, TensorType> types;
  private final Map<String, Constant> constants;
  private final List<Call> calls;

  public Program(
      List<String> inputs,
      List<String> outputs,
      Map<String, TensorType> types,
      Map<String, Constant> constants,
      List<Call> calls) {
    this.inputs = List.copyOf(inputs);
    this.outputs = List.copyOf(outputs);
    this.types = new LinkedHashMap<>(types);
    this.constants = new LinkedHashMap<>(constants);
    this.calls = new ArrayList<>(calls);
  }

  /** Names of the fed values. */
  public List<String> inputs() {
    return inputs;
  }

  /**
   * Names of the returned values, which are dense row-major; after the model's own come {@link
   * org.nnjit.graph.Lowering.Check}s, by their complaints.
   */
  public List<String> outputs() {
    return outputs;
  }

  /** Type of each value, layout included. */
  public Map<String, TensorType> types() {
    return types;
  }

  public TensorType type(String value) {
    TensorType t = types.get(value);
    if (t == null) {
      throw new IllegalStateException("no value '" + value + "' in the program");
    }
    return t;
  }

  public Map<String, Constant> constants() {
    return constants;
  }

  public List<Call> calls() {
    return calls;
  }

  public Program with(List<Call> other) {
    return new Program(inputs, outputs, types, constants, other);
  }

  /** One call a line, with the canonical text of its compute. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Call call : calls) {
      text.append(String.join(", ", call.results())).append(" = ");
      switch (call) {
        case ComputeCall c ->
            text.append(c.compute().name())
                .append(c.args())
                .append(' ')
                .append(CanonicalText.of(c.compute()));
        case HostCall h -> text.append("host ").append(h.node().type()).append(h.args());
      }
      text.append('\n');
    }
    return text.toString();
  }
}
