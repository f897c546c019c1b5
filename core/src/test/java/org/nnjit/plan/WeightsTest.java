package org.nnjit.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

class WeightsTest {
  @Test
  void roomsThatNobodyNeedsAreUsedAgain() {
    Weights weights = new Weights(1024);
    int a = weights.place("a", 1000);
    int b = weights.place("b", 2000);
    int c = weights.place("c", 3000);
    long top = weights.top();
    weights.keepOnly(Set.of("c"));
    assertNull(weights.find("a"));
    assertEquals(c, weights.find("c"));
    assertEquals(a, weights.place("d", 2900), "two neighbouring rooms are one");
    assertTrue(weights.place("e", 1000) >= top, "no room is left before the top");
    assertTrue(b > a);
  }

  @Test
  void rollbackForgetsWhatCameAfterTheMark() {
    Weights weights = new Weights(1024);
    int a = weights.place("a", 1000);
    weights.arenaBase(500);
    weights.keepOnly(Set.of());
    Weights.Mark mark = weights.mark();
    long top = weights.top();
    weights.place("b", 800);
    weights.place("c", 9000);
    weights.arenaBase(100_000);
    weights.rollback(mark);
    assertEquals(top, weights.top());
    assertNull(weights.find("b"));
    assertEquals(a, weights.place("d", 1000), "the room of a is still free");
  }

  @Test
  void arenasThatGrowTakeTwiceAllBefore() {
    Weights weights = new Weights(0);
    long all = 0;
    long last = 0;
    for (long bytes = 1 << 16; bytes < 1 << 24; bytes += 1 << 16) {
      long before = weights.top();
      weights.arenaBase(bytes);
      if (weights.top() > before) {
        last = weights.top() - before;
        all += last;
      }
    }
    assertTrue(all <= 2 * last, all + " bytes for a last arena of " + last);
  }
}
