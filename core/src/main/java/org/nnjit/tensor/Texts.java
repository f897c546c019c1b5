package org.nnjit.tensor;

import java.util.ArrayList;
import java.util.List;

/** Text in parts. {@link String#split} brings regular expressions into the page, 46 KB of them. */
public final class Texts {
  private Texts() {}

  /** The parts between separators, at least one. */
  public static List<String> split(String text, char separator) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == separator) {
        parts.add(text.substring(from, i));
        from = i + 1;
      }
    }
    return parts;
  }
}
