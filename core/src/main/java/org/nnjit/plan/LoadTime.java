package org.nnjit.plan;

import java.util.HashSet;
import java.util.Set;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.TensorType;

/** What of a program depends on constants alone and is done once, while it is loaded. */
final class LoadTime {
  private final Program program;
  private final Set<String> varying = new HashSet<>();

  /** Values known at load. */
  final Set<String> constant = new HashSet<>();

  /** Those of them that the model's own constants alone decide. */
  final Set<String> originals;

  LoadTime(Program program, Set<String> originals) {
    this.program = program;
    this.originals = new HashSet<>(originals);
    constant.addAll(program.constants().keySet());
    findVarying();
  }

  /**
   * What plans of a session know a weight by.
   *
   * @param plan number of the plan, which alone has values that its feeds decide
   */
  String weightKey(String value, TensorType type, int plan) {
    return (originals.contains(value) ? "" : "plan " + plan + " ") + value + " " + type;
  }

  /** A value written in parts varies when one of its parts does. */
  private void findVarying() {
    Set<String> known = new HashSet<>(program.constants().keySet());
    Set<String> made = new HashSet<>();
    for (Call c : program.calls()) {
      made.addAll(c.results());
    }
    known.addAll(made);
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Call c : program.calls()) {
        boolean fixed = c instanceof ComputeCall && known.containsAll(c.args());
        for (String r : c.results()) {
          changed |= !fixed && known.remove(r);
        }
      }
    }
    varying.addAll(made);
    varying.removeAll(known);
  }

  /** True when a call that kernels can do is done once; asked in the order of the program. */
  boolean once(ComputeCall c) {
    boolean once =
        constant.containsAll(c.args())
            && !program.outputs().contains(c.result())
            && !varying.contains(c.result());
    if (once) {
      constant.add(c.result());
      if (!c.args().isEmpty() && originals.containsAll(c.args())) {
        originals.add(c.result());
      }
    }
    return once;
  }
}
