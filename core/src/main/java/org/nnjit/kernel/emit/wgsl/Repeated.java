package org.nnjit.kernel.emit.wgsl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.loop.LType;
import org.nnjit.loop.Value;

/**
 * Finds what stands several times in the values of one statement, so that it is worked out and
 * written once. A statement gives its locals no new value before all of it is known, and WGSL works
 * out both branches of a choice, so that a part may come before its statement.
 */
final class Repeated {
  /** Shorter parts are as well written again. */
  private static final int LEAST_NODES = 4;

  private final Map<Value, Integer> counts = new HashMap<>();
  private final List<Value> order = new ArrayList<>();

  /** Looks at a value of the statement. */
  Repeated in(Value value) {
    if (operands(value).isEmpty()) {
      return this;
    }
    Integer count = counts.get(value);
    counts.put(value, count == null ? 1 : count + 1);
    if (count == null) {
      for (Value o : operands(value)) {
        in(o);
      }
      order.add(value);
    }
    return this;
  }

  /** What is worth a name, parts before the whole. */
  List<Value> parts() {
    List<Value> parts = new ArrayList<>();
    for (Value v : order) {
      boolean plain = v.type() != LType.PTR && !WgslValues.isCondition(v);
      if (plain && counts.get(v) > 1 && nodes(v) >= LEAST_NODES) {
        parts.add(v);
      }
    }
    return parts;
  }

  private static int nodes(Value v) {
    int nodes = 1;
    for (Value o : operands(v)) {
      nodes += nodes(o);
    }
    return nodes;
  }

  private static List<Value> operands(Value v) {
    return switch (v) {
      case Value.Address a -> List.of(a.index());
      case Value.Offset o -> List.of(o.pointer(), o.index());
      case Value.Load l -> List.of(l.pointer());
      case Value.Unary u -> List.of(u.x());
      case Value.Binary b -> List.of(b.a(), b.b());
      case Value.MulAdd m -> List.of(m.a(), m.b(), m.c());
      case Value.Select s -> List.of(s.condition(), s.whenTrue(), s.whenFalse());
      case Value.Convert c -> List.of(c.x());
      case Value.Splat s -> List.of(s.x());
      case Value.Lane l -> List.of(l.x());
      case Value.Lanes l -> List.of(l.a(), l.b(), l.c(), l.d());
      case Value.Horizontal h -> List.of(h.x());
      default -> List.of();
    };
  }
}
