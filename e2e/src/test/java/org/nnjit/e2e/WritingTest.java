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

/** Prompts typed on the demo page are answered by the trained normaliser, letter by letter. */
class WritingTest {
  private static final List<List<String>> ANSWERS =
      List.of(
          List.of("July 20th, 1969", "1969-07-20"),
          List.of("mcmlxxxvii", "1987"),
          List.of("forty-two", "42"),
          List.of("", "42"));

  @TempDir Path work;

  @Test
  void promptsTypedInChromium() throws Exception {
    try (DemoPage demo = DemoPage.open("normaliser", work)) {
      JsonObject report = demo.report();
      DevTools page = demo.page();
      assertTrue(report.has("wrote"), report.toString());
      JsonArray wrote = report.getAsJsonArray("wrote");
      assertEquals("1987-03-03", wrote.get(1).getAsString());
      page.evaluate(
          "seen = []; setInterval(() => { const { answer } = document.querySelector('#writer')"
              + ".elements; if (answer.value !== seen.at(-1)) seen.push(answer.value); }, 0)");
      List<String> read = new ArrayList<>();
      List<String> wanted = new ArrayList<>();
      for (List<String> pair : ANSWERS) {
        // An empty field sends nothing: the last answer stays.
        page.evaluate(
            "document.querySelector('#writer').elements.prompt.value = '" + pair.get(0)
                + "'; document.querySelector('#writer .primary').click()");
        wanted.add(pair.get(1));
        read.add(settled(page));
      }
      assertEquals(wanted, read);
      int states = page.evaluate("seen.length").getAsInt();
      assertTrue(states > 2 * ANSWERS.size(), "the answers came in " + states + " steps");
    }
  }

  /** What the page shows once the button may be pressed again. */
  private static String settled(DevTools page) throws Exception {
    while (page.evaluate("document.querySelector('#writer .primary').disabled").getAsBoolean()) {
      Thread.sleep(20);
    }
    return page.evaluate("document.querySelector('#writer').elements.answer.value").getAsString();
  }
}
