package org.nnjit.tensor;

import java.util.ArrayList;
import java.util.List;

/** Text in parts. {@link String#split} brings regular expressions into the page, 46 KB of them. */
public final class Texts {
  private Texts() {}

  /** {@code [a, b]}; see {@link #join}. */
  public static String list(Iterable<String> items) {
    return "[" + join(", ", items) + "]";
  }

  /**
   * The items with a separator between. {@link String#join} and a collection's own text call
   * {@code toString} of all that any collection may hold, and so bring the texts of all records
   * into the page.
   */
  public static String join(String separator, Iterable<String> items) {
    StringBuilder text = new StringBuilder();
    String before = "";
    for (String item : items) {
      text.append(before).append(item);
      before = separator;
    }
    return text.toString();
  }

  /** The ASCII text in lower case. The library's lower case brings tables of all of Unicode. */
  public static String lower(String ascii) {
    StringBuilder text = new StringBuilder(ascii);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        text.setCharAt(i, (char) (c + 32));
      }
    }
    return text.toString();
  }

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
