package org.nnjit.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * The choices that make loops of a compute. Text form, which {@link #parse} reads back:
 *
 * <pre>
 * schedule := family (" " step)*
 * step     := name "=" integer
 * </pre>
 *
 * <p>Example: {@code contraction mr=6 nr=8 kc=256 unroll=2 outer=1 pack=1}.
 *
 * @param family kernel family that understands the steps
 * @param steps named choices, in the family's order
 */
public record Schedule(String family, List<Step> steps) {
  public Schedule {
    steps = List.copyOf(steps);
  }

  /** One choice. */
  public record Step(String name, int value) {}

  public static Schedule of(String family) {
    return new Schedule(family, List.of());
  }

  /** This schedule with one step more, or with its value replaced. */
  public Schedule with(String name, int value) {
    List<Step> out = new ArrayList<>();
    boolean found = false;
    for (Step s : steps) {
      found |= s.name().equals(name);
      out.add(s.name().equals(name) ? new Step(name, value) : s);
    }
    if (!found) {
      out.add(new Step(name, value));
    }
    return new Schedule(family, out);
  }

  public int get(String name, int otherwise) {
    for (Step s : steps) {
      if (s.name().equals(name)) {
        return s.value();
      }
    }
    return otherwise;
  }

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException naming the part that does not fit the grammar
   */
  public static Schedule parse(String text) {
    Schedule schedule = null;
    int at = 0;
    while (at <= text.length()) {
      int end = text.indexOf(' ', at);
      String part = text.substring(at, end < 0 ? text.length() : end);
      if (schedule == null) {
        schedule = of(part);
      } else {
        int eq = part.indexOf('=');
        if (eq < 1) {
          throw new IllegalArgumentException("schedule step '" + part + "', wanted name=integer");
        }
        schedule = schedule.with(part.substring(0, eq), Integer.parseInt(part.substring(eq + 1)));
      }
      if (end < 0) {
        break;
      }
      at = end + 1;
    }
    return schedule;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(family);
    for (Step s : steps) {
      text.append(' ').append(s.name()).append('=').append(s.value());
    }
    return text.toString();
  }
}
