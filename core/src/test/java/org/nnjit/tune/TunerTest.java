package org.nnjit.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.NoValues;

/** The tuner on devices that are made up. */
class TunerTest {
  /** Milliseconds of a schedule; NaN when its kernel is broken. */
  private interface Device {
    double ms(Schedule schedule);
  }

  /** y = x w. */
  private static Plan plan() {
    Tensor w = Tensor.zeros(DType.F32, Shape.of(256, 96));
    Graph g =
        new Graph(
            "product",
            List.of(new Port("x", DType.F32, List.of(Dim.of(64), Dim.of(256)))),
            List.of(new Port("y", DType.F32, null)),
            List.of(
                new Node("y", "", "MatMul", 17, List.of("x", "w"), List.of("y"), Attributes.NONE)),
            Map.of("w", new Constant.Inline(w)));
    Specialiser.Values none = new NoValues();
    Map<String, TensorType> feeds = Map.of("x", TensorType.of(DType.F32, 64, 256));
    return Compiler.compile(g, feeds, none, PlanContext.plain(Target.common())).plan();
  }

  private static int product(Plan plan) {
    for (int i = 0; i < plan.kernels().size(); i++) {
      if (plan.kernels().get(i).family().equals("contraction")) {
        return i;
      }
    }
    throw new AssertionError("no contraction");
  }

  private static Tuner tuner(Plan plan, int wide) {
    double[] ms = new double[plan.kernels().size()];
    ms[product(plan)] = 1;
    return new Tuner(plan.kernels(), Tuner.spaces(Target.common()), ms, wide, new ScheduleBook());
  }

  /** Tunes to the end; the schedule that is left. */
  private static Schedule tune(Plan plan, Tuner tuner, Device device) {
    Set<Schedule> seen = new HashSet<>();
    for (Tuner.Job job = tuner.next(); job != null; job = tuner.next()) {
      assertTrue(seen.add(job.schedule()), () -> "tried twice: " + seen);
      double rival = job.rival() == null ? 0 : device.ms(job.rival());
      tuner.record(device.ms(job.schedule()), rival, "");
    }
    ScheduleBook book = new ScheduleBook();
    tuner.writeTo(book);
    Schedule found = book.find(plan.kernels().get(product(plan)).workload().key());
    assertNotNull(found);
    return found;
  }

  @Test
  void theBestOfTheLiteSpaceIsFound() {
    Plan plan = plan();
    Schedule own = plan.kernels().get(product(plan)).schedule();
    Device device = s -> s.equals(own) ? 2 : s.get("unroll", 0) == 16 ? 1.5 : 1.9;
    Schedule found = tune(plan, tuner(plan, 0), device);
    assertEquals(16, found.get("unroll", 0));
  }

  @Test
  void noiseChangesNothing() {
    Plan plan = plan();
    Schedule own = plan.kernels().get(product(plan)).schedule();
    assertEquals(own, tune(plan, tuner(plan, 0), s -> s.equals(own) ? 1 : 0.98));
  }

  @Test
  void brokenCandidatesAreNeverKept() {
    Plan plan = plan();
    Schedule own = plan.kernels().get(product(plan)).schedule();
    Tuner tuner = tuner(plan, 0);
    Schedule found = tune(plan, tuner, s -> s.equals(own) ? 1 : Double.NaN);
    assertEquals(own, found);
    assertTrue(tuner.log().contains("not used"));
    assertEquals(1, tuner.speedup());
  }

  @Test
  void aKernelWhosePresentScheduleFailsIsLeftAlone() {
    Plan plan = plan();
    Tuner tuner = tuner(plan, 0);
    tuner.next();
    tuner.record(Double.NaN, 0, "trap");
    assertNull(tuner.next());
    assertFalse(tuner.found().contains("contraction"));
  }

  @Test
  void winnersThatAreGivenUpAreNotKept() {
    Plan plan = plan();
    Schedule own = plan.kernels().get(product(plan)).schedule();
    Tuner tuner = tuner(plan, 0);
    assertNotEquals(own, tune(plan, tuner, s -> s.equals(own) ? 2 : 1));
    ScheduleBook book = new ScheduleBook();
    tuner.giveUp(book, "another workload");
    assertNotEquals(own, book.find(plan.kernels().get(product(plan)).workload().key()));
    tuner.giveUp(book, "");
    assertEquals(own, book.find(plan.kernels().get(product(plan)).workload().key()));
    assertTrue(tuner.found().contains("\t" + own + "\n"), tuner.found());
    assertEquals(1, tuner.speedup());
  }

  @Test
  void whatIsKnownIsNotTriedAgain() {
    Plan plan = plan();
    Tuner tuner = tuner(plan, 0);
    ScheduleBook book = new ScheduleBook();
    book.put(plan.kernels().get(product(plan)).workload().key(), tune(plan, tuner, s -> 1));
    double[] ms = new double[plan.kernels().size()];
    ms[product(plan)] = 1;
    assertNull(
        new Tuner(plan.kernels(), Tuner.spaces(Target.common()), ms, 0, book).next());
  }

  @Test
  void theWideSpaceIsTriedToItsEnd() {
    Plan plan = plan();
    Tuner tuner = tuner(plan, 50);
    tune(plan, tuner, s -> 1);
    assertTrue(tuner.tried() >= 50, "tried " + tuner.tried());
  }
}
