package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.loop.LoopNest;
import org.nnjit.tensor.Tensor;
import org.nnjit.wasm.Node;

/** Kernels that are run in Node and by the interpreter, whose results must agree. */
final class Batch {
  private record Entry(
      LoopNest nest, List<Tensor> tensors, int end, double tolerance, double floor) {}

  private final NodeBatch node = new NodeBatch();
  private final List<Entry> entries = new ArrayList<>();

  /**
   * Adds a kernel.
   *
   * @param tolerance relative difference that is allowed between floats; 0 wants equal bits, but
   *     for NaN's payload
   */
  void add(LoopNest nest, EmitOptions options, List<Tensor> tensors, int end, double tolerance) {
    add(nest, options, tensors, end, tolerance, 1e-30);
  }

  /** {@link #add} with a tolerance relative to {@code floor} where values are smaller than it. */
  void add(
      LoopNest nest,
      EmitOptions options,
      List<Tensor> tensors,
      int end,
      double tolerance,
      double floor) {
    Maps.call(node, nest, options, tensors, 0, end);
    entries.add(new Entry(nest, tensors, end, tolerance, floor));
  }

  /** Whether kernels with relaxed dot products can be run. */
  boolean dotsAreRight() {
    return Node.dotsAreRight();
  }

  int size() {
    return entries.size();
  }

  /** Runs everything and fails with the first difference of each kernel. */
  void check(String seed) {
    List<byte[]> memories = node.run();
    StringBuilder wrong = new StringBuilder();
    int failures = 0;
    for (int k = 0; k < entries.size(); k++) {
      Entry e = entries.get(k);
      List<Tensor> got = Maps.read(memories.get(k), e.tensors);
      List<Tensor> want = Maps.interpret(e.nest, e.tensors, 0, e.end);
      String difference = null;
      for (int t = 0; t < got.size() && difference == null; t++) {
        difference = difference(e, got, want, t);
      }
      if (difference != null && failures++ < 25) {
        wrong.append(e.nest.name()).append(": ").append(difference).append('\n');
      }
    }
    if (failures > 0) {
      fail(failures + " of " + entries.size() + " kernels differ, " + seed + "\n" + wrong);
    }
  }

  private static String difference(Entry e, List<Tensor> got, List<Tensor> want, int t) {
    Tensor g = got.get(t);
    Tensor w = want.get(t);
    for (int i = 0; i < g.elements(); i++) {
      boolean same;
      if (g.dtype().isFloat()) {
        double a = g.getDouble(i);
        double b = w.getDouble(i);
        same =
            a == b
                || (Double.isNaN(a) && Double.isNaN(b))
                || Math.abs(a - b) <= e.tolerance * Math.max(Math.abs(b), e.floor);
      } else {
        same = g.getLong(i) == w.getLong(i);
      }
      if (!same) {
        StringBuilder text = new StringBuilder();
        text.append(e.nest.buffers().get(t)).append('[').append(i).append("] is ");
        text.append(show(g, i)).append(", wanted ").append(show(w, i)).append(" from");
        for (int other = 0; other < got.size() - 1; other++) {
          if (i < got.get(other).elements()) {
            text.append(' ').append(show(e.tensors.get(other), i));
          }
        }
        return text.toString();
      }
    }
    return null;
  }

  private static String show(Tensor t, int i) {
    return t.dtype().isFloat() ? "" + t.getDouble(i) : "" + t.getLong(i);
  }
}
