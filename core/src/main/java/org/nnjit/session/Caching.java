package org.nnjit.session;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Feeds of runs that leave out the caches.
 *
 * @param name of the caches: plans that name the same share them
 * @param capacity rows that the caches have room for
 * @param length rows that the types are for
 * @param types of all inputs, those of the caches too
 * @param growing inputs that have as many rows as the caches, or those of the run more, and the
 *     axis
 * @param held inputs that are fed once
 * @param kind what the runs are
 */
public record Caching(
    String name,
    int capacity,
    int length,
    Map<String, TensorType> types,
    Map<String, Integer> growing,
    Set<String> held,
    Kind kind) {

  /** What runs are. */
  public enum Kind {
    /** Runs of the model as it is. */
    PLAIN,

    /** Rows as if each came in a run of its own: none sees what comes after it. */
    STEPS,

    /** Estimates: weights are read as codes of 8 bits. */
    DRAFT
  }

  /**
   * Finds the caches: inputs that are not fed, whose dimensions are known but for the batch and the
   * length. Fed inputs grow with them where a dimension is called after theirs, such as {@code
   * past_sequence + sequence}, or is a total.
   *
   * @param feeds types of the inputs that are fed, for caches of this length
   * @throws ModelException when an input that is not fed cannot be a cache
   */
  public static Caching of(
      Graph graph,
      String name,
      int capacity,
      int length,
      Map<String, TensorType> feeds,
      Set<String> held,
      Kind kind) {
    Specialiser.checkNames(graph, feeds.keySet());
    Map<String, Integer> sizes = new LinkedHashMap<>();
    for (Port p : graph.inputs()) {
      TensorType t = feeds.get(p.name());
      for (int i = 0; t != null && p.dims() != null && i < t.shape().rank(); i++) {
        if (i < p.dims().size() && p.dims().get(i).symbol() != null) {
          sizes.put(p.dims().get(i).symbol(), t.shape().dim(i));
        }
      }
    }
    Map<String, TensorType> types = new LinkedHashMap<>();
    Map<String, Integer> growing = new LinkedHashMap<>();
    String symbol = "";
    for (Port p : graph.inputs()) {
      if (feeds.containsKey(p.name())) {
        continue;
      }
      int axis = lengthAxis(p, sizes);
      if (axis < 0 || p.dtype() == null) {
        throw new ModelException(
            "missing feed '" + p.name() + "', wanted " + p.wanted()
                + "; only an input [batch, heads, length, size] or the like can be a cache");
      }
      int[] dims = new int[p.dims().size()];
      for (int i = 0; i < dims.length; i++) {
        Dim d = p.dims().get(i);
        dims[i] = i == axis ? length : d.isKnown() ? d.value() : sizes.get(d.symbol());
      }
      symbol = p.dims().get(axis).symbol();
      types.put(p.name(), TensorType.of(p.dtype(), Shape.of(dims)));
      growing.put(p.name(), axis);
    }
    if (growing.isEmpty()) {
      throw new ModelException("this model has no caches: all its inputs are fed");
    }
    for (Port p : graph.inputs()) {
      TensorType t = feeds.get(p.name());
      if (t != null) {
        types.put(p.name(), t);
        for (int i = 0; p.dims() != null && i < p.dims().size(); i++) {
          String s = p.dims().get(i).symbol();
          if (s != null && (s.contains(symbol) || s.contains("total"))) {
            growing.put(p.name(), i);
          }
        }
      }
    }
    Map<String, TensorType> ordered = new LinkedHashMap<>();
    for (Port p : graph.inputs()) {
      ordered.put(p.name(), types.get(p.name()));
    }
    return new Caching(name, capacity, length, ordered, growing, held, kind);
  }

  /**
   * The only dimension that is neither known nor one of the feeds', or -1; of an input with heads
   * and elements besides, which tokens have not.
   */
  private static int lengthAxis(Port p, Map<String, Integer> sizes) {
    int axis = -1;
    if (p.dims() == null || p.dims().size() < 3) {
      return axis;
    }
    for (int i = 0; i < p.dims().size(); i++) {
      Dim d = p.dims().get(i);
      if (!d.isKnown() && !sizes.containsKey(d.symbol())) {
        if (axis >= 0 || d.symbol() == null || d.symbol().isEmpty()) {
          return -1;
        }
        axis = i;
      }
    }
    return axis;
  }

  /** The types, to be compared with what the graph declares: a model that takes one row can take steps. */
  Map<String, TensorType> declared(Graph graph) {
    Map<String, TensorType> out = new LinkedHashMap<>(types);
    for (Port p : graph.inputs()) {
      TensorType t = types.get(p.name());
      for (int i = 0; kind == Kind.STEPS && p.dims() != null && i < p.dims().size(); i++) {
        boolean one = i < t.shape().rank() && p.dims().get(i).isKnown() && p.dims().get(i).value() == 1;
        t = one ? TensorType.of(t.dtype(), t.shape().with(i, 1)) : t;
      }
      out.put(p.name(), t);
    }
    return out;
  }

  /** The types for caches of so many rows. */
  Map<String, TensorType> at(int rows) {
    Map<String, TensorType> out = new LinkedHashMap<>(types);
    growing.forEach(
        (input, axis) -> {
          TensorType t = types.get(input);
          Shape s = t.shape().with(axis, t.shape().dim(axis) - length + rows);
          out.put(input, TensorType.of(t.dtype(), s));
        });
    return out;
  }
}
