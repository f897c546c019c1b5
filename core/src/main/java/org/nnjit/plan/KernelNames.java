package org.nnjit.plan;

import java.util.HashMap;
import java.util.Map;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Stage;
import org.nnjit.schedule.Schedule;

/**
 * Names that say what a kernel is: {@code f32_matmul_add_gelu__128x3072_k768__t6x8u2} is type,
 * operators, spatial extents, reduced extents and schedule. Kernels that would share a name are
 * numbered.
 */
final class KernelNames {
  private final Map<String, Integer> taken = new HashMap<>();

  String of(Compute c, Schedule s) {
    StringBuilder name = new StringBuilder(c.output().dtype().text());
    name.append('_').append(c.name()).append("__");
    int before = name.length();
    for (Axis a : c.spatial()) {
      if (a.extent() > 1) {
        name.append(name.length() > before ? "x" : "").append(a.extent());
      }
    }
    name.append(name.length() == before ? "1" : "");
    if (!c.stages().isEmpty()) {
      Stage first = c.stages().get(0);
      name.append("_k");
      int start = name.length();
      for (Axis a : first.axes()) {
        if (a.extent() > 1) {
          name.append(name.length() > start ? "x" : "").append(a.extent());
        }
      }
      name.append(name.length() == start ? "1" : "");
    }
    if (s.family().equals("contraction")
        || s.family().equals("integer")
        || s.family().equals("quantised")) {
      name.append("__t").append(s.get("mr", 0)).append('x').append(s.get("nr", 0));
      name.append('u').append(s.get("unroll", 1));
    } else if (s.family().equals("attention")) {
      name.append("__t").append(s.get("mr", 0)).append('x').append(s.get("nr", 0));
      name.append('t').append(s.get("mo", 0)).append('x').append(s.get("no", 0));
      name.append('r').append(s.get("rows", 0));
    } else if (s.family().equals("product")) {
      name.append("__b").append(s.get("bm", 0)).append('x').append(s.get("bn", 0));
      name.append('k').append(s.get("bk", 0));
      name.append('t').append(s.get("tm", 0)).append('x').append(s.get("tn", 0));
    } else if (s.get("size", 0) > 0) {
      name.append("__").append(s.family()).append(s.get("size", 0));
    } else {
      name.append("__v").append(s.get("lanes", 1));
    }
    String text = name.toString();
    int count = taken.merge(text, 1, Integer::sum);
    return count == 1 ? text : text + "_" + count;
  }
}
