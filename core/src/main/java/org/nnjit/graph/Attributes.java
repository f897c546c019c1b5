package org.nnjit.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Tensor;

/**
 * Attributes of a node by name: {@code Long}, {@link Real}, {@code String}, {@code long[]},
 * {@code double[]}, {@code String[]}, {@link Tensor} or {@link Graph}. Immutable.
 */
public final class Attributes {
  public static final Attributes NONE = new Attributes(Map.of());

  /** A float. The page's compiler has no boxed doubles: their text takes a table of 10 KB. */
  public record Real(double value) {
    @Override
    public String toString() {
      return Numbers.text(value);
    }
  }

  private final TreeMap<String, Object> values;

  private Attributes(Map<String, Object> values) {
    this.values = new TreeMap<>(values);
  }

  /** Attributes of these values; a {@code Double} counts as a {@link Real}. */
  public static Attributes of(Map<String, Object> values) {
    Attributes all = new Attributes(values);
    all.values.replaceAll((name, v) -> v instanceof Double d ? new Real(d) : v);
    return all;
  }

  /** These attributes and one more, or with its value replaced. */
  public Attributes with(String name, Object value) {
    Attributes copy = new Attributes(values);
    copy.values.put(name, value);
    return copy;
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  public Set<String> names() {
    return values.keySet();
  }

  public long getInt(String name, long otherwise) {
    return typed(name, Long.class, "an integer", otherwise);
  }

  public double getFloat(String name, double otherwise) {
    Real real = typed(name, Real.class, "a float", null);
    return real == null ? otherwise : real.value();
  }

  public String getString(String name, String otherwise) {
    return typed(name, String.class, "a string", otherwise);
  }

  /** The integers, or {@code otherwise} (may be null) when absent. */
  public int[] getInts(String name, int... otherwise) {
    Object v = values.get(name);
    if (v == null) {
      return otherwise;
    }
    if (!(v instanceof long[] longs)) {
      throw wrong(name, "integers", v);
    }
    int[] ints = new int[longs.length];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, longs[i]));
    }
    return ints;
  }

  /** The floats, or null when absent. */
  public double[] getFloats(String name) {
    return typed(name, double[].class, "floats", null);
  }

  /** The strings, or null when absent. */
  public String[] getStrings(String name) {
    return typed(name, String[].class, "strings", null);
  }

  /** The tensor, or null when absent. */
  public Tensor getTensor(String name) {
    return typed(name, Tensor.class, "a tensor", null);
  }

  /** The subgraph, or null when absent. */
  public Graph getGraph(String name) {
    return typed(name, Graph.class, "a graph", null);
  }

  /** All subgraphs. */
  List<Graph> graphs() {
    List<Graph> graphs = new ArrayList<>();
    for (Map.Entry<String, Object> e : values.entrySet()) {
      if (e.getValue() instanceof Graph g) {
        graphs.add(g);
      }
    }
    return graphs;
  }

  /** The same attributes, their subgraphs with other names of values. */
  Attributes renamed(Map<String, String> names) {
    Attributes copy = this;
    for (Map.Entry<String, Object> e : values.entrySet()) {
      if (e.getValue() instanceof Graph g) {
        copy = copy.with(e.getKey(), g.renamed(names));
      }
    }
    return copy;
  }

  private <T> T typed(String name, Class<T> type, String wanted, T otherwise) {
    Object v = values.get(name);
    if (v == null) {
      return otherwise;
    }
    if (v.getClass() != type) {
      throw wrong(name, wanted, v);
    }
    @SuppressWarnings("unchecked")
    T t = (T) v;
    return t;
  }

  private static ModelException wrong(String name, String wanted, Object got) {
    return new ModelException("attribute '" + name + "' is " + text(got) + ", wanted " + wanted);
  }

  private static String text(Object v) {
    return switch (v) {
      case long[] a -> Arrays.toString(a);
      case double[] a -> text(a);
      case String[] a -> Arrays.toString(a);
      case String s -> "\"" + s + "\"";
      default -> v.toString();
    };
  }

  private static String text(double[] values) {
    List<String> parts = new ArrayList<>();
    for (double v : values) {
      parts.add(Numbers.text(v));
    }
    return parts.toString();
  }

  /** {@code axis=1, pads=[0, 0]}, sorted by name. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    for (Map.Entry<String, Object> e : values.entrySet()) {
      parts.add(e.getKey() + "=" + text(e.getValue()));
    }
    return String.join(", ", parts);
  }
}
