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

  /**
   * The text of bytes in UTF-8; what is no UTF-8 becomes U+FFFD. The library's decoder is 2 KB of
   * the page.
   */
  public static String utf8(byte[] bytes) {
    char[] text = new char[bytes.length];
    int length = 0;
    for (int i = 0; i < bytes.length; ) {
      int code = bytes[i++];
      if (code < 0) {
        int more = code < -64 || code >= -8 ? 0 : code < -32 ? 1 : code < -16 ? 2 : 3;
        int least = more == 1 ? 0x80 : 1 << 5 * more + 1;
        code &= 0x3f >> more;
        boolean whole = more > 0;
        for (; more > 0 && whole; more--) {
          whole = i < bytes.length && bytes[i] < -64;
          code = whole ? code << 6 | bytes[i++] & 0x3f : code;
        }
        boolean surrogate = code >> 11 == 0x1b;
        code = whole && code >= least && code <= 0x10ffff && !surrogate ? code : 0xfffd;
      }
      if (code > 0xffff) {
        text[length++] = (char) (0xd7c0 + (code >> 10));
        code = 0xdc00 | code & 0x3ff;
      }
      text[length++] = (char) code;
    }
    return new String(text, 0, length);
  }
}
