package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Digits drawn with the mouse on the demo page are read as what they are. */
class DrawingTest {
  /**
   * Strokes of the digits 0 to 9 as x y pairs on a field of 100 x 100, strokes apart by a bar.
   * Lines go straight from point to point.
   */
  private static final List<String> DIGITS =
      List.of(
          "50 10 32 18 24 35 22 55 28 75 42 88 58 88 72 75 78 55 76 35 68 18 50 10",
          "36 28 54 10 54 90",
          "24 30 30 16 45 10 62 12 72 24 70 38 58 54 40 70 24 88 78 88",
          "26 18 45 10 64 14 70 28 62 42 46 47 64 52 74 68 66 84 46 90 26 82",
          "60 10 22 62 80 62 | 60 10 60 92",
          "72 12 34 12 30 46 50 40 68 48 74 66 66 84 46 90 26 82",
          "62 10 44 24 30 46 26 68 34 84 50 90 66 84 72 68 64 54 48 50 34 56 28 66",
          "22 14 78 14 44 90",
          "50 48 32 38 30 22 42 10 60 10 70 22 66 38 50 48 32 60 26 76 38 90 62 90 74 76 68 60 "
              + "50 48",
          "70 34 60 48 42 48 30 36 32 18 48 10 64 14 70 34 68 60 58 90");

  @TempDir Path work;

  @Test
  void digitsDrawnWithTheMouseInChromium() throws Exception {
    try (DemoPage demo = DemoPage.open("digits", work)) {
      JsonObject report = demo.report();
      DevTools page = demo.page();
      assertTrue(report.has("drawnSevenRecognisedAs"), report.toString());
      assertEquals("7", report.get("drawnSevenRecognisedAs").getAsString());
      List<String> read = new ArrayList<>();
      List<String> wanted = new ArrayList<>();
      for (int digit = 0; digit < DIGITS.size(); digit++) {
        page.evaluate("document.querySelector('#clear').click()");
        assertEquals("–", shown(page));
        draw(page, DIGITS.get(digit));
        wanted.add(Integer.toString(digit));
        read.add(settled(page));
      }
      assertEquals(wanted, read);
    }
  }

  /** Draws strokes in the middle of the canvas, smaller than it, with the mouse. */
  private static void draw(DevTools page, String strokes) throws Exception {
    JsonArray box =
        page.evaluate(
                "(() => { const c = document.querySelector('#canvas'); c.scrollIntoView();"
                    + " const r = c.getBoundingClientRect();"
                    + " return [r.left, r.top, r.width, r.height]; })()")
            .getAsJsonArray();
    double left = box.get(0).getAsDouble() + 0.15 * box.get(2).getAsDouble();
    double top = box.get(1).getAsDouble() + 0.15 * box.get(3).getAsDouble();
    double scale = 0.007 * box.get(2).getAsDouble();
    for (String stroke : strokes.split("\\|")) {
      String[] numbers = stroke.strip().split(" ");
      double x = 0;
      double y = 0;
      for (int i = 0; i < numbers.length; i += 2) {
        x = left + scale * Double.parseDouble(numbers[i]);
        y = top + scale * Double.parseDouble(numbers[i + 1]);
        page.mouse(i == 0 ? "mousePressed" : "mouseMoved", x, y);
      }
      page.mouse("mouseReleased", x, y);
    }
  }

  private static String shown(DevTools page) throws Exception {
    return page.evaluate("document.querySelector('#digit').textContent").getAsString();
  }

  /** The digit that the page shows once it has not changed for a while. */
  private static String settled(DevTools page) throws Exception {
    String last = shown(page);
    for (int same = 0; same < 4; ) {
      Thread.sleep(50);
      String now = shown(page);
      same = now.equals(last) ? same + 1 : 0;
      last = now;
    }
    return last;
  }
}
