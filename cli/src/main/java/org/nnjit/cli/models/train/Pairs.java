package org.nnjit.cli.models.train;

import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Ways of writing dates and numbers, each with its normal form: {@code march 3rd, 1987} and {@code
 * 1987-03-03}, {@code mcmlxxxvii} and {@code 1987}, {@code forty-two} and {@code 42}.
 *
 * <p>Dates are of the years 1000 to 2199. Those with points have the day first, those with slashes
 * the month. Numbers are 1 to 3999 in Roman numerals and 0 to 9999 in words.
 */
public final class Pairs {
  /**
   * Something written and its normal form.
   *
   * @param written in small letters, at most {@value #LONGEST} characters
   */
  public record Pair(String written, String normal) {}

  /** Characters of the longest writing. */
  public static final int LONGEST = 46;

  private static final List<String> MONTHS =
      List.of(
          "january", "february", "march", "april", "may", "june", "july", "august", "september",
          "october", "november", "december");

  private static final int[] DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  private static final List<String> ONES =
      List.of(
          "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
          "nineteen");

  private static final List<String> TENS =
      List.of("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety");

  private static final List<String> ORDINALS =
      List.of(
          "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
          "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
          "seventeenth", "eighteenth", "nineteenth", "twentieth");

  private Pairs() {}

  /**
   * Any pair. One date or number in ten is held out, however it is written.
   *
   * @param heldOut of those that training never sees, which are dates and numbers from 100 on
   */
  public static Pair any(SplittableRandom random, boolean heldOut) {
    while (true) {
      int kind = random.nextInt(10);
      if (kind < 3) {
        int number = 1 + random.nextInt(3999);
        if (isHeldOut(number) == heldOut && (number >= 100 || !heldOut)) {
          return new Pair(roman(number), Integer.toString(number));
        }
      } else if (kind < 6) {
        // Small numbers as often as large ones.
        int number = random.nextInt(random.nextInt(3) == 0 ? 200 : 10_000);
        if (isHeldOut(number) == heldOut && (number >= 100 || !heldOut)) {
          return new Pair(words(number, random), Integer.toString(number));
        }
      } else {
        int year = random.nextBoolean() ? 1900 + random.nextInt(140) : 1000 + random.nextInt(1200);
        int month = 1 + random.nextInt(12);
        int day = 1 + random.nextInt(days(year, month));
        if (isHeldOut((year * 12 + month) * 31 + day) == heldOut) {
          String normal = String.format(Locale.ROOT, "%04d-%02d-%02d", year, month, day);
          return new Pair(date(year, month, day, random), normal);
        }
      }
    }
  }

  /** A number below 100: they are too few to do without some of them for good. */
  static Pair small(SplittableRandom random) {
    int number = random.nextInt(100);
    boolean numeral = number > 0 && random.nextBoolean();
    String written = numeral ? roman(number) : words(number, random);
    return new Pair(written, Integer.toString(number));
  }

  private static boolean isHeldOut(int value) {
    return new SplittableRandom(value).nextInt(10) == 0;
  }

  private static int days(int year, int month) {
    boolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : DAYS[month - 1];
  }

  /** Roman numerals of 1 to 3999. */
  static String roman(int number) {
    int[] values = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};
    String[] signs = {"m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"};
    StringBuilder text = new StringBuilder();
    int rest = number;
    for (int i = 0; i < values.length; i++) {
      while (rest >= values[i]) {
        text.append(signs[i]);
        rest -= values[i];
      }
    }
    return text.toString();
  }

  /** Words of 0 to 9999, with or without "and" and hyphens. */
  private static String words(int number, SplittableRandom random) {
    boolean and = random.nextBoolean();
    char hyphen = random.nextBoolean() ? '-' : ' ';
    StringBuilder text = new StringBuilder();
    if (number >= 1000) {
      text.append(ONES.get(number / 1000)).append(" thousand");
    }
    if (number / 100 % 10 > 0) {
      text.append(text.isEmpty() ? "" : " ").append(ONES.get(number / 100 % 10)).append(" hundred");
    }
    int rest = number % 100;
    if (rest > 0 || number == 0) {
      text.append(text.isEmpty() ? "" : and ? " and " : " ").append(small(rest, hyphen));
    }
    return text.toString();
  }

  private static String small(int number, char hyphen) {
    if (number < 20) {
      return ONES.get(number);
    }
    String tens = TENS.get(number / 10 - 2);
    return number % 10 == 0 ? tens : tens + hyphen + ONES.get(number % 10);
  }

  private static String date(int year, int month, int day, SplittableRandom random) {
    String name = MONTHS.get(month - 1);
    name = random.nextInt(3) == 0 ? name.substring(0, 3) : name;
    String number = random.nextBoolean() ? Integer.toString(day) : day + suffix(day);
    if (random.nextInt(4) == 0) {
      number = ordinal(day);
    }
    String comma = random.nextBoolean() ? "," : "";
    return switch (random.nextInt(8)) {
      case 0 -> day + "." + month + "." + year;
      case 1 -> month + "/" + day + "/" + year;
      case 2, 3 -> name + " " + number + comma + " " + year;
      case 4 -> name + " the " + number + comma + " " + year;
      case 5 -> number + " of " + name + comma + " " + year;
      case 6 -> "the " + number + " of " + name + " " + year;
      default -> number + " " + name + comma + " " + year;
    };
  }

  private static String suffix(int day) {
    if (day / 10 == 1) {
      return "th";
    }
    return switch (day % 10) {
      case 1 -> "st";
      case 2 -> "nd";
      case 3 -> "rd";
      default -> "th";
    };
  }

  private static String ordinal(int day) {
    if (day <= 20) {
      return ORDINALS.get(day - 1);
    }
    return day == 30 ? "thirtieth" : TENS.get(day / 10 - 2) + "-" + ORDINALS.get(day % 10 - 1);
  }
}
