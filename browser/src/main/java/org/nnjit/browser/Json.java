package org.nnjit.browser;

import java.util.List;
import org.nnjit.tensor.Numbers;

/** Writes JSON; the browser build has no room for a library. */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private boolean comma;

  Json open(String bracket) {
    separate();
    out.append(bracket);
    comma = false;
    return this;
  }

  Json close(String bracket) {
    out.append(bracket);
    comma = true;
    return this;
  }

  Json key(String name) {
    separate();
    quote(name);
    out.append(':');
    comma = false;
    return this;
  }

  Json value(String text) {
    separate();
    quote(text);
    comma = true;
    return this;
  }

  Json value(double number) {
    separate();
    if (number == Math.rint(number) && Math.abs(number) < 1e15) {
      out.append((long) number);
    } else {
      out.append(Numbers.brief(number));
    }
    comma = true;
    return this;
  }

  Json value(boolean flag) {
    separate();
    out.append(flag);
    comma = true;
    return this;
  }

  /** An address, which is unsigned. */
  Json address(int address) {
    return value((double) (address & 0xffffffffL));
  }

  Json ints(int[] values) {
    open("[");
    for (int v : values) {
      value((double) v);
    }
    return close("]");
  }

  Json strings(List<String> values) {
    open("[");
    for (String v : values) {
      value(v);
    }
    return close("]");
  }

  private void separate() {
    if (comma) {
      out.append(',');
    }
    comma = false;
  }

  private void quote(String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20) {
        out.append("\\u00").append(c < 16 ? '0' : '1').append("0123456789abcdef".charAt(c & 15));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
