package org.nnjit.tensor;

/**
 * Numbers as text and back. The class library's own way brings tables of 18 KB into the page that
 * do not compress.
 */
public final class Numbers {
  /** Most digits that a text needs to be read back as the same number. */
  private static final int FLOAT_DIGITS = 9;

  private static final int DOUBLE_DIGITS = 17;

  /** Digits of a text for people. */
  private static final int BRIEF_DIGITS = 6;

  /** The largest power of ten that a double holds exactly. */
  private static final int EXACT = 22;

  private static final double[] POWERS = new double[EXACT + 1];

  static {
    POWERS[0] = 1;
    for (int i = 1; i <= EXACT; i++) {
      POWERS[i] = POWERS[i - 1] * 10;
    }
  }

  private Numbers() {}

  /** The shortest decimal text that reads back as the number, as Java writes it. */
  public static String text(float value) {
    return text(value, FLOAT_DIGITS, true);
  }

  /**
   * The shortest decimal text that reads back as the number, as Java writes it; hexadecimal for
   * numbers of 17 digits, and far from 1.
   */
  public static String text(double value) {
    return text(value, DOUBLE_DIGITS, false);
  }

  private static String text(double value, int digits, boolean single) {
    String special = special(value);
    if (special != null) {
      return special;
    }
    double size = Math.abs(value);
    int exponent = exponent(size);
    for (int n = 1; n <= digits; n++) {
      long mantissa = mantissa(size, n, exponent);
      int power = exponent - n + 1;
      double back = scale(mantissa, power);
      boolean exact = mantissa < 1L << 53 && Math.abs(power) <= EXACT;
      if (single ? (float) back == (float) size : exact && back == size) {
        return decimal(value < 0, mantissa, power);
      }
    }
    return hexadecimal(value);
  }

  /** About six digits. */
  public static String brief(double value) {
    String special = special(value);
    if (special != null) {
      return special;
    }
    double size = Math.abs(value);
    int exponent = exponent(size);
    long mantissa = mantissa(size, BRIEF_DIGITS, exponent);
    int power = exponent - BRIEF_DIGITS + 1;
    while (mantissa % 10 == 0) {
      mantissa /= 10;
      power++;
    }
    return decimal(value < 0, mantissa, power);
  }

  private static String special(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value < 0 ? "-Infinity" : "Infinity";
    }
    return value != 0 ? null : 1 / value < 0 ? "-0.0" : "0.0";
  }

  /** The power of ten of the first digit. */
  private static int exponent(double size) {
    int exponent = 0;
    for (double rest = size; rest >= 10; rest /= 10) {
      exponent++;
    }
    for (double rest = size; rest < 1; rest *= 10) {
      exponent--;
    }
    return exponent;
  }

  /** The first n digits, rounded. */
  private static long mantissa(double size, int n, int exponent) {
    return (long) (scale(size, n - 1 - exponent) + 0.5);
  }

  /** A number times a power of ten. */
  private static double scale(double value, int power) {
    double scaled = value;
    int left = power;
    for (; left > EXACT; left -= EXACT) {
      scaled *= POWERS[EXACT];
    }
    for (; left < -EXACT; left += EXACT) {
      scaled /= POWERS[EXACT];
    }
    return left < 0 ? scaled / POWERS[-left] : scaled * POWERS[left];
  }

  private static String decimal(boolean negative, long mantissa, int power) {
    StringBuilder text = new StringBuilder(negative ? "-" : "");
    String digits = Long.toString(mantissa);
    int exponent = power + digits.length() - 1;
    if (exponent < -3 || exponent >= 7) {
      text.append(digits.charAt(0)).append('.');
      text.append(digits.length() == 1 ? "0" : digits.substring(1));
      return text.append('E').append(exponent).toString();
    }
    if (exponent < 0) {
      text.append("0.");
      for (int i = exponent; i < -1; i++) {
        text.append('0');
      }
      return text.append(digits).toString();
    }
    for (int i = 0; i < digits.length() || i <= exponent + 1; i++) {
      text.append(i == exponent + 1 ? "." : "").append(i < digits.length() ? digits.charAt(i) : '0');
    }
    return text.toString();
  }

  /** As WebAssembly's text has it: {@code 0x1.8p-3}. */
  private static String hexadecimal(double value) {
    long bits = Double.doubleToLongBits(value);
    int exponent = (int) (bits >> 52) & 0x7ff;
    String fraction = Long.toHexString(bits & 0xfffffffffffffL);
    StringBuilder text = new StringBuilder(value < 0 ? "-0x" : "0x");
    text.append(exponent == 0 ? '0' : '1').append('.');
    for (int i = fraction.length(); i < 13; i++) {
      text.append('0');
    }
    return text.append(fraction).append('p').append(Math.max(1, exponent) - 1023).toString();
  }

  /**
   * The number that a decimal text means, to about 15 digits.
   *
   * @throws NumberFormatException when it is none
   */
  public static double parse(String text) {
    int at = text.startsWith("-") ? 1 : 0;
    long mantissa = 0;
    int power = 0;
    int digits = 0;
    boolean fraction = false;
    for (; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '.' && !fraction) {
        fraction = true;
      } else if (c >= '0' && c <= '9') {
        digits++;
        boolean full = mantissa > Long.MAX_VALUE / 100;
        mantissa = full ? mantissa : mantissa * 10 + (c - '0');
        power += (full ? 1 : 0) - (fraction ? 1 : 0);
      } else {
        break;
      }
    }
    if (digits == 0 || at < text.length() && text.charAt(at) != 'e' && text.charAt(at) != 'E') {
      throw new NumberFormatException("'" + text + "' is no number");
    }
    if (at < text.length()) {
      String rest = text.substring(at + 1);
      power += Integer.parseInt(rest.startsWith("+") ? rest.substring(1) : rest);
    }
    double value = scale(mantissa, power);
    return text.startsWith("-") ? -value : value;
  }
}
