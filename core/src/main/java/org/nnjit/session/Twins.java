package org.nnjit.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.fuse.Growth;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.ProgramBuilder;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.pass.Passes;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * A graph specialised for several lengths of its caches, to be merged. What depends on the length
 * and is more than a few integers is not folded: its nodes stay, the same for all lengths.
 */
final class Twins {
  /** A short length: no number that decides how a node is lowered, as 0, 1 and 2 do. */
  private static final int SHORT = 5;

  /** Integers that may be folded though they depend on the length. */
  private static final int FEW = 64;

  private final Graph graph;
  private final Caching caching;
  private final Specialiser.Values values;
  private final Set<String> unfolded;
  private Specialiser.Result longest;

  /**
   * @param unfolded values known from other runs of the graph not to be folded; more are added
   */
  Twins(Graph graph, Caching caching, Set<String> unfolded, Specialiser.Values values) {
    this.unfolded = unfolded;
    this.graph = graph;
    this.caching = caching;
    this.values = values;
  }

  /** The program for every length up to the capacity, its new rows included. */
  Growth merged() {
    Specialiser.Result shortest = at(SHORT);
    int rows = rows(shortest.graph());
    int capacity = caching.capacity();
    int most = capacity - rows;
    if (most <= SHORT + 2) {
      throw new ModelException(
          "room for " + capacity + " rows is too little for a run of " + rows + "; wanted "
              + (rows + SHORT + 3) + " at least");
    }
    int[] lengths = {most, most - 1, SHORT};
    longest = at(most);
    Specialiser.Result second = at(most - 1);
    int before = unfolded.size();
    // What folds at one length only shows when the others are looked at.
    different(longest.graph(), second.graph());
    different(longest.graph(), shortest.graph());
    boolean again = unfolded.size() > before;
    longest = again ? at(most) : longest;
    List<Program> programs = new ArrayList<>();
    for (Specialiser.Result r :
        List.of(longest, again ? at(most - 1) : second, again ? at(SHORT) : shortest)) {
      Passes.apply(r.graph());
      programs.add(ProgramBuilder.build(r.graph()));
    }
    int steps = caching.kind() == Caching.Kind.STEPS ? rows : 1;
    return Growth.of(programs, lengths, graph.outputs().size(), steps);
  }

  /** The graph at the longest length. */
  Specialiser.Result longest() {
    return longest;
  }

  private Specialiser.Result at(int rows) {
    return Specialiser.specialise(graph, caching.at(rows), values, unfolded);
  }

  /** Rows that a run adds: what an output has more along an axis where an input grows. */
  private int rows(TypedGraph shortest) {
    for (String o : shortest.outputs()) {
      Shape out = shortest.type(o).shape();
      for (Map.Entry<String, Integer> e : caching.growing().entrySet()) {
        Shape in = shortest.type(e.getKey()).shape();
        int axis = e.getValue();
        boolean same = in.rank() == out.rank() && in.rank() > 2 && in.dim(axis) == SHORT;
        for (int d = 0; same && d < in.rank(); d++) {
          same = d == axis ? out.dim(d) > SHORT : in.dim(d) == out.dim(d);
        }
        if (same) {
          return out.dim(axis) - SHORT;
        }
      }
    }
    throw new ModelException(
        "no output of this model is one of the inputs " + caching.growing().keySet() + " with rows appended");
  }

  /** Notes values that are known in both graphs and differ in more than a few integers. */
  private void different(TypedGraph a, TypedGraph b) {
    Set<String> names = new HashSet<>(a.constants().keySet());
    names.addAll(b.constants().keySet());
    names.removeAll(graph.constants().keySet());
    for (String name : names) {
      Tensor x = known(a, name);
      Tensor y = known(b, name);
      if (x == null || y == null || !x.type().equals(y.type())) {
        unfolded.add(name);
      } else if (!Arrays.equals(x.bytes(), y.bytes())
          && (x.elements() > FEW || x.dtype().isFloat() || x.dtype().bytes() < 4)) {
        unfolded.add(name);
      }
    }
  }

  private static Tensor known(TypedGraph g, String name) {
    return g.constants().get(name) instanceof Constant.Inline i ? i.tensor() : null;
  }
}
